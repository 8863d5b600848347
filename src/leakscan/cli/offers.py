"""What shells offer for the values of options and arguments, where click cannot know."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from leakscan.errors import LeakscanError
from leakscan.report import FORMATS

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem


def offer_rules(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Offer the ids of rules, and ``all``; behind a comma, those that are not named yet."""
    from click.shell_completion import CompletionItem

    before, comma, typed = incomplete.rpartition(",")
    named = before.split(",")
    ids = (*_rule_ids(context.params.get("config_path")), "all")
    fitting = [each for each in ids if each.startswith(typed) and each not in named]
    return [CompletionItem(before + comma + each) for each in fitting]


def _rule_ids(config_path: Path | None) -> list[str]:
    from leakscan.config import load_config
    from leakscan.rules import load_rules

    try:
        config = load_config(config_path, Path.cwd())
        rules = load_rules(config.rule_paths, config.overrides)
    except LeakscanError:  # which the command itself will tell
        rules = load_rules()
    return [rule.id for rule in rules]


def offer_format_and_file(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Offer formats with the equals sign that a file follows, and then files."""
    from click.shell_completion import CompletionItem

    typed, sign, file = incomplete.partition("=")
    if sign:
        return [CompletionItem(file, type="file")]
    fitting = [format for format in FORMATS if format.startswith(typed)]
    return [CompletionItem(f"{format}=", type="open") for format in fitting]

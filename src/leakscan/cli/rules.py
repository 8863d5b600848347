"""``leakscan rules``: see which rules there are, check rule files, try them on a text."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leakscan.cli.offers import offer_rules
from leakscan.cli.options import config_option
from leakscan.config import Config, load_config
from leakscan.errors import RuleError

if TYPE_CHECKING:
    from leakscan.model import Match, Rule

FORMAT = click.option(
    "--format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print.",
)
SCHEMA = "leakscan-rules/v1"
"""Name of the JSON that ``list`` and ``show`` print; fields may be added to a version."""


@click.group()
def rules() -> None:
    """See, check and try the rules that say what a token looks like."""


@rules.command("list")
@config_option
@FORMAT
def list_(config_path: Path | None, format: str) -> None:
    """List every rule, and whether a scan uses it."""
    config, known = _load(config_path)
    active = _active(config, known)
    if format == "json":
        _print_json(known, active)
        return
    width = max(len(rule.id) for rule in known)
    for rule in known:
        state = "on " if rule.id in active else "off"
        click.echo(f"{state}  {rule.id:<{width}}  {rule.severity:<8}  {rule.name}")


@rules.command()
@click.argument("rule_id", metavar="ID", shell_complete=offer_rules)
@config_option
@FORMAT
def show(rule_id: str, config_path: Path | None, format: str) -> None:
    """Show all that one rule says; ID may be `all`."""
    from leakscan.rules import select_rules

    config, known = _load(config_path)
    active = _active(config, known)
    chosen = select_rules(known, [rule_id])
    if format == "json":
        _print_json(chosen, active)
        return
    for rule in chosen:
        _print_rule(rule, active)


@rules.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@config_option
@click.pass_context
def check(context: click.Context, paths: tuple[Path, ...], config_path: Path | None) -> None:
    """Check rules: their patterns, their numbers, and every example.

    Each PATH is a rule file or a folder of them.  Without one, every rule that the
    configuration gives is checked.  The exit status is 1 if anything is wrong.
    """
    from leakscan.detect.rulecheck import check_rule
    from leakscan.rules import read_rule, rule_files, shipped_files

    owners = shipped_files()
    problems: list[str] = []
    checked: dict[str, Rule] = {}
    for file in (file for path in paths for file in rule_files(path)):
        try:
            rule = read_rule(file)
        except RuleError as error:
            problems.append(str(error))
            continue
        owner = owners.setdefault(rule.id, file)
        if owner.resolve() != file.resolve():  # a scan would refuse it
            problems.append(f"{file}: id: {rule.id} is already the rule of {owner}")
        checked[str(file)] = rule
    if not paths:
        checked = {rule.id: rule for rule in _load(config_path)[1]}
    for name, rule in checked.items():
        problems += [f"{name}: {problem}" for problem in check_rule(rule)]
    for problem in problems:
        click.echo(problem)
    if problems:
        context.exit(1)
    click.echo(f"Rules checked: {len(checked)}.  Nothing is wrong.")


@rules.command()
@click.argument("text")
@click.option(
    "--rule",
    "names",
    multiple=True,
    metavar="ID",
    shell_complete=offer_rules,
    help="Try this rule, or `all`.",
)
@config_option
@click.pass_context
def test(
    context: click.Context, text: str, names: tuple[str, ...], config_path: Path | None
) -> None:
    """Try the rules on TEXT, or on standard input if TEXT is a dash.

    Give a real token on standard input: shells remember what is on the command line.
    The exit status is 1 if any candidate is found, of whatever confidence, and
    3 if part of the text could not be read.
    """
    from leakscan.cli.detection import open_detector
    from leakscan.model import Unread

    data = sys.stdin.buffer.read() if text == "-" else os.fsencode(text)
    with open_detector(load_config(config_path, Path.cwd()), names) as detector:
        found = detector.search_text(data)
    for one in found:
        if isinstance(one, Unread):
            click.echo(f"not read: {one.why}")
        else:
            _print_match(one)
    if found:
        is_whole = not any(isinstance(one, Unread) for one in found)
        context.exit(1 if is_whole else 3)
    click.echo("No candidate.")
    with contextlib.suppress(OSError):  # no file has so long a name
        if text != "-" and Path(text).is_file():
            click.echo("That names a file: `leakscan rules test - < FILE` tries what is in it.")


def _load(config_path: Path | None) -> tuple[Config, tuple[Rule, ...]]:
    from leakscan.rules import load_rules

    config = load_config(config_path, Path.cwd())
    return config, load_rules(config.rule_paths, config.overrides)


def _active(config: Config, known: tuple[Rule, ...]) -> set[str]:
    from leakscan.cli.detection import active_rules

    return {rule.id for rule in active_rules(config, known)}


def _facts(rule: Rule, active: set[str]) -> list[tuple[str, str]]:
    """Pair the short facts of a rule with their labels."""
    checksum = "none is known"
    if (stated := rule.checksum) is not None:
        checksum = f"{stated.algorithm} of {stated.over}, {stated.width} of {stated.encoding}"
    examples = rule.examples
    return [
        ("Issuer", rule.issuer),
        ("Severity", rule.severity.value),
        ("Active", "yes" if rule.id in active else "no"),
        ("Pattern", rule.pattern),
        ("Alphabet", rule.alphabet),
        ("Checksum", checksum),
        ("Context", ", ".join(rule.context)),
        ("Examples", f"{len(examples.positive)} positive, {len(examples.negative)} negative"),
    ]


def _print_rule(rule: Rule, active: set[str]) -> None:
    click.echo(f"{rule.id}: {rule.name}")
    click.echo(f"{rule.description}\n")
    for label, value in _facts(rule, active):
        click.echo(f"{label + ':':<10} {value}")
    for title, lines in (("What to do", rule.remediation), ("References", rule.references)):
        if lines:
            click.echo(f"\n{title}:")
        for line in lines:
            click.echo(f"  - {line}")


def _print_json(chosen: tuple[Rule, ...], active: set[str]) -> None:
    listed = [{**dataclasses.asdict(rule), "active": rule.id in active} for rule in chosen]
    click.echo(json.dumps({"schema": SCHEMA, "rules": listed}, indent=2))


def _print_match(match: Match) -> None:
    place = f"line {match.line}, column {match.column}"
    click.echo(f"{match.rule}  {match.secret.redacted()}  {place}")
    click.echo(f"  confidence: {match.confidence}")
    click.echo(f"  checksum:   {match.checksum}")
    if match.issued is not None:
        click.echo(f"  issued:     {'yes' if match.issued else 'no'}")
    for reason in match.reasons:
        click.echo(f"  because:    {reason}")

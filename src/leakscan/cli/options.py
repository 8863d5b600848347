"""Options that more than one command takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from leakscan.cli.offers import offer_format_and_file, offer_rules
from leakscan.errors import UsageError
from leakscan.model import Confidence
from leakscan.quantities import span_of
from leakscan.report import FORMATS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed import DataclassInstance
    from click.shell_completion import CompletionItem

Function = TypeVar("Function", bound=Callable[..., Any])
Decorator = Callable[[Callable[..., None]], Callable[..., None]]

_COLORS = {"auto": None, "always": True, "never": False}


def collected(
    into: type[DataclassInstance], *options: Decorator
) -> Callable[[Callable[..., int]], Callable[..., None]]:
    """Give a command its options as one argument ``options``, and exit as it says.

    Args:
        into: a dataclass with a field for each option.
        options: what declares them, in the order of the help.
    """

    def decorate(function: Callable[..., int]) -> Callable[..., None]:
        names = [field.name for field in fields(into)]

        @wraps(function)
        def run(**given: Any) -> None:  # noqa: ANN401 - as click has it
            values = {name: given.pop(name) for name in names}
            status = function(options=into(**values), **given)
            click.get_current_context().exit(status)

        command: Callable[..., None] = run
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def config_option(function: Function) -> Function:
    """Add ``--config FILE``."""
    return click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Configuration to use instead of the one found.",
    )(function)


def format_option(function: Function) -> Function:
    """Add ``--format text|json``."""
    return click.option(
        "--format",
        "-f",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="How to write it: for people, or for programs.",
    )(function)


def report_format_option(function: Function) -> Function:
    """Add ``--format``, one of `leakscan.report.FORMATS`."""
    return click.option(
        "--format",
        "-f",
        type=click.Choice(FORMATS),
        default="text",
        show_default=True,
        help="How to write the result.",
    )(function)


def output_option(function: Function) -> Function:
    """Add ``--output FILE``."""
    return click.option(
        "--output",
        "-o",
        type=click.Path(dir_okay=False, allow_dash=True),
        default="-",
        metavar="FILE",
        help="Where to write it; - is standard output.",
    )(function)


def color_option(function: Function) -> Function:
    """Add ``--color``: whether there are colours; ``None`` asks the environment and the stream."""
    return click.option(
        "--color",
        type=click.Choice(list(_COLORS)),
        default="auto",
        show_default=True,
        callback=lambda _context, _option, value: _COLORS[value],
        help="Colour the text.",
    )(function)


def rules_option(function: Function) -> Function:
    """Add ``--rules``, which may be given many times, as a list of ids."""
    return click.option(
        "--rules",
        multiple=True,
        metavar="ID|all",
        callback=lambda _context, _option, values: _rule_ids(values),
        shell_complete=offer_rules,
        help="Use these rules, separated by commas or given one by one.",
    )(function)


def confidence_option(help: str) -> Callable[[Function], Function]:
    """Add ``--min-confidence`` as ``least``; the help says what becomes of the rest."""
    return click.option(
        "--min-confidence",
        "least",
        type=click.Choice([level.value for level in Confidence]),
        default=Confidence.MEDIUM.value,
        show_default=True,
        callback=lambda _context, _option, value: Confidence(value),
        help=help,
    )


def also_option(function: Function) -> Function:
    """Add ``--also FORMAT=FILE``, which may be given many times, as pairs of format and file."""
    return click.option(
        "--also",
        multiple=True,
        metavar="FORMAT=FILE",
        callback=lambda _context, _option, values: [_format_and_file(value) for value in values],
        shell_complete=offer_format_and_file,
        help="Write the result to FILE in another format, too.",
    )(function)


def complete_path(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Have the shell complete a path, where something else may stand, too."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def _format_and_file(text: str) -> tuple[str, str]:
    format, _, file = text.partition("=")
    if format not in FORMATS or not file:
        raise click.BadParameter(f"{text!r} is not FORMAT=FILE; formats: {', '.join(FORMATS)}")
    return format, file


def _rule_ids(given: Sequence[str]) -> list[str]:
    """Return ids that were given one by one, or separated by commas.

    Raises:
        UsageError: one is empty.
    """
    ids = [name for text in given for name in text.split(",")]
    if "" in ids:
        raise UsageError("--rules names nothing", "see `leakscan rules list`")
    return ids


def refuse_empty(values: Mapping[str, str | None]) -> None:
    """Refuse what is most often a variable that is not set, rather than do something else.

    Args:
        values: what was given, by the names of the options.

    Raises:
        UsageError: one is empty.
    """
    for name, value in values.items():
        if value == "":
            raise UsageError(f"{name} is empty", "perhaps a variable is not set")


def past_moment(text: str) -> datetime:
    """Read a time: ``2026-11-25``, ``2026-11-25T09:00``, or a span ago: ``2.weeks`` or ``36h``.

    What names no zone is UTC.

    Raises:
        click.BadParameter: it is something else, or lies in the future.
    """
    try:
        moment = _moment(text)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{text!r} is no time: use 2026-11-25, 2026-11-25T09:00 or 2.weeks"
        ) from None
    if moment > datetime.now(UTC):
        raise click.BadParameter(f"{text} lies in the future")
    return moment


def span(text: str) -> float:
    """Read a span of time, such as ``90s``, ``10m`` or ``2.hours``; return its seconds.

    Raises:
        click.BadParameter: it is something else, or nothing.
    """
    try:
        seconds = span_of(text).total_seconds()
    except ValueError:
        seconds = 0.0
    if not seconds:
        raise click.BadParameter(f"{text!r} is no span of time: use 90s, 10m, 2h or 1d")
    return seconds


def _moment(text: str) -> datetime:
    try:
        return datetime.now(UTC) - span_of(text.removesuffix(".ago"))
    except ValueError:
        moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)

"""Options that more than one command takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from leakscan.errors import UsageError
from leakscan.quantities import span_of

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Function = TypeVar("Function", bound=Callable[..., Any])


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
        "style",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="How to write it: for people, or for programs.",
    )(function)


def also_option(function: Function) -> Function:
    """Add ``--also FORMAT=FILE``, which may be given many times, as pairs of format and file."""
    return click.option(
        "--also",
        multiple=True,
        metavar="FORMAT=FILE",
        callback=lambda _context, _option, values: [_format_and_file(value) for value in values],
        help="Write the result to FILE in another format, too.",
    )(function)


def complete_path(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Have the shell complete a path, where something else may stand, too."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def _format_and_file(text: str) -> tuple[str, str]:
    from leakscan.report import FORMATS

    style, _, file = text.partition("=")
    if style not in FORMATS or not file:
        raise click.BadParameter(f"{text!r} is not FORMAT=FILE; formats: {', '.join(FORMATS)}")
    return style, file


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

"""Options that more than one command takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from leakscan.errors import UsageError

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
    """Read a time: ``2026-11-25``, ``2026-11-25T09:00``, or as git has it, ``2.weeks`` ago.

    What names no zone is UTC.

    Raises:
        click.BadParameter: it is something else, or lies in the future.
    """
    try:
        if ago := re.fullmatch(r"([0-9]{1,6})\.?(minute|hour|day|week)s?(\.ago)?", text):
            return datetime.now(UTC) - timedelta(**{f"{ago[2]}s": int(ago[1])})
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{text!r} is no time: use 2026-11-25, 2026-11-25T09:00 or 2.weeks"
        ) from None
    if moment > datetime.now(UTC):
        raise click.BadParameter(f"{text} lies in the future")
    return moment

"""Options that more than one command takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

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

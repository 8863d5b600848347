"""Lines of text that fit where they are shown."""

from __future__ import annotations

import os
import textwrap
from typing import TextIO

WIDTH = 100
"""Columns at most, where it can be."""


def width_of(out: TextIO) -> int:
    """Return how many columns to use: no more than a terminal has, if it is one."""
    try:
        columns = os.get_terminal_size(out.fileno()).columns if out.isatty() else 0
    except (OSError, ValueError):
        columns = 0
    return min(columns, WIDTH) if columns >= 40 else WIDTH


def fitted(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """Return a text in lines, of which nothing is cut.

    Args:
        text: what stands behind the first two spaces in it is to be typed, and stays on one line.
        width: columns at most; words, and what is to be typed, may take more.
        first: what stands before the first line.
        rest: what stands before the others.
    """
    if len(first + text) <= width:
        return [first + text]
    prose, separator, typed = text.partition("  ")
    lines = textwrap.wrap(
        prose,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [*lines, f"{rest}  {typed}"] if separator else lines

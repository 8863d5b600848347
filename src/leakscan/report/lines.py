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


def fitted(text: str, width: int, first: str = "", rest: str = "", typed: str = "") -> list[str]:
    """Return a text in lines, of which nothing is cut.

    Args:
        text: what is said.
        width: columns at most; words, and what is to be typed, may take more.
        first: what stands before the first line.
        rest: what stands before the others.
        typed: what is to be typed, behind it or on a line of its own.
    """
    whole = f"{first}{text}  {typed}" if typed else f"{first}{text}"
    if len(whole) <= width:
        return [whole]
    lines = textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [*lines, f"{rest}  {typed}"] if typed else lines

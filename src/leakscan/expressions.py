"""Compiling regular expressions that anybody may have written, in moderate time and memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex

LONGEST = 2000
"""Characters of an expression."""

MOST_REPEATED = 10_000
"""Characters of an expression whose counted repetitions are written out, about."""

_COUNTED = re.compile(r"(.?)\{(\d*)(?:,(\d*))?\}", re.DOTALL)
_SIMPLE = re.compile(r"[0-9A-Za-z_.\]]")
_VERBOSE = re.compile(r"\(\?[0-9A-Za-z-]*x")  # spaces and comments could part a count


def compiled(expression: str) -> regex.Pattern[str]:
    """Compile an expression of the `regex` library.

    Raises:
        ValueError: it is none, or would need much to be compiled.
    """
    import regex

    if len(expression) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST:,} characters")
    if _written_out(expression) > MOST_REPEATED:
        raise ValueError(f"its repetitions stand for more than {MOST_REPEATED:,} characters")
    if _VERBOSE.search(expression):
        raise ValueError("it has (?x), which is not read here")
    try:
        return regex.compile(expression)
    except RecursionError:
        raise ValueError("it has too many groups within groups") from None
    except Exception as error:  # noqa: BLE001 - an odd expression leads `regex` to odd ones
        raise ValueError(str(error) or "it cannot be compiled") from None


def _written_out(expression: str) -> int:
    """Return about how long an expression is without counts, at least.

    What follows no simple character may repeat a group, and what is repeated in it.  It is not
    asked which group: what looks like one to us may look like a class to `regex`.
    """
    length, times = len(expression), 1
    for before, least, most in _COUNTED.findall(expression):
        count = int((most or least or "0").lstrip("0")[:9] or "0")
        if _SIMPLE.fullmatch(before):
            length += count
        else:
            times *= max(1, count)
    return length * times

"""Spellings: escapes, colours and invisible characters in and around a token, and others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ZERO_WIDTH = {
    "zero-width space": "\u200b",
    "zero-width non-joiner": "\u200c",
    "zero-width joiner": "\u200d",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad",
}


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to spell a token.

    Attributes:
        name: the row of the page.
        spell: returns the line that holds it; also given a position within the token.
        by_position: whether the position matters.
    """

    name: str
    spell: Callable[[str, int], str]
    by_position: bool = False


def _around(name: str, before: str, after: str) -> Spelling:
    return Spelling(name, lambda token, _at: before + token + after)


def _inside(name: str, between: str, before: str = 'key: "', after: str = '"') -> Spelling:
    return Spelling(
        name,
        lambda token, at: before + token[:at] + between + token[at:] + after,
        by_position=True,
    )


SPELLINGS = (
    _around("plain", "REPLICATE_API_TOKEN=", ""),
    _around("`\\n` on either side", '"log": "key:\\n', '\\nlast"'),
    _around("`\\t` on either side", '"log": "key\\t', '\\tlast"'),
    _around("`\\u0022` on either side", "key: \\u0022", "\\u0022"),
    _around("`\\x22` on either side", "key: \\x22", "\\x22"),
    _around("`%22` on either side", "https://x.example/?q=%22", "%22&more=1"),
    _around("`%3D` before, `%26` behind", "https://x.example/?q=key%3D", "%26more"),
    _around("`=3D` before, `=20` behind", "KEY=3D", "=20"),
    _around("`&quot;` on either side", "<input value=&quot;", "&quot;>"),
    _around("`&#61;` before", "<p>KEY&#61;", "</p>"),
    _around("ANSI colours around it", "key: \x1b[32m", "\x1b[0m"),
    _around("ANSI colours around it, `\\u001b[32m`", '"log": "\\u001b[32m', '\\u001b[0m"'),
    _around("ANSI colours around it, `\\x1b[1;32m`", 'print("\\x1b[1;32m', '\\x1b[0m")'),
    _around("ANSI colours around it, `\\e[1m`", 'echo -e "\\e[1m', '\\e[0m"'),
    _around("ANSI colours around it, `\\033[0m`", 'printf "\\033[1m', '\\033[0m"'),
    _inside("ANSI colours in it", "\x1b[1;31m", "key: ", "\x1b[0m"),
    _inside("ANSI colours in it, as grep writes them", "\x1b[m\x1b[K", "\x1b[01;31m\x1b[K", ""),
    Spelling("Markdown, `r8\\_`", lambda token, _at: "- " + token.replace("_", "\\_") + " (old)"),
    *(_inside(f"{name} in it", mark) for name, mark in ZERO_WIDTH.items()),
    *(_around(f"{name} on either side", f"key: {m}", f"{m} old") for name, m in ZERO_WIDTH.items()),
    Spelling("reversed", lambda token, _at: f'key = "{token[::-1]}"[::-1]'),
    _around("glued to an identifier before it, `my_r8_…`", "my_", ""),
    _around("glued to an identifier behind it, `r8_…_old`", "key: ", "_old"),
    _around("glued to a letter before it, `xr8_…`", "key: x", ""),
)
"""All of them, in the order of the page."""

BEFORE, AFTER = "# settings\nDEBUG=false\n", "\nlast line\n"
SPELLING_LINE = 3


def spelled(spelling: Spelling, token: str, at: int) -> bytes:
    """Return a file with a token on its third line."""
    return (BEFORE + spelling.spell(token, at) + AFTER).encode()

"""Text that is written piece by piece, and which part of it came from where."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_PIECES = 10_000
"""Pieces of text that are held before they are joined; each takes 50 bytes more than its own."""

_LIGATURES = {
    "\ufb00": "ff",
    "\ufb01": "fi",
    "\ufb02": "fl",
    "\ufb03": "ffi",
    "\ufb04": "ffl",
    "\ufb05": "st",
    "\ufb06": "st",
}
"""Letters that some fonts draw as one; a reader sees the letters."""

_MAX_COMPARED = 1 << 20
"""Characters of a text whose words are compared with others."""


class Lines:
    """A text that grows.

    Args:
        cuts: places in what it is made from, in order, before each of which its length is noted.

    Attributes:
        pieces: the last of it, to append to.
        cut: the next of the places.
        marks: how long it was at those before.
    """

    __slots__ = ("_cuts", "_joined", "_size", "cut", "marks", "pieces")

    def __init__(self, cuts: Iterable[int]) -> None:
        self._cuts = iter(cuts)
        self.cut = next(self._cuts, sys.maxsize)
        self.pieces: list[str] = []
        self.marks: list[int] = []
        self._joined: list[str] = []
        self._size = 0

    def mark(self, end: int) -> None:
        """Note how long the text is, for the cuts before a place."""
        self.join()
        while self.cut < end:
            self.marks.append(self._size)
            self.cut = next(self._cuts, sys.maxsize)

    def text(self) -> str:
        """Return all that was written."""
        self.join()
        return "".join(self._joined)

    def join(self) -> None:
        """Join the pieces, before they are too many."""
        text = "".join(self.pieces)
        self.pieces.clear()
        if not text.isascii():
            for ligature, letters in _LIGATURES.items():
                text = text.replace(ligature, letters)
        self._size += len(text)
        self._joined.append(text)


class Told:
    """What was told of each stream, so that one that many pages share is told once."""

    def __init__(self) -> None:
        self._told: set[tuple[int, int]] = set()

    def rest(self, text: str, sources: Sequence[int], marks: Sequence[int]) -> str:
        """Return a text without the lines that were told before of the same source.

        Args:
            text: the text.
            sources: what its parts are from.
            marks: where each part but the first begins; fewer if the rest was left out.
        """
        kept: list[str] = []
        start = 0
        for source, stop in zip(sources, (*marks, len(text)), strict=False):
            first, last = _whole_lines(text, start, stop)
            said = source, hash(text[first:last].strip("\n"))
            if said in self._told:
                kept += text[start:first], "\n", text[last:stop]
            else:
                kept.append(text[start:stop])
                self._told.add(said)
            start = stop
        return "".join(kept)


def _whole_lines(text: str, start: int, stop: int) -> tuple[int, int]:
    """Return where the lines begin and end that lie wholly in a part of a text."""
    first = start if _is_between(text, start) else text.find("\n", start, stop)
    last = stop if _is_between(text, stop) else text.rfind("\n", start, stop)
    return (first, last) if 0 <= first < last else (start, start)


def _is_between(text: str, at: int) -> bool:
    """Whether a place is between lines, before or after the line break."""
    return at in (0, len(text)) or "\n" in text[at - 1 : at + 1]


def unlike(lines: str, text: str) -> str:
    """Return those lines that have a word which a text has not."""
    if not lines or len(text) > _MAX_COMPARED:
        return lines
    known = set(text.split())
    return "\n".join([line for line in lines.split("\n") if not known.issuperset(line.split())])

"""Where text of a PDF stands, as far as it matters to what is written beside what.

How wide glyphs are is worked out where it matters, which is seldom: most moves lead to another
line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakscan.containers.pdf_strings import GAP, KERN, sum_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leakscan.containers.pdf_fonts import Font

ASIDE = 0.3
"""Sizes of the font by which another line is aside at least; what is raised is not."""

BACK = -0.25
"""Sizes of the font that a line goes back at least if it begins anew on the same height."""

MAX_WRITTEN = 1000
"""Strings that a pen writes before it is worked out how wide they are."""

_UPRIGHT = (1.0, 0.0, 0.0, 1.0)

_Written = tuple["Font", float, bytes, bytes, float]
"""A font, a thousandth of its size, codes, the numbers between them, or their sum."""

_Line = tuple["Sequence[float]", float, float, float, list[_Written]]
"""A text matrix, where a line begins, its room, and what was written."""


class Pen:
    """Where the next glyph goes.

    Attributes:
        room: how far the pen was moved by numbers since the line's beginning, in text space.
        written: the strings since.
    """

    __slots__ = ("_asked", "_before", "_way", "_x", "_y", "room", "written")

    def __init__(self) -> None:
        self._way: Sequence[float] = _UPRIGHT
        self._x = self._y = self.room = 0.0
        self.written: list[_Written] = []
        self._before: _Line | None = None  # what was written last, unless a line has ended
        self._asked = False  # whether something has arrived after that

    def restart(self) -> None:
        """Begin a text object."""
        self._leave()
        self._way = _UPRIGHT
        self._x = self._y = 0.0

    def step(self, x: float, y: float) -> None:
        """Move from the beginning of the line."""
        self._leave()
        a, b, c, d = self._way
        self._x += a * x + c * y
        self._y += b * x + d * y

    def place(self, matrix: Sequence[float]) -> None:
        """Move to where a text matrix says."""
        self._leave()
        a, b, c, d, self._x, self._y = matrix
        self._way = a, b, c, d

    def newline(self) -> None:
        """Go to the next line."""
        self.written, self.room, self._before = [], 0.0, None

    def _leave(self) -> None:
        if self.written:
            self._before = self._way, self._x, self._y, self.room, self.written
            self.written, self._asked = [], False
        self.room = 0.0

    def write(
        self, font: Font, size: float, codes: bytes, kerning: bytes = b"", room: float = 0.0
    ) -> None:
        """Write a string.

        Args:
            font: the font.
            size: its size.
            codes: the string.
            kerning: the numbers that stood within it, each below `KERN`, unless added up already.
            room: their sum, in thousandths of the size.
        """
        written = self.written
        written.append((font, size / 1000, codes, kerning, room))
        if len(written) > MAX_WRITTEN:
            self.room += sum(map(_width, written))
            written[:] = [(font, 0.0, b"", b"", 0.0)]

    def arrive(self, size: float) -> str:
        """Return what lies between the last glyph and the next: nothing, a space or a line break.

        Args:
            size: of the next glyph's font.
        """
        if self._before is None:
            return "\n"
        way, x, y, room, written = self._before
        if self._asked and written:
            # What arrived wrote nothing, and may do so once more.
            room, written = room + sum(map(_width, written)), []
            self._before = way, x, y, room, written
        self._asked = True
        a, b, _, _ = here = self._way
        x, y = self._x + a * self.room - x, self._y + b * self.room - y
        scale = a * a + b * b or 1.0
        if way is not here and (way[0] != a or way[1] != b):
            room += sum(map(_width, written))
            x, y = x - way[0] * room, y - way[1] * room
            written, room = [], 0.0
        if abs(y * a - x * b) > ASIDE * scale * size:
            return "\n"
        ahead, slack = (x * a + y * b) / scale - room, 0.0
        for font, part, codes, kerning, summed in written:
            ahead -= (font.width(codes) - summed) * part
            if kerning:
                slack += KERN * (kerning.count(b" ") + 1) * part
        if slack and ahead + slack >= BACK * size:
            ahead += sum([sum_of(kerning) * part for _, part, _, kerning, _ in written])
        if ahead < BACK * size:
            return "\n"
        return " " if ahead > GAP * size else ""


def _width(written: _Written) -> float:
    font, size, codes, kerning, room = written
    return (font.width(codes) - room - sum_of(kerning)) * size

"""The text that a content stream of a PDF shows, as a reader sees it (ISO 32000-1, 9.4).

Strings that are shown side by side are joined, whatever moves there are between them: kerning
cuts words to pieces.  Where there is room for a space, there is one; where the line is another,
there is a line break.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from leakscan.containers.pdf_fonts import Font

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIGATURES = {
    0xFB00: "ff",
    0xFB01: "fi",
    0xFB02: "fl",
    0xFB03: "ffi",
    0xFB04: "ffl",
    0xFB05: "st",
    0xFB06: "st",
}
"""Letters that some fonts draw as one; a reader sees the letters."""

GAP = 0.2
"""Room between two glyphs, in sizes of the font, from which on it is a space; spaces have 0.25."""

ASIDE = 0.3
"""Sizes of the font by which another line is aside at least; what is raised is not."""

BACK = -0.25
"""Sizes of the font that a line goes back at least if it begins anew on the same height."""

MAX_WRITTEN = 1000
"""Strings that a pen writes before it is worked out how wide they are."""

_IDENTITY = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]

_LITERAL = (
    rb"\((?:[^()\\]++|\\.?|\((?:[^()\\]++|\\.?|\((?:[^()\\]++|\\.?|\([^)]*+\)?)*+\)?)*+\)?)*+\)?"
)

_HEX = rb"<[0-9A-Fa-f\s\0]*+>"

_OPERATION = re.compile(
    rb"(?P<run>\[(?:[^][()<>\\%]++|" + _LITERAL + rb"|" + _HEX + rb")*+\])(?:[\s\0]*+TJ)?"
    rb"|(?P<string>" + _LITERAL + rb"|" + _HEX + rb")(?:[\s\0]*+(?P<show>Tj|'|\"))?"
    rb"|(?P<numbers>(?:[-+.0-9]++[\s\0]++){1,8}+)(?P<set>T[dDmcwLz])(?![A-Za-z])"
    rb"|(?:[-+.0-9]++[\s\0]*+)++"
    rb"|/(?P<font>[^\s\0()<>\[\]{}/%]*+)(?:[\s\0]++(?P<size>[-+.0-9]++)[\s\0]++Tf)?"
    rb"|(?P<next>T\*)|(?P<begin>\bBT\b)|(?P<end>\bET\b)"
    rb"|%[^\r\n]*+|<<",
    re.DOTALL,
)

_ITEM = re.compile(rb"(" + _LITERAL + rb"|" + _HEX + rb")|([-+.0-9]++)", re.DOTALL)

_BEGIN = re.compile(rb"\bBT[\s\0]")

_SHOWN = re.compile(rb"[)>\]][\s\0]{0,9}T[jJ]\b")

_FONT = re.compile(rb"/([^\s\0()<>\[\]{}/%]*+)[\s\0]++([-+.0-9]++)[\s\0]++Tf")

_ESCAPE = re.compile(rb"\\([0-7]{1,3}|\r\n|.|\Z)|\r\n?", re.DOTALL)

_ESCAPED = {
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"b": b"\b",
    b"f": b"\f",
    b"\n": b"",
    b"\r": b"",
    b"\r\n": b"",
}


def shows_text(content: bytes) -> bool:
    """Whether something looks like a content stream with text."""
    begin = _BEGIN.search(content)
    return begin is not None and _SHOWN.search(content, begin.end()) is not None


def text_of(content: bytes, fonts: Mapping[bytes, Font], most: int) -> tuple[str, int]:
    """Return the text that a content stream shows.

    Args:
        content: the stream, decoded.
        fonts: by the names that it has for them, with a slash.
        most: bytes of operations on text that are carried out.

    Returns:
        The text, and how many bytes of operations there were; more than ``most`` if the rest was
        left out.
    """
    page = _Page(fonts)
    at = done = 0
    while done <= most and (begin := content.find(b"BT", at)) >= 0:
        if content.find(b"Tf", at, begin) >= 0:
            for name, size in _FONT.findall(content[at:begin]):
                page.set_font(name, size)
        at = page.show(content, begin, begin + most - done)
        done += at - begin
    text = "".join(page.made)
    return text if text.isascii() else text.translate(_LIGATURES), done


class _Pen:
    """Where the pen is in a text object, as far as it was moved by hand.

    How wide the glyphs are that were written since is worked out where it matters, which is
    seldom: most moves lead to another line.

    Attributes:
        matrix: the text matrix.
        x, y: where the line begins, before the matrix.
        room: how far the pen was moved by numbers, in text space.
        written: the glyphs since: font, size, and codes.
    """

    __slots__ = ("matrix", "room", "written", "x", "y")

    def __init__(self, matrix: list[float], x: float = 0.0, y: float = 0.0) -> None:
        self.matrix, self.x, self.y = matrix, x, y
        self.room = 0.0
        self.written: list[tuple[Font, float, bytes]] = []

    def place(self, ahead: float = 0.0) -> tuple[float, float]:
        """Return where it is, given how far it is ahead of the line's beginning."""
        a, b, c, d, e, f = self.matrix
        x, y = self.x + ahead, self.y
        return a * x + c * y + e, b * x + d * y + f

    def ahead(self) -> float:
        """Return how far it is ahead of the line's beginning."""
        return self.room + sum([font.width(codes) * size for font, size, codes in self.written])


class _Page:
    """What was written, and with which pen.

    What moves whole text objects (`cm`) is not followed, since it rarely does so within a line.
    """

    def __init__(self, fonts: Mapping[bytes, Font]) -> None:
        self._fonts = fonts
        self._font = Font()
        self._size = 1.0
        self._letter = self._word = 0.0
        self._pen = _Pen(_IDENTITY)
        self._before: _Pen | None = None  # the one that wrote last, unless a line has ended
        self.made: list[str] = []

    def show(self, content: bytes, start: int, most: int) -> int:
        """Carry out the operations of a text object; return where it ends, or where that is left.

        Args:
            content: the stream.
            start: where the object begins.
            most: where to leave it at the latest.
        """
        for found in _OPERATION.finditer(content, start):
            kind = found.lastgroup
            if kind == "run":
                if found[0].endswith(b"TJ"):
                    self._arrive()
                    self._show_run(found["run"])
            elif kind == "show":
                if found["show"] != b"Tj":
                    self._newline()
                self._arrive()
                self._put(_string(found["string"]))
            elif kind == "set":
                self._set(found["set"], found["numbers"].split())
            elif kind == "size":
                self.set_font(found["font"], found["size"])
            elif kind == "next":
                self._newline()
            elif kind == "begin":
                self._move(_Pen(_IDENTITY))
            elif kind == "end" or found.end() > most:
                self._move(_Pen(_IDENTITY))
                return found.end()
        return len(content)

    def set_font(self, name: bytes, size: bytes) -> None:
        """Take another font."""
        self._font = self._fonts.get(b"/" + name) or Font()
        self._size = abs(_number(size)) or 1.0

    def _set(self, operator: bytes, operands: list[bytes]) -> None:
        """Move the pen, or set how far it moves with each glyph."""
        numbers = [_number(operand) for operand in operands[-6:]]
        if operator == b"Tc":
            self._letter = numbers[-1]
        elif operator == b"Tw":
            self._word = numbers[-1]
        elif operator in (b"Td", b"TD") and len(numbers) > 1:
            pen = self._pen
            self._move(_Pen(pen.matrix, pen.x + numbers[-2], pen.y + numbers[-1]))
        elif operator == b"Tm" and len(numbers) == 6:
            self._move(_Pen(numbers))

    def _move(self, pen: _Pen) -> None:
        if self._pen.written:
            self._before = self._pen
        self._pen = pen

    def _newline(self) -> None:
        self._pen = _Pen(self._pen.matrix, self._pen.x, self._pen.y)
        self._before = None

    def _arrive(self) -> None:
        """Write what lies between the last glyph and the next: nothing, a space or a line."""
        if self._pen.written or not self.made:
            return
        before = self._before
        if before is None:
            self.made.append("\n")
            return
        a, b = self._pen.matrix[:2]
        unit = (a * a + b * b) * self._size or 1.0
        x, y = self._pen.place(self._pen.room)
        from_x, from_y = before.place()
        if before.matrix[:2] != [a, b] or abs((y - from_y) * a - (x - from_x) * b) <= ASIDE * unit:
            from_x, from_y = before.place(before.ahead())
        x, y = x - from_x, y - from_y
        ahead, aside = (x * a + y * b) / unit, (y * a - x * b) / unit
        if abs(aside) > ASIDE or ahead < BACK:
            self.made.append("\n")
        elif ahead > GAP:
            self.made.append(" ")

    def _put(self, codes: bytes) -> None:
        font, pen = self._font, self._pen
        self.made.append(font.text(codes))
        pen.written.append((font, self._size / 1000, codes))
        if len(pen.written) > MAX_WRITTEN:
            pen.room, pen.written = pen.ahead(), [(font, 0.0, b"")]
        if self._letter or self._word:
            count = len(codes) // 2 if font.is_wide else len(codes)
            pen.room += count * self._letter + codes.count(b" ") * self._word

    def _show_run(self, run: bytes) -> None:
        """Write strings with the room between them, in thousandths of the font's size."""
        for string, number in _ITEM.findall(run):
            if string:
                self._put(_string(string))
            else:
                room = -_number(number) / 1000
                self._pen.room += room * self._size
                if room > GAP:
                    self.made.append(" ")


def _string(token: bytes) -> bytes:
    """Return the bytes that a string stands for."""
    if token[:1] == b"<":
        digits = token[1:-1].translate(None, b" \t\r\n\f\v\0").decode("ascii")
        return bytes.fromhex(digits + "0" * (len(digits) % 2))
    inner = token[1:-1] if token.endswith(b")") else token[1:]
    if b"\\" in inner or b"\r" in inner:
        return _ESCAPE.sub(_unescape, inner)
    return inner


def _unescape(found: re.Match[bytes]) -> bytes:
    escaped = found[1]
    if escaped is None:
        return b"\n"
    if escaped[:1].isdigit() and escaped[:1] < b"8":
        return bytes([int(escaped, 8) & 0xFF])
    return _ESCAPED.get(escaped, escaped)


def _number(digits: bytes) -> float:
    try:
        return float(digits)
    except ValueError:
        return 0.0

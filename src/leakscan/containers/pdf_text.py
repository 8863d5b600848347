"""The text that a content stream of a PDF shows, as a reader sees it (ISO 32000-1, 9.4).

Strings that are shown side by side are joined, whatever moves there are between them: kerning
cuts words to pieces.  Where there is room for a space, there is one; where the line is another,
there is a line break.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from leakscan.containers.pdf_fonts import Font
from leakscan.containers.pdf_pen import Pen
from leakscan.containers.pdf_strings import (
    GAP,
    HEX,
    LITERAL,
    items,
    joined,
    number,
    string,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

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

MAX_CHOSEN = 4096
"""Fonts in different sizes that are remembered of a page."""

MAX_RUN = 1 << 20
"""Bytes of strings that are shown at once; ISO 32000-1 (annex C) allows 32,767."""

MAX_SHOWN = 8 << 20
"""Characters that a page shows."""

_MAX_MADE = 10_000
"""Pieces of text that are held before they are joined; each takes 50 bytes more than its own."""

_WORDS = re.compile(rb".{65536}[^\s\0/]*+|.+", re.DOTALL)
"""Operations, parted so that not all the words of them are held at once."""

_ROOM = b"+-.0123456789 \t\r\n\f\v\0"
"""What numbers are made of, and what is between them."""

_BEGIN = re.compile(rb"\bBT[\s\0]")

_SHOWN = re.compile(rb"[)>\]][\s\0]{0,9}T[jJ]\b")

_BLANKS = rb"[\s\0]++"

_NAME = rb"/[^\s\0()<>\[\]{}/%]*+"

_NUMBER = rb"-?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)"

_FONT = re.compile(rb"(" + _NAME + _BLANKS + rb"[-+.0-9]++)" + _BLANKS + rb"Tf")

_FONT_FIRST = rb"(?:(" + _NAME + _BLANKS + _NUMBER + rb")" + _BLANKS + rb"Tf[\s\0]*+)?"

# No assertion may stand within what is possessive: Python 3.11.2 goes on where it has failed.
_STEP = re.compile(
    # another text object, a room between letters, a font, a move, a font
    rb"[\s\0]*+(?:ET([^B]*+(?:B++[^BT][^B]*+)*+)(?:B+T|B*+\Z)[\s\0]*+)?"
    rb"(?:(" + _NUMBER + rb")" + _BLANKS + rb"Tc[\s\0]*+)?"
    + _FONT_FIRST
    + rb"(?:(" + _NUMBER + rb")" + _BLANKS + rb"(" + _NUMBER + rb")" + _BLANKS + rb"Td[\s\0]*+"
    rb"|((?:" + _NUMBER + _BLANKS + rb"){6})Tm[\s\0]*+)?"
    + _FONT_FIRST
    # other operations
    + rb"((?:[^()<>\[\]{}%/E]++|" + _NAME + rb"|E[^T()<>\[\]{}%/]|<<[^()<>\[\]{}%]*+>>)*+)"
    # a plain string, a plain run, any string, any run
    rb"(?:\[?[\s\0]*+\(([^()\\\r]*+)\)[\s\0]*+\]?[\s\0]*+T[Jj]"
    rb"|\[([^][]*+)\][\s\0]*+TJ"
    rb"|(" + LITERAL + rb"|" + HEX + rb")(?:[\s\0]*+(Tj|'|\"))?"
    rb"|\[((?:[^][()<>\\%]++|" + LITERAL + rb"|" + HEX + rb")*+)\](?:[\s\0]*+(TJ))?"
    rb"|<<|[]{}>)]++|%[^\r\n]*+|(?=ET)|.|\Z)",
    re.DOTALL,
)  # fmt: skip
"""What leads up to a string, as most programs write it, and the string or what is none."""

_STRING, _RUN, _TOKEN, _SHOW, _ANY_RUN, _SHOW_RUN = range(9, 15)
"""Groups of `_STEP` after those for what leads up to it."""

_SHOWING = frozenset({_RUN, _STRING, _SHOW, _SHOW_RUN})
"""Those that come last if a string is shown."""

_OPERANDS = {b"Td": 2, b"TD": 2, b"Tm": 6, b"T*": 0, b"Tf": 2, b"Tc": 1, b"Tw": 1, b"BT": 0}
"""How many words stand before an operation on text."""

_MOST_OPERANDS = 6
"""The most of them."""


class Shown(NamedTuple):
    """What a content stream shows.

    Attributes:
        text: the text.
        done: how many bytes of operations there were; more than allowed if the rest was left out.
        is_whole: whether all of these could be shown.
    """

    text: str
    done: int
    is_whole: bool


def shows_text(content: bytes) -> bool:
    """Whether something looks like a content stream with text."""
    begin = _BEGIN.search(content)
    return begin is not None and _SHOWN.search(content, begin.end()) is not None


def text_of(content: bytes | bytearray, fonts: Mapping[bytes, Font], most: int) -> Shown:
    """Return the text that a content stream shows.

    Args:
        content: the stream, decoded.
        fonts: by the names that it has for them, with a slash.
        most: bytes of operations on text that are carried out.
    """
    begin = content.find(b"BT")
    if begin < 0:
        return Shown("", 0, True)
    page = _Page(fonts)
    if content.find(b"Tf", 0, begin) >= 0:
        page.set_fonts(content, begin)
    done = page.show(content, begin, most)
    text = page.text()
    if not text.isascii():
        for ligature, letters in _LIGATURES.items():
            text = text.replace(ligature, letters)
    return Shown(text, done, page.is_whole)


class _Page:
    """What was written, and with which font.

    What moves whole text objects (`cm`) is not followed, since it rarely does so within a line.
    """

    def __init__(self, fonts: Mapping[bytes, Font]) -> None:
        self._fonts = fonts
        self._chosen: dict[bytes, tuple[Font, float, bytes]] = {}
        self._font = Font()
        self._blank = self._font.blank()
        self._size = 1.0
        self._letter = self._word = 0.0
        self._pen = Pen()
        self._left = MAX_SHOWN
        self._joined: list[str] = []
        self._made: list[str] = []
        self.is_whole = True

    def text(self) -> str:
        """Return what was written."""
        self._join()
        return "".join(self._joined)

    def _join(self) -> None:
        self._joined.append("".join(self._made))
        self._made.clear()

    def show(self, content: bytes | bytearray, start: int, most: int) -> int:
        """Carry out the operations from the first text object on.

        Args:
            content: the stream.
            start: where that object begins.
            most: bytes within text objects after which the rest is left out.

        Returns:
            Bytes within text objects; more than ``most`` if the rest was left out.
        """
        pen, made, done, skipped = self._pen, self._made, 0, start
        for step in _STEP.finditer(content, start):
            skipped += self._lead_up(step)
            kind = step.lastindex or 0
            done = step.end() - skipped
            if kind in _SHOWING and self._is_short(kind, step):
                if kind == _SHOW and step[_SHOW] != b"Tj":
                    pen.newline()
                if (made or self._joined) and not pen.written:
                    made.append(pen.arrive(self._size))
                if kind == _STRING:
                    self._put(step[_STRING])
                else:
                    self._show(kind, step)
                if len(made) > _MAX_MADE:
                    self._join()
            if done > most:
                break
        return done

    def _is_short(self, kind: int, step: re.Match[bytes]) -> bool:
        """Whether what a group of `_STEP` has may be shown."""
        begin, end = step.span(_TOKEN if kind == _SHOW else _ANY_RUN if kind == _SHOW_RUN else kind)
        size = end - begin
        is_short = size <= MAX_RUN and size * self._font.longest <= self._left
        self.is_whole &= is_short
        return is_short

    def _lead_up(self, step: re.Match[bytes]) -> int:
        """Carry out what stands before a string; return the bytes of it between text objects."""
        between, letter, font, x, y, matrix, last_font, rest = step.group(1, 2, 3, 4, 5, 6, 7, 8)
        if between is not None:
            self._pen.restart()
            if b"Tf" in between:
                self.set_fonts(between, len(between))
        if letter is not None:
            self._letter = float(letter)
        if font is not None:
            self._set_font(font)
        if x is not None:
            self._pen.step(float(x), float(y))
        elif matrix is not None:
            self._pen.place(_numbers(matrix.replace(b"\0", b" ").split()))
        if last_font is not None:
            self._set_font(last_font)
        if b"T" in rest:
            self._carry_out(rest)
        return 0 if between is None else len(between)

    def _show(self, kind: int, step: re.Match[bytes]) -> None:
        """Write what a group of `_STEP` has."""
        if kind == _SHOW:
            self._put(string(step[_TOKEN]))
        else:
            run = step[_RUN if kind == _RUN else _ANY_RUN]
            strings = run.strip(_ROOM)
            start = run.find(strings)
            self._make_room(run[:start])
            self._show_run(strings)
            self._make_room(run[start + len(strings) :])

    def set_fonts(self, operations: bytes | bytearray, end: int) -> None:
        """Take the last font that operations outside of text objects set, up to some place."""
        last = None
        for font in _FONT.finditer(operations, 0, end):
            last = font
        if last:
            self._set_font(last[1])

    def _set_font(self, said: bytes) -> None:
        """Take a font by its name and its size."""
        chosen = self._chosen.get(said)
        if chosen is None:
            name, size = said.replace(b"\0", b" ").split()
            font = self._fonts.get(name) or Font()
            chosen = font, abs(number(size)) or 1.0, font.blank()
            if len(self._chosen) < MAX_CHOSEN:
                self._chosen[said] = chosen
        self._font, self._size, self._blank = chosen

    def _carry_out(self, operations: bytes) -> None:
        """Carry out operations of any kind, of which most have nothing to do with text."""
        words: list[bytes] = []
        for part in _WORDS.findall(operations):
            before = words[-_MOST_OPERANDS:]
            words = before + part.replace(b"/", b" /").replace(b"\0", b" ").split()
            self._carry_out_words(words, len(before))

    def _carry_out_words(self, words: list[bytes], start: int) -> None:
        """Carry out operations whose names are at some place or after it."""
        for at in [at for at in range(start, len(words)) if words[at] in _OPERANDS]:
            word, count = words[at], _OPERANDS[words[at]]
            if at < count:
                continue
            operands = words[at - count : at]
            if word == b"Tf":
                self._set_font(b" ".join(operands))
            elif word == b"Tm":
                self._pen.place(_numbers(operands))
            elif word == b"T*":
                self._pen.newline()
            elif word == b"BT":
                self._pen.restart()
            elif word == b"Tc":
                self._letter = number(operands[0])
            elif word == b"Tw":
                self._word = number(operands[0])
            else:
                x, y = _numbers(operands)
                self._pen.step(x, y)

    def _put(self, codes: bytes) -> None:
        """Write a string."""
        self._write(codes)
        self._pen.write(self._font, self._size, codes)
        if self._letter or self._word:
            self._add_room(codes)

    def _write(self, codes: bytes) -> None:
        text = self._font.text(codes)
        self._left -= len(text)
        self._made.append(text)

    def _show_run(self, run: bytes) -> None:
        """Write strings with the room between them, in thousandths of the font's size."""
        font, pen = self._font, self._pen
        together = joined(run, 2 if font.is_wide else 1, self._blank)
        if together is None:
            self._show_items(run)
            return
        codes, blanks, most = together
        self._write(codes)
        pen.write(font, self._size, codes, run, most)
        if blanks:
            pen.room -= blanks * font.width(self._blank) * self._size / 1000
        if self._letter or self._word:
            self._add_room(codes, blanks)

    def _show_items(self, run: bytes) -> None:
        """Write the strings of a run one by one."""
        for token, digits in items(run):
            if token:
                self._put(string(token))
            else:
                self._make_room(digits)

    def _make_room(self, numbers: bytes) -> None:
        """Move back by thousandths of the font's size."""
        for digits in numbers.replace(b"\0", b" ").split():
            room = -number(digits) / 1000
            self._pen.room += room * self._size
            if room > GAP:
                self._made.append(" ")

    def _add_room(self, codes: bytes, blanks: int = 0) -> None:
        """Move on by what is set to follow each glyph, and each space."""
        count = len(codes) // 2 if self._font.is_wide else len(codes)
        self._pen.room += (count - blanks) * self._letter
        if self._word:
            spaces = codes.count(b" ") - (blanks if self._blank[-1:] == b" " else 0)
            self._pen.room += spaces * self._word


def _numbers(words: list[bytes]) -> list[float]:
    try:
        return list(map(float, words))
    except ValueError:
        return list(map(number, words))

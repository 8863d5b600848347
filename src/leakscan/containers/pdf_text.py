"""The text that a content stream of a PDF shows, as a reader sees it (ISO 32000-1, 9.4).

Strings that are shown side by side are joined, whatever moves there are between them: kerning
cuts words to pieces.  Where there is room for a space, there is one; where the line is another,
there is a line break.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from leakscan.containers.pdf_fonts import Font
from leakscan.containers.pdf_lines import MAX_PIECES, Lines
from leakscan.containers.pdf_operators import (
    SHOW,
    SHOWN_BY,
    STEP,
    STRING,
    last_font,
    may_have_words,
    words_outside,
)
from leakscan.containers.pdf_pen import Pen
from leakscan.containers.pdf_strings import (
    GAP,
    items,
    joined,
    number,
    plain,
    string,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_CHOSEN = 4096
"""Fonts in different sizes, and matrices, that are remembered of a page."""

MAX_RUN = 1 << 20
"""Bytes of strings that are shown at once; ISO 32000-1 (annex C) allows 32,767."""

MAX_SHOWN = 8 << 20
"""Characters that a page shows."""

STEP_WORK, SHOW_WORK, OPERATION_WORK, ESCAPE_WORK = 24, 40, 10, 4
"""What it takes to read a token, to show a string, to carry out an operation before one and to undo
an escape, in bytes that are read meanwhile; a byte takes up to 0.1 us."""

_WORDS = re.compile(rb".{65536}[^\s\0/]*+|.+", re.DOTALL)
"""Operations, parted so that not all the words of them are held at once."""

_ROOM = b"+-.0123456789 \t\r\n\f\v\0"
"""What numbers are made of, and what is between them."""

_BEGINS, _ENDS = (b"(", b"<"), (b")", b">")
"""What strings are between."""

_OPERANDS = {b"Td": 2, b"TD": 2, b"Tm": 6, b"T*": 0, b"Tf": 2, b"Tc": 1, b"Tw": 1, b"BT": 0}
"""How many words stand before an operation on text."""

_LEAD_UP = range(1, 10)
"""Groups of `STEP` for what leads up to a string."""

_BETWEEN = 2
"""The one for what lies between text objects, if it is more than operations."""

_MOST_OPERANDS = 6
"""The most of them."""


class Shown(NamedTuple):
    """What a content stream shows.

    Attributes:
        text: the text.
        unseen: what it says without showing it, in lines: comments, and strings that stand for
            what is drawn (ISO 32000-1, 14.9.4).
        work: what it took; more than allowed if the rest was left out.
        is_whole: whether all of that could be shown.
        marks: how much of the text, and of what is unseen, came before each of the places asked
            for; fewer than these if the rest was left out.
    """

    text: str
    unseen: str
    work: int
    is_whole: bool
    marks: tuple[list[int], list[int]]


def text_of(
    content: bytes | bytearray, fonts: Mapping[bytes, Font], most: int, cuts: Sequence[int] = ()
) -> Shown:
    """Return the text that a content stream shows.

    Args:
        content: the stream, decoded.
        fonts: by the names that it has for them, with a slash.
        most: what it may take, in bytes that are read.
        cuts: places in the stream to mark in the text, in order.
    """
    page = _Page(fonts, most, cuts)
    begin = content.find(b"BT")
    page.skip(content, 0, len(content) if begin < 0 else begin)
    if begin >= 0 and page.work <= most:
        page.show(content, begin)
    shown, unseen = page.shown.text(), page.unseen.text()
    marks = page.shown.marks, page.unseen.marks
    return Shown(shown, unseen, page.work, page.is_whole, marks)


class _Page:
    """What was written, and with which font.

    What moves whole text objects (`cm`) is not followed, since it rarely does so within a line.
    """

    def __init__(self, fonts: Mapping[bytes, Font], most: int, cuts: Sequence[int]) -> None:
        self._most, self._words_end = most, 0
        self._fonts = fonts
        self._chosen: dict[bytes, tuple[Font, float, bytes, int]] = {}
        self._matrices: dict[bytes, list[float]] = {}
        self._font = self._unknown = Font()
        self._blank, self._longest = self._font.blank(), self._font.longest
        self._size = 1.0
        self._letter = self._word = 0.0
        self._pen = Pen()
        self._left = MAX_SHOWN
        self.work = 0
        self.shown, self.unseen = Lines(cuts), Lines(cuts)
        self._made = self.shown.pieces
        self.is_whole = True

    def show(self, content: bytes | bytearray, start: int) -> None:
        """Carry out the operations from the first text object on, as far as that is allowed.

        Args:
            content: the stream.
            start: where that object begins.
        """
        made, pen, shown = self._made, self._pen, self.shown
        shows, has_shown = SHOWN_BY, False
        for step in STEP.finditer(content, start):
            end = step.end()
            self.work += end - start + STEP_WORK
            start = end
            if end > shown.cut:
                shown.mark(end)
            self._lead_up(step)
            kind = step.lastindex or 0
            if kind in shows:
                self.work += SHOW_WORK
                said = step[shows[kind]]
                if self._is_short(len(said)):
                    if kind == SHOW and step[SHOW] != b"Tj":
                        pen.newline()
                    if has_shown and not pen.written:
                        made.append(pen.arrive(self._size))
                    if kind == STRING:
                        self._put(said)
                    else:
                        self._show(kind, said)
                    has_shown = True
                    if len(made) > MAX_PIECES:
                        shown.join()
            elif kind > STRING:
                self._note(step[kind], end)
            if self.work > self._most:
                break

    def skip(self, content: bytes | bytearray, start: int, stop: int) -> None:
        """Look at what is outside of text objects for what matters to these, and for words.

        Args:
            content: the stream.
            start: where a part of it begins.
            stop: where that ends.
        """
        if content.find(b"Tf", start, stop) >= 0:
            font = last_font(content, start, stop)
            if font:
                self._set_font(font)
        if not may_have_words(content, start, stop):
            self.work += content.count(b"B", start, stop)
            return
        self.work += stop - start
        for words in words_outside(content, max(start, self._words_end), stop):
            self._words_end = words.end()
            self.work += STEP_WORK
            self._note(words[0], words.end())
            if self.work > self._most:
                break

    def _note(self, words: bytes, end: int) -> None:
        """Write down a comment, or strings, that are not shown and end at some place."""
        if end > self.unseen.cut:
            self.unseen.mark(end)
        if words[:1] == b"%":
            self._add_unseen(words[1:])
        elif b"(" in words or b"<" in words:
            self.work += ESCAPE_WORK * words.count(b"\\")
            if len(words) > MAX_RUN:
                self.is_whole = False
                return
            for token, _ in items(words):
                self._add_unseen(string(token) if token else b"")

    def _add_unseen(self, said: bytes) -> None:
        text = plain(said)
        if text and not text.isspace():
            self.work += STEP_WORK
            self.unseen.pieces += text, "\n"
            if len(self.unseen.pieces) > MAX_PIECES:
                self.unseen.join()

    def _is_short(self, size: int) -> bool:
        """Whether a string may be shown."""
        if size <= MAX_RUN and size * self._longest <= self._left:
            return True
        self.is_whole = False
        return False

    def _lead_up(self, step: re.Match[bytes]) -> None:
        """Carry out what stands before a string."""
        plain_between, between, letter, font, x, y, matrix, last_font, rest = step.group(*_LEAD_UP)
        if plain_between is not None:
            if matrix is None:
                self._pen.restart()
            self.work += STEP_WORK - len(plain_between)
        elif between is not None:
            self._pen.restart()
            self.work += 2 * STEP_WORK - len(between)
            self.skip(step.string, *step.span(_BETWEEN))
        if letter is not None:
            self._letter = float(letter)
        if font is not None:
            self._set_font(font)
        if x is not None:
            self._pen.step(float(x), float(y))
        elif matrix is not None:
            self._pen.place(self._matrices.get(matrix) or self._matrix(matrix))
        if last_font is not None:
            self._set_font(last_font)
        if b"T" in rest:
            self._carry_out(rest)

    def _matrix(self, said: bytes) -> list[float]:
        """Return the numbers of a matrix, and remember it, since many are used again."""
        matrix = _numbers(said)
        if len(self._matrices) < MAX_CHOSEN:
            self._matrices[said] = matrix
        return matrix

    def _show(self, kind: int, said: bytes) -> None:
        """Show what a group of `STEP` has."""
        self.work += ESCAPE_WORK * said.count(b"\\")
        if kind == SHOW:
            self._put(string(said))
            return
        run = said.strip()
        if run[:1] in _BEGINS and run[-1:] in _ENDS:
            self._show_run(run)
            return
        strings = run.strip(_ROOM)
        start = run.find(strings)
        self._make_room(run[:start])
        self._show_run(strings)
        self._make_room(run[start + len(strings) :])

    def _set_font(self, said: bytes) -> None:
        """Take a font by its name and its size."""
        chosen = self._chosen.get(said)
        if chosen is None:
            name, size = said.replace(b"\0", b" ").split()
            font = self._fonts.get(name) or self._unknown
            chosen = font, abs(number(size)) or 1.0, font.blank(), font.longest
            if len(self._chosen) < MAX_CHOSEN:
                self._chosen[said] = chosen
        self._font, self._size, self._blank, self._longest = chosen

    def _carry_out(self, operations: bytes) -> None:
        """Carry out operations of any kind, of which most have nothing to do with text."""
        words: list[bytes] = []
        for part in _WORDS.findall(operations):
            before = words[-_MOST_OPERANDS:]
            words = before + part.replace(b"/", b" /").replace(b"\0", b" ").split()
            self._carry_out_words(words, len(before))
            if self.work > self._most:
                break

    def _carry_out_words(self, words: list[bytes], start: int) -> None:
        """Carry out operations whose names are at some place or after it."""
        for at in [at for at in range(start, len(words)) if words[at] in _OPERANDS]:
            word, count = words[at], _OPERANDS[words[at]]
            self.work += OPERATION_WORK
            if at < count:
                continue
            operands = words[at - count : at]
            if word == b"Tf":
                self._set_font(b" ".join(operands))
            elif word == b"Tm":
                self._pen.place(list(map(number, operands)))
            elif word == b"T*":
                self._pen.newline()
            elif word == b"BT":
                self._pen.restart()
            elif word == b"Tc":
                self._letter = number(operands[0])
            elif word == b"Tw":
                self._word = number(operands[0])
            else:
                self._pen.step(number(operands[0]), number(operands[1]))

    def _put(self, codes: bytes) -> None:
        """Write a string."""
        text = self._font.text(codes)
        self._left -= len(text)
        self._made.append(text)
        self._pen.write(self._font, self._size, codes)
        if self._letter or self._word:
            self._add_room(codes)

    def _show_run(self, run: bytes) -> None:
        """Write strings with the room between them, in thousandths of the font's size."""
        font, pen = self._font, self._pen
        together = joined(run, 2 if font.is_wide else 1, self._blank)
        if together is None:
            self._show_items(run)
            return
        codes, blanks, kerning, kerned = together
        text = font.text(codes)
        self._left -= len(text)
        self._made.append(text)
        pen.write(font, self._size, codes, kerning, kerned)
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


def _numbers(words: bytes) -> list[float]:
    try:
        return list(map(float, words.split()))
    except ValueError:
        return list(map(number, words.replace(b"\0", b" ").split()))

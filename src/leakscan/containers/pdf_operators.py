"""What a content stream of a PDF is made of, found without following what it does."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from leakscan.containers.pdf_strings import HEX, LITERAL

if TYPE_CHECKING:
    from collections.abc import Iterator

_BEGIN = re.compile(rb"\bBT[\s\0]")

_SHOW_OPERATOR = re.compile(rb"T[jJ](?![A-Za-z0-9_])")

_STRING_END = re.compile(rb"[)>\]][\s\0]{0,9}\Z")

_MAX_TRIED = 1000
"""Operators that are looked at to find one that has its operands."""

_MAX_FONTS = 10
"""Operators that set a font, or seem to, that are looked at from the end of a part on."""

_MAX_FONT = 1000
"""Bytes before ``Tf`` in which the name of the font begins."""

_BLANKS = rb"[\s\0]++"

_NAME = rb"/[^\s\0()<>\[\]{}/%]*+"

_NUMBER = rb"-?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)"

_FONT = re.compile(rb"(" + _NAME + _BLANKS + rb"[-+.0-9]++)" + _BLANKS + rb"Tf")

_FONT_FIRST = rb"(?:(" + _NAME + _BLANKS + _NUMBER + rb")" + _BLANKS + rb"Tf[\s\0]*+)?"

# No assertion may stand within what is possessive: Python 3.11.2 goes on where it has failed.
STEP = re.compile(
    # another text object (of what is before it, the rest is read as operations if there is a B
    # too often, lest memory is not bounded), a room between letters, a font, a move, a font
    rb"[\s\0]*+(?:ET(?:([^BT(%<]*+)BT|([^B]*+(?:B++[^BT][^B]*+){0,10000}+)(?:B+T|B*+\Z|))[\s\0]*+)?"
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
    rb"|<<|[]{}>)]++|(%[^\r\n]*+)|(?=ET)|.|\Z)",
    re.DOTALL,
)  # fmt: skip
"""What leads up to a string, as most programs write it, and the string or what is none."""

STRING, RUN, TOKEN, SHOW, ANY_RUN, SHOW_RUN, COMMENT = range(10, 17)
"""Groups of `STEP` after those for what leads up to it."""

SHOWN_BY = {STRING: STRING, RUN: RUN, SHOW: TOKEN, SHOW_RUN: ANY_RUN}
"""Those that come last if a string is shown, and those that have the string."""

_WORDS_UNSEEN = re.compile(LITERAL + rb"|<(?!<)[^<>]*+>|%[^\r\n]*+", re.DOTALL)
"""What is no operation: strings and comments."""


def shows_text(content: bytes) -> bool:
    """Whether something looks like a content stream with text."""
    if b"BT" not in content:
        return False
    begin = _BEGIN.search(content)
    if begin is None:
        return False
    shows = islice(_SHOW_OPERATOR.finditer(content, begin.end()), _MAX_TRIED)
    return any(_STRING_END.search(content, max(at.start() - 10, 0), at.start()) for at in shows)


def last_font(content: bytes | bytearray, start: int, stop: int) -> bytes | None:
    """Return the name and the size that the last ``Tf`` in a part of a stream sets."""
    end = stop
    for _ in range(_MAX_FONTS):
        end = content.rfind(b"Tf", start, end)
        first = content.rfind(b"/", max(start, end - _MAX_FONT), end) if end >= 0 else -1
        if end < 0:
            break
        font = _FONT.match(content, first, end + 2) if first >= 0 else None
        if font:
            return font[1]
    return None


def words_outside(content: bytes | bytearray, start: int, stop: int) -> Iterator[re.Match[bytes]]:
    """Yield the strings and comments that begin in a part of a stream, wherever they end.

    What looks like the end of the part may stand within one of them.
    """
    for word in _WORDS_UNSEEN.finditer(content, start, stop):
        whole = _WORDS_UNSEEN.match(content, word.start()) if word.end() == stop else word
        yield whole or word


def may_have_words(content: bytes | bytearray, start: int, stop: int) -> bool:
    """Whether there may be strings or comments in a part of a stream."""
    if content.find(b"(", start, stop) >= 0 or content.find(b"%", start, stop) >= 0:
        return True
    return content.count(b"<", start, stop) > 2 * content.count(b"<<", start, stop)

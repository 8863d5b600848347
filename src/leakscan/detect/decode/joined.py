r"""Texts in pieces: put together by a program, broken over lines, or with something in between.

What stands between two pieces is dropped: a string concatenation (``"r8_ab" + "cd"``), a continued
line, Markdown's backslash (``r8\_``), characters that nobody sees, colours of a terminal, tags.
"""

from __future__ import annotations

import re
from array import array
from functools import cache
from typing import TYPE_CHECKING

from leakscan.detect.decode.decoder import Decoded, Form
from leakscan.detect.decode.sides import Sides, either, sides

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNSEEN = rb"\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xa4]|\xef\xbb\xbf|\xc2\xad"
"""In UTF-8: U+200B to U+200F, U+202A to U+202E, U+2060 to U+2064, U+FEFF, and the soft hyphen."""

_UNSEEN_NAMED = rb"&(?:shy|zwj|zwnj|ZeroWidthSpace|NoBreak|#8203|#x200[bB]);|\\u200[bBcCdD]"

_COLOUR = rb"(?:\x1b|\\x1[bB]|\\u001[bB]|\\0?33|\\e)\[[0-9;:]{0,20}[A-Za-z]"

_TAG = rb"</?[A-Za-z][^<>\n]{0,100}>"

_BLANK = rb"[ \t]{0,100}"

_LINE_END = rb"[\\^`]\r?\n" + _BLANK
"""A continued line: in shells, C, Python and Dockerfiles; in cmd; in PowerShell."""

_COMMENT = rb"(?://|\#)[^\n\"'`]{0,80}\n|/\*[^*\"'`]{0,80}\*/"

_BETWEEN = rb"(?:\\[nrt]|[\s+.&|<>~_\\]|%b){0,120}" % _COMMENT
"""Between two strings: nothing, an operator, comments, and the ends of lines, also written out."""

_CONCATENATION = rb"\\?[\"'`]%b(?:[bfruBFRUL@$]{1,2}(?=[\"'`\\]))?\\?[\"'`]" % _BETWEEN

_SURE = b"|".join((_UNSEEN, _UNSEEN_NAMED, _COLOUR, _TAG, rb"\\+(?=_)", _LINE_END, _CONCATENATION))

_DOUBTFUL = rb"(?:\\r)?\\n%b|\r?\n[ \t>*#|/]{0,100}|\\?[\"'`]%b,%b\\?[\"'`]" % (
    _BLANK,
    _BETWEEN,
    _BETWEEN,
)
"""A plain line end, also written out, and the comma of an argument list."""

_LONGEST_BACK = 125
"""Bytes that `_back` may match."""

_STARTS = rb"""["'`\\^&<\n\r\x1b\xe2\xef\xc2]"""

_SEPARATORS = (
    (b'"', b'"', False),
    (b"'", b"'", False),
    (b"\\\n", b"\n", False),
    (b"\n", b"\n", True),
    (b"\r", b"\n", True),
    (b"\n", b" ", True),
    (b"\x1b[", b"", False),
    (b"\xe2\x80", b"", False),
    (b"\xe2\x81", b"\xa0", True),
    (b"\\\r", b"\n", True),
    (b"\xef\xbb", b"\xbf", True),
    (b"\xc2\xad", b"\xad", True),
    (b"`", b"`", True),
    (b"<", b">", True),
    (b"^\r", b"\n", True),
)
"""How what stands between begins, how it ends if it varies in length, and whether it is rare."""

_UNSEEN_ENDS = {
    b"\xe2\x80": bytes((*range(0x8B, 0x90), *range(0xAA, 0xAF))),
    b"\xe2\x81": bytes(range(0xA0, 0xA5)),
    b"\xef\xbb": b"\xbf",
}
"""How the unseen characters that begin so end; quotation marks and dashes begin so, too."""

_LINE_ENDS = (b"\\\n", b"\\\r", b"^\r", b"\n", b"\r")
"""Of these, the ends of lines."""

_AT_LINE_START = b" \t\r\n>*#|/"
"""What may stand before the rest: an indentation, marks of a comment or a quotation."""

_IN_LINE = (
    b"&", b"<", b"\\", b"\x1b", b"\xc2", b"\xe2", b"\xef",
    b'"', b"'", b"`", b"^", b"%", b"=\n", b"=\r",
)  # fmt: skip
"""How an interruption behind one may begin, or what is percent-encoded."""

_REACH = 64
"""Characters from the start of a text within which its first interruption is looked for."""


class Joined:
    """Texts with something in between that is not part of them."""

    name = "pieces"

    def forms(self, text: bytes) -> Iterator[Form]:
        """Yield the text itself, interrupted later on; then the text interrupted."""
        whole = b"".join(b"\\x%02x" % byte for byte in text)
        more = rb"[0-9A-Za-z_+/=%%;-]{0,%d}%b" % (_REACH, _STARTS)
        yield Form(text, 0, whole + more)
        found: dict[bytes, Form] = {}
        for at in range(1, len(text)):
            for start, end, is_rare in _SEPARATORS:
                before, after = (text[:at] + start)[: max(3, at + 1)], end + text[at:]
                if len(before) >= 3:
                    is_whole = before.endswith(start)
                    beside = _beside(start, text[at]) if is_whole else Sides()
                    _add(found, Form(before, is_rare=is_rare, **beside._asdict()))
                # A delta may cut the one where the other stays whole.
                if len(before) < 3 or (is_rare and end and len(after) >= 3):
                    _add(found, Form(after, is_rare=is_rare))
        yield from found.values()

    def decode(self, data: bytes, anchor: int, low: int, high: int) -> Decoded | None:
        """Put the pieces together that follow an anchor, or that it stands between."""
        if not data[anchor : anchor + 1].isalnum():
            back = _back().match(data[max(low, anchor - _LONGEST_BACK) : anchor][::-1])
            if back is None:
                return None
            anchor -= back.end()
        pieces = _pieces().match(data, anchor, high)
        if pieces is None:
            return None
        at = max(low, anchor - 96)
        text = bytearray()
        origin = array("Q")
        seams: dict[int, str | None] = {}
        for between in _interruption().finditer(data, anchor, pieces.end()):
            start, end = between.span()
            text += data[at:start]
            origin.extend(range(at, start))
            at = end
            seams[len(text)] = None if between[1] is None else _DOUBT
        if not seams:
            return None
        stop = min(high, pieces.end() + 8)
        text += data[at:stop]
        origin.extend(range(at, stop + 1))
        return Decoded(bytes(text), origin, seams=seams, beside=stop - pieces.end())


def _beside(start: bytes, following: int) -> Sides:
    """Return what stands behind the beginning of an interruption, before a byte of the text."""
    if start in _LINE_ENDS:
        quoted = b"=%02x" % following, b"=%02X" % following
        return Sides(then=(_AT_LINE_START, (bytes([following]), *quoted, *_IN_LINE)))
    return Sides(behind=_UNSEEN_ENDS.get(start, b""))


def _add(found: dict[bytes, Form], form: Form) -> None:
    """Add a form, or that what stands beside the one that is there may be another's."""
    known = found.setdefault(form.literal, form)
    if known is not form:
        beside = either(sides(one, form.literal) for one in (known, form))
        is_rare = known.is_rare and form.is_rare
        found[form.literal] = known._replace(is_rare=is_rare, **beside._asdict())


@cache
def _interruption() -> re.Pattern[bytes]:
    return re.compile(b"(?:%b)+|((?:%b|%b)+)" % (_SURE, _SURE, _DOUBTFUL))


@cache
def _pieces() -> re.Pattern[bytes]:
    return re.compile(rb"(?:[0-9A-Za-z_+/=%%&#;-]|%b|%b){1,5000}" % (_SURE, _DOUBTFUL))


@cache
def _back() -> re.Pattern[bytes]:
    """Return what matches, read from the last to the first, what an interruption begins with.

    That is the character before it, and perhaps what marks a kind of string.
    """
    return re.compile(
        rb"[bfruBFRUL@$]{1,2}[^0-9A-Za-z]{0,120}[\"'`]\\?[0-9A-Za-z]"
        rb"|[^0-9A-Za-z]{0,120}[0-9A-Za-z]"
    )


_DOUBT = "put together from pieces that may not belong together"

"""Tell from what stands around a sign whether a token may be written there.

In a picture, any bytes stand by chance; in a program, words end like signs.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing `typing` takes longer than looking at a commit
if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    Beside = Mapping[bytes, tuple[bytes, bytes]]
    Then = tuple[bytes, tuple[bytes, ...]]
    """Bytes to pass over, and how what follows them may begin."""

_TEXT = 16
"""Bytes from a literal on that are as those of a text, unless it stands there by chance: no token
is shorter."""

_TEXT_BYTES = bytes(range(0x20, 0x7F)) + (
    b"\t\n\v\f\r\x1b\xe2\x80\x81\x8b\x8c\x8d\x8e\x8f\xef\xbb\xbf\xc2\xad"
    b"\xa0\xa1\xa2\xa3\xa4\xaa\xab\xac\xae"
)
"""Of ASCII, and of characters that nobody sees, in UTF-8."""

_SHORT = 3
"""Hex digits that may well be part of a word."""

_BEYOND_ASCII = 0x80

_CONTINUATIONS = bytes(range(0x80, 0xC0))
"""All bytes of a character in UTF-8 but the first."""

HEX = b"0123456789abcdefABCDEF"

_LINES = b" \t\r\n"
"""What is passed over between hex digits: the ends of lines."""

_INTERRUPTIONS = b"\"'`\\^&<>=%*#|/\x1b\xe2\xef\xc2"
"""How what else may stand between them begins: see `leakscan.detect.decode.joined`."""

_GAPS = _INTERRUPTIONS + b"+.~_,:-xX"
"""And what else parts the bytes of a list."""

_ID = 48
"""Hex digits that a token has at least from any sign on, and the id of a git object has not."""

_FURTHEST = 120
"""Bytes in which what follows a sign is looked for; where there is nothing else, it may be
anything."""


class Surroundings:
    """What may stand around literals that encoded tokens are found by.

    Args:
        loose: those that a blank may follow, as one does where a word ends; it is part of other
            encoded texts only behind the end of a line.
        beside: of some, the bytes of which one stands before, and one behind; empty if any may.
        then: of some, how what follows begins.
        free: those that a token may begin or end with, with any text on that side.
    """

    def __init__(
        self,
        loose: Container[bytes],
        beside: Beside,
        then: Mapping[bytes, Then],
        free: Container[bytes],
    ) -> None:
        self._loose, self._beside, self._then, self._free = loose, beside, then, free

    def allow(self, data: bytes, at: int, literal: bytes) -> bool:
        """Tell whether a literal is part of a text in which an encoded token may stand.

        What follows it decides alone, if it is known how that begins: it tells most.

        Args:
            data: what holds the literal.
            at: offset at which it begins.
            literal: the literal.
        """
        if literal in self._then:
            skipped, starts = self._then[literal]
            end = at + len(literal)
            rest = data[end : end + _FURTHEST].lstrip(skipped)
            return not rest or rest.startswith(starts)
        if literal in self._free:
            return _is_text(data[max(0, at - _TEXT) : at]) or _is_text(data[at + 1 : at + _TEXT])
        if literal in self._beside:
            before, behind = self._beside[literal]
            if before and at and data[at - 1 : at] not in before:
                return False
            if behind and data[at + len(literal) : at + len(literal) + 1] not in behind:
                return False
        if not literal.translate(None, HEX) and len(literal) > _SHORT:
            rest = data[at : at + _ID].lstrip(HEX + _LINES)
            return not rest or rest[0] in (_GAPS if literal in self._loose else _INTERRUPTIONS)
        text = data[at + 1 : at + _TEXT]
        return _is_text(text) and (
            literal in self._loose or b" " not in text.translate(None, b"\0").partition(b"\n")[0]
        )


def _is_text(data: bytes) -> bool:
    rest = data.translate(None, b"\0" + _TEXT_BYTES)
    return not rest or (min(rest) >= _BEYOND_ASCII and _is_utf_8(data))


def _is_utf_8(data: bytes) -> bool:
    """Whether it is, but for a character that is cut at either end."""
    try:
        data.lstrip(_CONTINUATIONS).decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return True

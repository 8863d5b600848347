"""Base64 and base64url, at any alignment, with or without padding, wrapped or not (RFC 4648)."""

from __future__ import annotations

import binascii
import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, chain
from typing import TYPE_CHECKING, overload

from leakscan.detect.decode.decoder import Decoded, Form

if TYPE_CHECKING:
    from collections.abc import Iterator

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")

_BREAK = rb"(?:\\r)?\\n|[ \t]*\r?\n[ \t]*"
"""Where a long text is wrapped: indented as in YAML, or written out as in JSON."""

_CHARACTERS = re.compile(rb"[A-Za-z0-9+/_-]*")

_BETWEEN = b" \t\r\nn\\\"'`=<>m\xe2\x8b\x8c\x8d\x8e\x8f\xa0\xef\xbf\xc2\xad"
"""What may stand between two characters where a text is broken: the ends of all of that, too."""

_FEWEST = 24
"""Characters behind the anchor without which nothing of interest can be written."""

_NO_TEXT = bytes(set(range(256)) - set(range(0x20, 0x7F)) - set(b"\t\r\n"))


class Base64:
    """Base64 in both alphabets."""

    name = "base64"

    def forms(self, text: bytes) -> Iterator[Form]:
        """Yield a literal for each alignment, and each alphabet where that makes a difference.

        Of three bytes, the first may be any of a unit; characters that hold bits of what stands
        beside the text are left out.  Lines are broken between units: where that is within a
        literal, what stands before or behind the break is a rare form.
        """
        for before in range(3):
            first = -(-before * 8 // 6)
            last = (before + len(text)) * 8 // 6
            number = int.from_bytes(text, "big") << 16
            literal = bytes(
                _ALPHABET[number >> (8 * len(text) + 16 + 8 * before - 6 * (at + 1)) & 63]
                for at in range(first, last)
            )
            ends = _behind(text) if before == 2 and len(text) == 3 else [b""]
            beside = _before(text, before), b"" if ends[0] else _after(text, before)
            for one in dict.fromkeys((literal, literal.translate(_TO_URL))):
                yield from (Form(one + end, -first, None, False, *beside) for end in ends)
            if len(text) == 3:  # of more, there is enough on one of the lines
                yield from _broken(literal, first, beside[0], _behind(text))

    def decode(self, data: bytes, anchor: int, low: int, high: int) -> Decoded | None:
        """Decode the run of characters around an anchor, as far as it is text on the left."""
        begin = max(low, anchor)
        behind = _runs(data, begin, high)
        if behind[-1][1] - begin < _FEWEST:
            return None
        before = _runs(data, _start(data, low, begin), begin)
        left = _joined(data, before)
        chars = (left + _joined(data, behind)).translate(_FROM_URL)
        skipped = len(left) % 4
        whole = len(chars) - skipped
        whole -= whole % 4 == 1
        padded = chars[skipped : skipped + whole] + b"=" * (-whole % 4)
        text = binascii.a2b_base64(padded)
        clear = _end_of_noise(text[: len(left) // 4 * 3])
        if clear == len(text):
            return None
        return Decoded(text[clear:], Positions(before + behind, skipped, len(text), clear))


def _behind(text: bytes) -> list[bytes]:
    """Return the characters that can follow a text of three bytes that ends with a unit's second.

    They hold the last four bits of the text, and two of an ASCII character.
    """
    return [_ALPHABET[(text[-1] & 15) << 2 | bit :][:1] for bit in (0, 1)]


def _before(text: bytes, before: int) -> bytes:
    """Return the characters that can precede a text: they hold its first bits, and two or four."""
    if not before:
        return b""
    known = 6 - 8 * before % 6  # bits of the text in that character
    last = text[0] >> (8 - known)
    chars = bytes(_ALPHABET[other << known | last] for other in range(1 << (6 - known)))
    return bytes({*chars, *chars.translate(_TO_URL), *_BETWEEN})


def _after(text: bytes, before: int) -> bytes:
    """Return the characters that can follow a text: they hold its last bits, and more of ASCII."""
    known = 8 * (before + len(text)) % 6  # bits of the text in that character
    if not known:
        return b""
    first = (text[-1] & ((1 << known) - 1)) << (6 - known)
    chars = bytes(_ALPHABET[first | other] for other in range(1 << (5 - known)))
    return bytes({*chars, *chars.translate(_TO_URL), *_BETWEEN})


def _broken(literal: bytes, first: int, before: bytes, behind: list[bytes]) -> Iterator[Form]:
    """Yield what is left of the literal of three bytes where a line break cuts it.

    Args:
        literal: the literal.
        first: position of its first character in its unit.
        before: what can precede the first one.
        behind: what can follow the last one.
    """
    for cut in range(4 - first % 4, len(literal), 4):
        head, tail = literal[:cut], literal[cut:]
        if len(head) > 1:
            pattern = rb"%b(?:%b)%b" % (head, _BREAK, tail)
            for end in (b"\n", b"\r", b"\\"):
                yield Form(head + end, -first, pattern, True, before)
        else:
            yield Form(b"\n" + tail, 1, is_rare=True)
            for start in (b" ", b"\t", b"n"):  # indented, or behind a break that is written out
                yield from (Form(start + tail + end, 1, is_rare=True) for end in behind)


_Run = tuple[int, int]
"""Where characters begin, and where they end."""


@cache
def _break() -> re.Pattern[bytes]:
    return re.compile(_BREAK)


@cache
def _backwards() -> re.Pattern[bytes]:
    """Return what matches characters and breaks, read from the last to the first."""
    return re.compile(rb"(?:n\\(?:r\\)?|[ \t]*\n\r?[ \t]*|[A-Za-mo-z0-9+/_-]+|n)*")


def _start(data: bytes, low: int, stop: int) -> int:
    """Return where the characters begin, and breaks between them, that end at an offset."""
    found = _backwards().match(data[low:stop][::-1])
    return stop - (found.end() if found else 0)


def _runs(data: bytes, start: int, high: int) -> list[_Run]:
    """Return where characters stand from an offset on, between breaks: one run at least."""
    match_run, match_break = _CHARACTERS.match, _break().match
    runs: list[_Run] = []
    at = start
    while run := match_run(data, at, high):
        runs.append(run.span())
        gap = match_break(data, run.end(), high)
        if gap is None:
            break
        at = gap.end()
    return runs


def _joined(data: bytes, runs: list[_Run]) -> bytes:
    return b"".join([data[start:end] for start, end in runs])


def _end_of_noise(text: bytes) -> int:
    """Return where text begins behind the last byte that is none: what stood there was no base64.

    A path or a word in front of an encoded text looks like a part of it.
    """
    kept = text.translate(None, _NO_TEXT)
    return 0 if len(kept) == len(text) else 1 + max(text.rfind(b) for b in set(text) - set(kept))


class Positions(Sequence[int]):
    """Where decoded bytes are written: three of them in four characters, in some runs of these.

    Args:
        runs: where the characters stand.
        skipped: characters before the first unit.
        length: bytes that are decoded.
        clear: how many of them are left out.
    """

    def __init__(self, runs: list[_Run], skipped: int, length: int, clear: int) -> None:
        self._starts = [start for start, _ in runs]
        self._firsts = list(accumulate(chain((0,), (end - start for start, end in runs[:-1]))))
        self._skipped, self._length, self._clear = skipped, length, clear

    def __len__(self) -> int:
        return self._length - self._clear + 1

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[int]: ...
    def __getitem__(self, index: int | slice) -> int | Sequence[int]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        at = index % len(self) + self._clear
        if at == self._length:
            return self._offset(self._skipped - (-at * 4 // 3) - 1) + 1
        return self._offset(self._skipped + at * 4 // 3)

    def __contains__(self, offset: object) -> bool:
        """Whether a unit begins at an offset."""
        if not isinstance(offset, int):
            return False
        piece = bisect_right(self._starts, offset) - 1
        char = self._firsts[piece] + offset - self._starts[piece]
        return piece >= 0 and (char - self._skipped) % 4 == 0

    def _offset(self, char: int) -> int:
        piece = bisect_right(self._firsts, char) - 1
        return self._starts[piece] + char - self._firsts[piece]

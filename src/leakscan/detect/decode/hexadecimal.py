"""Hex digits, and the dumps that people make of them: lists, columns, lines of ``xxd``."""

from __future__ import annotations

import re
import string
from array import array
from binascii import unhexlify
from functools import cache
from itertools import compress, islice
from typing import TYPE_CHECKING

from leakscan.detect.decode.decoder import Decoded, Form
from leakscan.detect.decode.mixing import either_case, fewest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    _MatchAt = Callable[[bytes, int, int], re.Match[bytes] | None]

_KNOWN = 3
"""Bytes of a text that are looked for: six digits are rare enough, and seldom broken."""

_SURE = 5
"""Bytes of a literal from which on one is rare enough to do for both cases."""

_DIGITS = string.hexdigits.encode()

_SEPARATORS = b":- \t\r\n\v\f,xX"

_IS_DIGIT = bytes(byte in _DIGITS for byte in range(256))

_IS_X = bytes(byte in b"xX" for byte in range(256))

_RUN = rb"[0-9A-Fa-f]{2,}+"

_SPACES_UP_TO = 32
"""Digits between two spaces, up to which the next ones belong to the same dump."""

_ALONE = 80
"""Digits on a line, up to which a text that begins with it may go on with the next line.

A list of tokens in hex looks like a dump; its lines are long enough to hold all of a token.
"""

_LINE_END = rb"[ \t]{0,40}\r?\n[ \t]{0,40}"
_LINE_END_BACK = rb"[ \t]{0,40}\n\r?[ \t]{0,40}"

_SPACES = rb"[ \t]{1,3}+(?!\r?\n)|" + _LINE_END
_SPACES_BACK = rb"[ \t]{1,3}+(?!\n)|" + _LINE_END_BACK

_GAPS = {
    b":": (rb":\s{0,40}", rb"\s{0,40}:"),
    b"-": (rb"-\s{0,40}", rb"\s{0,40}-"),
    b" ": (b"(?:%b)" % _SPACES, b"(?:%b)" % _SPACES_BACK),
    b"\n": (_LINE_END, _LINE_END_BACK),
}
"""Expressions for what stands between runs of digits, by what it begins with: both ways."""

_Gap = tuple[re.Pattern[bytes], re.Pattern[bytes]]
"""What matches a gap between two runs of digits, and the run behind it: forwards and backwards."""


@cache
def _gap(separator: bytes) -> _Gap:
    forwards, backwards = _GAPS[separator]
    digits = b"([0-9A-Fa-f]++)"
    return re.compile(forwards + digits), re.compile(backwards + digits)


_ITEM = rb"0[xX][0-9A-Fa-f]{2}(?![0-9A-Fa-f])"

_NEXT = rb"[,\s]\s{0,40}" + _ITEM
_BEFORE = rb"\s{0,40}[,\s][0-9A-Fa-f]{2}[xX]0"
"""Items of a list: one, one behind another, and one before another, which is read backwards.

They are matched one by one.  As a group that is repeated, they would take memory for each; and a
group that is repeated with ``*+`` holds part of what does not match any more in Python up to
3.11.4 (CPython's gh-100061).
"""

_GROUP = rb"(?:[0-9A-Fa-f]{2}){1,8}"

_DUMP_LINE = rb"""(?x) [ \t]{0,40} [0-9A-Fa-f]{3,15}0 :? [ \t]{1,4} (?:
        (%b (?:[ ]{1,2} %b){0,31}) [ ]{1,80} \| [^\n]{0,80}
      | (%b (?:[ ] %b){0,31}) (?:[ ]{2,80} [^\n]{0,80})?
    ) (?: \r?\n | \Z )""" % (_GROUP, _GROUP, _GROUP, _GROUP)
"""An offset, digits, and perhaps characters: of ``hexdump -C`` behind a bar, of ``xxd`` behind
two spaces, of ``od`` not at all.  Offsets of lines of 16 bytes end with a zero."""


@cache
def _dump_line() -> re.Pattern[bytes]:
    return re.compile(_DUMP_LINE)


class Hexadecimal:
    """Pairs of hex digits, in either case, in one piece or with something between all of them.

    Found are digits without gaps (also broken into lines, ``xxd -p``), with one or two spaces, a
    colon or a hyphen between bytes (``hexdump -C``, ``od -tx1``, .NET), in groups of two bytes
    (``xxd``), and lists (``0x72, 0x38``, also broken into lines).

    Not found are lists without commas (``0x72 0x38``), with a capital (``0X72``) or without any
    ``0x`` (``72, 38``), and words in which the bytes are swapped (``hexdump``, ``od -x``); nor is a
    text whose first three bytes stand on two lines of a dump with offsets, or whose first two do
    in one with gaps.
    """

    name = "hex"

    def forms(self, text: bytes) -> Iterator[Form]:
        """Yield a literal for each layout and, where it has letters, each case.

        The first form is digits without gaps in lower case; the second one is the same in upper
        case, unless the first does for both: letters at its end are left out.  All others are
        rare.
        """
        lower = [b"%02x" % byte for byte in text[:_KNOWN]]
        cases = list(dict.fromkeys(((*lower,), tuple(pair.upper() for pair in lower))))
        yield from (Form(one) for one in dict.fromkeys(_cut(b"".join(pairs)) for pairs in cases))
        yield from fewest(form for pairs in cases for form in _laid_out(pairs))

    def decode(self, data: bytes, anchor: int, low: int, high: int) -> Decoded | None:
        """Decode the digits before and after an anchor, in the layout that they have there."""
        if anchor < low:
            return None
        if data[anchor : anchor + 2] in (b"0x", b"0X"):
            return _list(data, anchor, low, high)
        return _dump(data, anchor, low, high) or _run(data, anchor, low, high)


def _laid_out(pairs: Sequence[bytes]) -> Iterator[Form]:
    """Yield what pairs of digits look like in each layout; a pattern holds its literal."""
    first, second, *more = pairs
    yield from _listed(pairs)
    for mark in (b" ", b"  ", b":", b"-"):
        gap = rb"\s{1,20}" if mark.isspace() else mark + rb"\s{0,20}"
        literal = first + mark + second
        pattern = b"".join((literal, *(gap + either_case(pair) for pair in more)))
        yield Form(literal, 0, pattern, is_rare=True)
    for third in more:
        yield Form(_cut(first + second + b" " + third), is_rare=True)
        yield Form(_cut(first + b" " + second + third), is_rare=True)
        pattern = first + rb"\r?\n" + second + third
        yield Form(b"\n" + second + third, 1, pattern, is_rare=True, is_last=True)
        for end in (b"\n", b"\r\n"):
            pattern = first + second + end + either_case(third)
            yield Form(first + second + end[:1], 0, pattern, is_rare=True)


def _listed(pairs: Sequence[bytes]) -> Iterator[Form]:
    """Yield how a list may begin: with two items, since one stands in each table of bytes."""
    first, second, *more = pairs
    rest = b"".join(rb",\s{0,20}0[xX]" + either_case(pair) for pair in more)
    items = {x + digits for x in (b"0x", b"0X") for digits in (second.lower(), second.upper())}
    then = b" \t\r\n", tuple(sorted(items))
    for blank in (b"", b" "):
        begun = b"0x%b,%b" % (first, blank)
        two = b"%b0x%b" % (begun, second)
        yield Form(two, 0, two + rest, is_rare=True)
        for white in (b"\n", b"\r", b"\t", b"  "):
            literal = begun + white
            pattern = rb"%b\s{0,20}0[xX]%b%b" % (literal, either_case(second), rest)
            yield Form(literal, 0, pattern, is_rare=True, then=then)


def _cut(literal: bytes) -> bytes:
    """Leave out letters at the end, so that one literal does for both cases."""
    short = literal.rstrip(b"abcdefABCDEF")
    return short if len(short) >= _SURE else literal


def _list(data: bytes, anchor: int, low: int, high: int) -> Decoded | None:
    """Decode ``0x72, 0x38``."""
    match_item, match_next, match_before = _items()
    first = match_item(data, anchor, high)
    if first is None:
        return None
    head = data[low:anchor][::-1]
    start = anchor - _repeated(match_before, head, 0, len(head))
    stop = _repeated(match_next, data, first.end(), high)
    raw = data[start:stop]
    digits = raw.replace(b"0X", b"").replace(b"0x", b"").translate(None, _SEPARATORS)
    # An x stands one behind where its unit begins.
    origin = array("Q", compress(range(start - 1, stop - 1), raw.translate(_IS_X)))
    origin.append(stop)
    return Decoded(unhexlify(digits), origin)


@cache
def _items() -> tuple[_MatchAt, ...]:
    return tuple(re.compile(item).match for item in (_ITEM, _NEXT, _BEFORE))


def _repeated(match: _MatchAt, data: bytes, at: int, high: int) -> int:
    """Return where the last of the items ends that follow one another from an offset on."""
    while found := match(data, at, high):
        at = found.end()
    return at


def _run(data: bytes, anchor: int, low: int, high: int) -> Decoded | None:
    """Decode digits that are in one piece, or in pieces of the same length but for the last."""
    run = re.compile(_RUN).match(data, anchor, high)
    if run is None:
        return None
    head = data[low:anchor]
    start, stop = low + len(head.rstrip(_DIGITS)), run.end()
    gap = _gap_at(data, anchor, start, stop, low, high)
    if gap is not None:
        forwards, backwards = gap
        width = stop - start
        turned = data[low:start][::-1]
        before = backwards.match(turned)
        behind = forwards.match(data, stop, high)
        is_last = behind is None or len(behind[1]) != width
        if is_last and before and len(before[1]) > width:
            width = len(before[1])
        else:
            stop = _extended(forwards, data, stop, high, width)
        start -= _extended(backwards, turned, 0, len(turned), width, whole=True)
    return _pairs(data, anchor, start, stop)


def _gap_at(data: bytes, anchor: int, start: int, stop: int, low: int, high: int) -> _Gap | None:
    """Return what stands between a run of digits and those beside it, if they belong together."""
    width = stop - start
    if start == anchor and width >= _ALONE:
        first = unhexlify(data[start : start + _ALONE])
        if all(0x20 <= byte < 0x7F for byte in first):
            return None
    around = (data[stop : min(stop + 1, high)], data[max(start - 1, low) : start])
    for separator in (b":", b"-"):
        if separator in around:
            return _gap(separator)
    return _gap(b" " if width <= _SPACES_UP_TO else b"\n")


def _extended(
    gap: re.Pattern[bytes], data: bytes, at: int, high: int, width: int, *, whole: bool = False
) -> int:
    """Return where the last run ends that belongs to those before it: a shorter one ends a dump."""
    while found := gap.match(data, at, high):
        length = len(found[1])
        if length > width or (whole and length < width):
            break
        at = found.end()
        if length < width:
            break
    return at


def _pairs(data: bytes, anchor: int, start: int, stop: int) -> Decoded | None:
    """Decode digits in any number of pieces; at the anchor, a pair begins."""
    raw = data[start:stop]
    digits = raw.translate(None, _SEPARATORS)
    skipped = len(data[start:anchor].translate(None, _SEPARATORS)) % 2
    count = (len(digits) - skipped) // 2
    text = unhexlify(digits[skipped : skipped + 2 * count])
    if len(raw) == len(digits):
        first = start + skipped
        return Decoded(text, range(first, first + 2 * count + 1, 2))
    places = compress(range(start, stop), raw.translate(_IS_DIGIT))
    origin = array("Q", islice(places, skipped, skipped + 2 * count, 2))
    if (len(digits) - skipped) % 2:
        stop = start + len(raw[:-1].rstrip(_SEPARATORS))
    origin.append(stop)
    return Decoded(text, origin)


def _dump(data: bytes, anchor: int, low: int, high: int) -> Decoded | None:
    """Decode the lines of a dump with offsets."""
    match_line = _dump_line().match
    begin = data.rfind(b"\n", low, anchor) + 1 or low
    line = match_line(data, begin, high)
    if line is None or not line.start(line.lastindex or 0) <= anchor < line.end(
        line.lastindex or 0
    ):
        return None
    lines = [line]
    while begin > low:
        end, begin = begin, data.rfind(b"\n", low, begin - 1) + 1 or low
        before = match_line(data, begin, end)
        if before is None or before.end() != end:
            break
        lines.append(before)
    lines.reverse()
    while after := match_line(data, lines[-1].end(), high):
        lines.append(after)
    origin = array("Q")
    for one in lines:
        start, stop = one.span(one.lastindex or 0)
        mask = data[start:stop].translate(_IS_DIGIT)
        origin.extend(islice(compress(range(start, stop), mask), 0, None, 2))
    digits = b"".join(one[one.lastindex or 0] for one in lines).translate(None, b" ")
    origin.append(lines[-1].end(lines[-1].lastindex or 0))
    return Decoded(unhexlify(digits), origin)

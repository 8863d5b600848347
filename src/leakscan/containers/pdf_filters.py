"""Decode the streams of a PDF (ISO 32000-1, 7.4), in pieces."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from isal import isal_zlib

from leakscan.containers.container import CHUNK, MemberError
from leakscan.containers.isal_fault import ISAL_FAULT
from leakscan.containers.pdf_objects import Ref, parse
from leakscan.git.texts import readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from leakscan.containers.container import Budget
    from leakscan.containers.pdf_objects import Value

PICTURES = frozenset(
    {b"DCTDecode", b"DCT", b"JPXDecode", b"CCITTFaxDecode", b"CCF", b"JBIG2Decode"}
)
"""Filters whose streams are pictures."""

_NAME_END = rb"(?![^\s()<>\[\]{}/%])"

_FILTER = re.compile(rb"/Filter[\s\0]*+(?:/([A-Za-z0-9]++)|\[([^\]<>()]*+)\]|([0-9]))")

_NESTED = re.compile(rb"(?s)[(%]|<<.*<<")
"""What may make another thing look like the filters of a stream."""

_PARAMETERS = re.compile(rb"/EarlyChange\s++0" + _NAME_END)

_SPACE = b" \t\r\n\f\0"

_STEP = 4096
"""Bytes that are decompressed at a time."""

MAX_EFFORT = 3_000_000_000
"""Nanoseconds, about, in which filters are undone byte by byte in a document: six megabytes of LZW,
sixteen of the others.  Few documents have text in them."""

_RUN_END = 128
"""The length that ends a run-length encoded stream."""

_LZW_CLEAR, _LZW_END, _LZW_FIRST, _LZW_LAST = 256, 257, 258, 4096


class Effort:
    """What it may take to undo the filters of a document that are undone byte by byte.

    Args:
        most: in nanoseconds, about.
    """

    def __init__(self, most: int = MAX_EFFORT) -> None:
        self._left = most

    def spend(self, pieces: Iterable[bytes], each: int) -> Iterator[bytes]:
        """Yield pieces of what is to be undone.

        Args:
            pieces: all of it.
            each: what a byte takes.

        Raises:
            MemberError: the next piece takes more than is left.
        """
        for piece in pieces:
            self._left -= len(piece) * each
            if self._left < 0:
                raise MemberError("it takes too long to decode")
            yield piece


def filters(dictionary: bytes) -> list[bytes]:
    """Return the filters that a stream's dictionary names, the first to undo first.

    Raises:
        MemberError: it does not name them.
    """
    if dictionary.count(b"/Filter") > 1 or _NESTED.search(dictionary):
        said = parse(dictionary).value
        if isinstance(said, dict):
            return _named(said.get(b"/Filter"))
    found = _FILTER.search(dictionary)
    if not found:
        return []
    if found[3]:
        raise MemberError("its encoding is named elsewhere")
    if found[1] is not None:
        return [found[1]]
    return [name.strip(_SPACE) for name in found[2].split(b"/")[1:]]


def _named(value: Value) -> list[bytes]:
    """Return the filters that a parsed value names."""
    names = value if isinstance(value, list) else [value]
    if any(isinstance(name, Ref) for name in names):
        raise MemberError("its encoding is named elsewhere")
    return [name[1:] for name in names if isinstance(name, bytes) and name]


def decoded(raw: memoryview, dictionary: bytes, budget: Budget, effort: Effort) -> Iterator[bytes]:
    """Decode a stream.

    Args:
        raw: as it stands in the file.
        dictionary: what stands before it.
        budget: told of each piece, of each filter.
        effort: told of what goes into the slow ones.

    Yields:
        Its content, in pieces of about `CHUNK` bytes.

    Raises:
        MemberError: the rest cannot be decoded.
        SpentError: the budget does not allow more.
    """
    pieces: Iterator[bytes] = (bytes(raw[at : at + CHUNK]) for at in range(0, len(raw), CHUNK))
    names = filters(dictionary)
    if len(names) > 8:
        raise MemberError("it is encoded too many times")
    for name in names:
        undo = _FILTERS.get(name)
        if undo is None:
            if name == b"Crypt":
                raise MemberError("it is encrypted")
            raise MemberError(f"its encoding is not known: {readable(name[:40])}")
        if name in _SLOW:
            pieces = effort.spend(pieces, _SLOW[name])
        early = not _PARAMETERS.search(dictionary)
        pieces = _charged(undo(pieces, early), budget)
    return pieces


def _charged(pieces: Iterable[bytes], budget: Budget) -> Iterator[bytes]:
    for piece in pieces:
        budget.spend(len(piece))
        yield piece


def _flate(pieces: Iterator[bytes], _early: bool) -> Iterator[bytes]:
    inflater = isal_zlib.decompressobj()
    try:
        # What it has made of the step with a fault in it is lost.
        for step in _steps(pieces, _STEP):
            rest = step
            while True:
                got = inflater.decompress(rest, CHUNK)
                if got:
                    yield got
                rest = inflater.unconsumed_tail
                if inflater.eof:
                    return
                if not rest and len(got) < CHUNK:
                    break
    except ISAL_FAULT:
        raise MemberError("its compressed data is corrupt") from None
    raise MemberError("it is cut short")


def _steps(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Cut pieces up."""
    for piece in pieces:
        for at in range(0, len(piece), size):
            yield piece[at : at + size]


def _hex(pieces: Iterator[bytes], _early: bool) -> Iterator[bytes]:
    kept = b""
    for piece in pieces:
        digits, end, _ = piece.partition(b">")
        digits = kept + digits.translate(None, _SPACE)
        if end and len(digits) % 2:
            digits += b"0"
        even = len(digits) & ~1
        kept = digits[even:]
        try:
            yield bytes.fromhex(digits[:even].decode("ascii"))
        except ValueError:
            raise MemberError("its hexadecimal digits are corrupt") from None
        if end:
            return


def _ascii85(pieces: Iterator[bytes], _early: bool) -> Iterator[bytes]:
    from base64 import a85decode

    kept = b""
    first = next(pieces, b"").lstrip(_SPACE).removeprefix(b"<~")
    for piece in _steps(chain((first,), pieces), CHUNK // 4):  # a "z" is four bytes
        digits, end, _ = piece.partition(b"~")
        digits = kept + digits.translate(None, _SPACE)
        # A "z" stands for five digits, so cut where no group can be torn: it breaks none.
        whole = len(digits) if end else _whole_groups(digits)
        kept = digits[whole:]
        try:
            yield a85decode(digits[:whole])
        except ValueError:
            raise MemberError("its base 85 digits are corrupt") from None
        if end:
            return
    if kept:
        raise MemberError("it is cut short")


def _whole_groups(digits: bytes) -> int:
    """Return where the last whole group of base 85 digits ends."""
    last = digits.rfind(b"z") + 1  # a "z" stands only between groups
    return last + (len(digits) - last) // 5 * 5


def _run_length(pieces: Iterator[bytes], _early: bool) -> Iterator[bytes]:
    data = b""
    # Two bytes are up to 128: no step makes more than a piece.
    for piece in _steps(pieces, CHUNK // 64):
        data += piece
        at = 0
        made: list[bytes] = []
        while at < len(data):
            length = data[at]
            if length == _RUN_END:
                yield b"".join(made)
                return
            end = at + 2 + (length if length < _RUN_END else 0)
            if end > len(data):
                break
            run = data[at + 1 : end]
            made.append(run if length < _RUN_END else run * (257 - length))
            at = end
        data = data[at:]
        yield b"".join(made)
    if data:
        raise MemberError("it is cut short")


def _lzw(pieces: Iterator[bytes], early: bool) -> Iterator[bytes]:
    """Undo LZW; `early` says that codes grow one code before they must."""
    table = [bytes([code]) for code in range(256)] + [b"", b""]
    width, limit, before = 9, 512 - early, b""
    made: list[bytes] = []
    bits = have = size = 0
    for byte in chain.from_iterable(pieces):
        bits, have = (bits << 8 | byte) & 0xFFFFFF, have + 8
        if have < width:
            continue
        have -= width
        code = bits >> have & ((1 << width) - 1)
        if code < _LZW_CLEAR or _LZW_END < code < len(table):
            text = table[code]
        elif code == _LZW_CLEAR:
            del table[_LZW_FIRST:]
            width, limit, before = 9, 512 - early, b""
            continue
        elif code == _LZW_END:
            break
        elif code > len(table) or not before:
            yield b"".join(made)
            raise MemberError("its compressed data is corrupt")
        else:
            text = before + before[:1]
        if before and len(table) < _LZW_LAST:
            table.append(before + text[:1])
            if len(table) >= limit and width < 12:
                width, limit = width + 1, 2 * limit + early
        made.append(text)
        before, size = text, size + len(text)
        if size >= CHUNK:
            yield b"".join(made)
            made, size = [], 0
    yield b"".join(made)


_FILTERS: dict[bytes, Callable[[Iterator[bytes], bool], Iterator[bytes]]] = {
    b"FlateDecode": _flate,
    b"Fl": _flate,
    b"LZWDecode": _lzw,
    b"LZW": _lzw,
    b"ASCIIHexDecode": _hex,
    b"AHx": _hex,
    b"ASCII85Decode": _ascii85,
    b"A85": _ascii85,
    b"RunLengthDecode": _run_length,
    b"RL": _run_length,
}

_SLOW = {
    b"LZWDecode": 500,
    b"LZW": 500,
    b"ASCII85Decode": 180,
    b"A85": 180,
    b"RunLengthDecode": 180,
    b"RL": 180,
}
"""Nanoseconds that a byte takes at most, about, of filters that are undone byte by byte."""

"""Decompression that no hostile stream can turn into a bomb.

libdeflate is the fastest inflater for a kilobyte or more.  It is told the size that the entry
claims and fails rather than write a byte more.  For streams of up to `TINY` bytes, which most
deltas are, zlib takes half its time, since it sets up less; these cannot grow to much.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import deflate

from leakscan.git.damage import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_RATIO = 1032
"""No deflate stream expands further than this (https://zlib.net/zlib_tech.html)."""

CHUNK = 1 << 20
"""Bytes that `inflate_chunks` asks for at a time."""

TINY = 192
"""Compressed bytes up to which zlib is faster, by measurement; they inflate to 200 kB at most."""

inflate_tiny = zlib.decompress
"""``(data, 15, size) -> bytes`` of any length; ``size`` is how many to make room for."""

inflate_upto = deflate.zlib_decompress
"""``(data, limit) -> bytearray`` of at most ``limit`` bytes; a limit of 0 reads nothing."""

INFLATE_ERRORS = (deflate.DeflateError, zlib.error, MemoryError)


def inflate(data: bytes | memoryview, size: int) -> bytes:
    """Inflate a zlib stream that must yield exactly ``size`` bytes.

    What follows the end of the stream in ``data`` is ignored.

    Raises:
        DamagedError: the stream is corrupt, truncated, or longer or shorter than it claims.
    """
    if size > len(data) * MAX_RATIO:
        raise DamagedError(wrong_size(f"at most {len(data) * MAX_RATIO}", size))
    try:
        if len(data) <= TINY:
            result = inflate_tiny(data, 15, size)
        else:
            result = bytes(inflate_upto(data, size or 1))
    except INFLATE_ERRORS:
        raise DamagedError("its compressed data is corrupt, cut short or too long") from None
    if len(result) != size:
        raise DamagedError(wrong_size(len(result), size))
    return result


def inflate_chunks(data: bytes | memoryview, size: int) -> Iterator[bytes]:
    """Inflate a zlib stream of exactly ``size`` bytes in pieces, holding only one of them.

    Raises:
        DamagedError: as `inflate`; pieces already yielded were read.
    """
    stream = zlib.decompressobj()
    done = 0
    pending = memoryview(data)
    while not stream.eof:
        try:
            piece = stream.decompress(pending[:CHUNK], CHUNK)
        except zlib.error:
            raise DamagedError("its compressed data is corrupt") from None
        taken = min(CHUNK, len(pending)) - len(stream.unconsumed_tail)
        pending = pending[taken:]
        done += len(piece)
        if done > size or not (piece or taken):
            break
        if piece:
            yield piece
    if done != size or not stream.eof:
        raise DamagedError(wrong_size(done if stream.eof else f"more or less than {size}", size))


def wrong_size(got: int | str, claimed: int) -> str:
    """Word the commonest fault of an entry."""
    return f"it inflates to {got} bytes, not to the {claimed} it claims"

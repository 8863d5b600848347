"""Decompressors, each made to give a piece at a time, whatever the stream claims to hold."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Protocol

from leakscan.containers.container import CHUNK, MemberError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from leakscan.containers.container import Budget, Buffer

MAX_WINDOW = 1 << 28
"""Bytes of what went before that a stream may refer to: ``xz -9`` takes 64 MiB, ``zstd -19
--long=27`` 128; these claim up to 4 GiB."""

CUT_SHORT = "it is cut short"
DAMAGED = "it is damaged"
TOO_WIDE = f"reading it takes more than {MAX_WINDOW >> 20} MiB of memory"

_FIRST_STEP = 1 << 12
"""Bytes that are fed at first; what is left of a step is copied, so a short stream costs little."""

_LAST_STEP = 1 << 18
"""Bytes that are fed from the seventh step on; isal is slower with less."""


_CAREFUL_STEP = 1 << 6
"""Bytes that are fed at a time to a stream that is known to be damaged near there."""

_SUMS = 8
"""Bytes at the end of a gzip stream that say only what all before them should be."""


class Decompressor(Protocol):
    """What the standard library's decompressors have in common."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether it can give nothing more until it is fed."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What it was fed beyond the end of the stream."""
        ...

    def decompress(self, data: bytes, /, max_length: int) -> bytes:
        """Give up to ``max_length`` bytes; the rest of ``data`` is kept."""
        ...


@dataclass(frozen=True, slots=True)
class Method:
    """One way to compress.

    Attributes:
        start: makes a decompressor for one stream.
        faults: what that raises if the stream is damaged.
    """

    start: Callable[[], Decompressor]
    faults: tuple[type[Exception], ...]


def deflate() -> Method:
    """Raw deflate, as in zip."""
    from isal import igzip_lib

    return Method(
        lambda: igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_DEFLATE),
        _isal_faults(),
    )


def gzip() -> Method:
    """One member of a gzip file, with its header and check sum."""
    from isal import igzip_lib

    return Method(
        lambda: igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_GZIP),
        _isal_faults(),
    )


def _isal_faults() -> tuple[type[Exception], ...]:
    from leakscan.containers.isal_fault import ISAL_FAULT

    return ISAL_FAULT, MemoryError


def bzip2() -> Method:
    """One bzip2 stream."""
    import bz2

    return Method(bz2.BZ2Decompressor, (OSError, ValueError, MemoryError))


def xz() -> Method:
    """One xz stream."""
    import lzma

    return Method(
        lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_lzma_memory()),
        (lzma.LZMAError, MemoryError),
    )


def lzma_alone() -> Method:
    """One stream in the format that was before xz: properties, size, stream."""
    import lzma

    return Method(
        lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_lzma_memory()),
        (lzma.LZMAError, MemoryError),
    )


def zstd() -> Method:
    """One frame of zstd; one that is to be skipped gives nothing."""
    import sys

    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    options = {int(zstd.DecompressionParameter.window_log_max): MAX_WINDOW.bit_length() - 1}
    return Method(
        lambda: zstd.ZstdDecompressor(options=options),
        (zstd.ZstdError, MemoryError),
    )


def unpack(
    data: Buffer, start: int, end: int, method: Method, budget: Budget, head: bytes = b""
) -> Generator[bytes, None, int]:
    """Yield what a stream unpacks to, in pieces of up to `CHUNK` bytes.

    Args:
        data: what holds the stream.
        start: where it begins in that.
        end: where it ends at the latest.
        method: how it is compressed.
        budget: told of each piece.
        head: what is fed before it.

    Returns:
        Where it ends in the data.

    Raises:
        MemberError: it is damaged or cut short; what could be read before was yielded.
        SpentError: the budget does not allow more.
    """
    stream = method.start()
    at, step, fed, given = start, _FIRST_STEP, head, 0
    while not stream.eof:
        if stream.needs_input and not fed:
            fed = data[at : min(at + step, end)]
            if not fed:
                raise MemberError(CUT_SHORT)
            at += len(fed)
            step = min(2 * step, _LAST_STEP)
        try:
            piece = stream.decompress(fed, CHUNK)
        except method.faults as error:
            for piece in _salvaged(data, start, at, method, head, given):
                budget.spend(len(piece))
                yield piece
            raise MemberError(_fault(error)) from None
        if piece:
            given += len(piece)
            budget.spend(len(piece))
            yield piece
        else:  # or else a hundred thousand members could lead to the same gigabyte of nothing
            budget.spend(len(fed))
            if not (fed or stream.needs_input or stream.eof):  # it would never go on
                raise MemberError(DAMAGED)
        fed = b""
    return at - len(stream.unused_data)


def stored(data: Buffer, start: int, end: int, budget: Budget) -> Iterator[bytes]:
    """Yield what is not compressed, in pieces of up to `CHUNK` bytes.

    Raises:
        MemberError: the data ends before it.
        SpentError: the budget does not allow more.
    """
    for at in range(start, min(end, len(data)), CHUNK):
        piece = data[at : min(at + CHUNK, end)]
        budget.spend(len(piece))
        yield piece
    if end > len(data):
        raise MemberError(CUT_SHORT)


def _salvaged(
    data: Buffer, start: int, end: int, method: Method, head: bytes, given: int
) -> Iterator[bytes]:
    """Yield what a damaged stream holds before the damage, beyond what it gave already.

    A decompressor keeps to itself what it has made when it comes to a fault.
    """
    stream = method.start()
    near, sums = max(start, end - _LAST_STEP), max(start, end - _SUMS)
    steps = chain(range(start, near, _LAST_STEP), range(near, sums, _CAREFUL_STEP), (sums, end))
    for fed in chain((head,), (data[at:after] for at, after in pairwise(steps))):
        more = fed
        while True:
            try:
                piece = stream.decompress(more, CHUNK)
            except method.faults:
                return
            if len(piece) > given:
                yield piece[given:]
            given = max(0, given - len(piece))
            if stream.eof or not piece:
                break
            more = b""
        if stream.eof:
            return


def _lzma_memory() -> int:
    return MAX_WINDOW + (1 << 20)  # what liblzma takes beside the window is a tenth of that


def _fault(error: Exception) -> str:
    """Say for people why a decompressor gave up."""
    words = str(error).lower()
    if isinstance(error, MemoryError) or "memory" in words:
        return TOO_WIDE
    if "dictionary mismatch" in words:
        return "it was compressed with a dictionary that is not in it"
    return DAMAGED

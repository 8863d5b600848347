"""Files that hold one other file, compressed: gzip, bzip2, xz, LZMA and zstd.

Each may be several streams one after the other, as ``cat a.gz b.gz`` makes them.  What follows
the last stream and begins no other one is left out here: it stands plainly in the file.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from leakscan.containers import decompress
from leakscan.containers.container import Member
from leakscan.git.texts import readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leakscan.containers.container import Budget, Buffer

_FEXTRA, _FNAME, _RESERVED = 4, 8, 0xE0
"""Bits of gzip's flags (RFC 1952)."""

_KNOWN_SYSTEMS = frozenset({*range(14), 255})
"""Operating systems that a gzip header may name (RFC 1952)."""

_TRIED = 1024
"""Bytes that are inflated of what names another one."""

_BZIP2_BLOCK, _BZIP2_END = b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90"

_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_TAKEN_OUT = b"\x2a\x4d\x18"
"""The last three bytes of the magic number of a frame that is to be skipped (RFC 8878)."""

_ENDLESS = b"\xff" * 8
"""The size of an LZMA file that ends with a marker."""


class _Compressed:
    """What all of them do in the same way."""

    hides = True

    def __init__(
        self,
        name: str,
        method: Callable[[], decompress.Method],
        begins: Callable[[Buffer, int], bool],
        called: Callable[[Buffer], str] = lambda _: "",
    ) -> None:
        self.name = name
        self._method, self._begins, self._called = method, begins, called

    def members(self, data: Buffer, budget: Budget) -> Iterator[Member]:
        """Yield the one file that it holds, nameless if no name is given; see `Format.members`."""
        budget.enter()
        yield Member(self._called(data), self._chunks(data, budget))

    def _chunks(self, data: Buffer, budget: Budget) -> Iterator[bytes]:
        method = self._method()
        at = 0
        while True:
            at = yield from decompress.unpack(data, at, len(data), method, budget)
            at = _past_zeros(data, at)
            if not self._begins(data, at):
                return
            budget.enter()  # a stream may be empty, and there may be millions


def _past_zeros(data: Buffer, at: int) -> int:
    """Return where something else stands than the zeros that tapes and xz fill up with."""
    found = re.compile(rb"[^\0]").search(data, at)
    return found.start() if found else len(data)


def is_gzip(data: Buffer, at: int = 0) -> bool:
    """Whether a gzip header stands there."""
    head = data[at : at + _TRIED]
    if len(head) < 10 or head[:3] != b"\x1f\x8b\x08" or head[3] & _RESERVED:
        return False
    return head[9] in _KNOWN_SYSTEMS or _inflates(head)


def _inflates(head: bytes) -> bool:
    try:
        return bool(zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, 1))
    except zlib.error:
        return False


def is_bzip2(data: Buffer, at: int = 0) -> bool:
    """Whether a bzip2 stream begins there."""
    head = data[at : at + 10]
    return (
        head[:3] == b"BZh" and head[3:4] in b"123456789" and head[4:] in (_BZIP2_BLOCK, _BZIP2_END)
    )


def is_xz(data: Buffer, at: int = 0) -> bool:
    """Whether a header of an xz stream stands there, with the right check sum."""
    head = data[at : at + 12]
    return head[:6] == b"\xfd7zXZ\0" and zlib.crc32(head[6:8]) == int.from_bytes(head[8:], "little")


def is_lzma(data: Buffer, at: int = 0) -> bool:
    """Whether an LZMA file begins there: without a magic number, all that is usual must be so."""
    head = data[at : at + 18]
    if len(head) < 18 or head[0] != 0x5D or head[13]:
        return False
    window, size = int.from_bytes(head[1:5], "little"), head[5:13]
    if window < 1 << 12 or (window & (window - 1) and window not in _sums_of_two_powers()):
        return False
    if size != _ENDLESS and int.from_bytes(size, "little") >> 38:
        return False
    try:
        decompress.lzma_alone().start().decompress(data[at : at + 4096], 4096)
    except decompress.lzma_alone().faults as error:
        return "memory" in str(error).lower()
    return True


def _sums_of_two_powers() -> frozenset[int]:
    return frozenset((1 << n) + (1 << n - 1) for n in range(12, 32))


def is_zstd(data: Buffer, at: int = 0) -> bool:
    """Whether a frame of zstd begins there, or one to be skipped and then another."""
    if data[at : at + 4] == _ZSTD:
        return True
    if not _is_taken_out(data, at):
        return False
    after = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
    return data[after : after + 4] == _ZSTD or _is_taken_out(data, after) or after == len(data)


def _is_taken_out(data: Buffer, at: int) -> bool:
    head = data[at : at + 4]
    return head[1:] == _ZSTD_TAKEN_OUT and 0x50 <= head[0] <= 0x5F


def _gzip_name(data: Buffer) -> str:
    """Return the name in a gzip header, except a tar's: to people, a tar.gz is one archive."""
    flags = int.from_bytes(data[3:4], "little")
    if not flags & _FNAME:
        return ""
    at = 10
    if flags & _FEXTRA:
        at += 2 + int.from_bytes(data[at : at + 2], "little")
    end = data.find(b"\0", at, at + 4096)
    name = readable(data[at:end]) if end > 0 else ""
    return "" if name.endswith(".tar") else name


class Gzip(_Compressed):
    """gzip (RFC 1952), with isal."""

    def __init__(self) -> None:
        super().__init__("gzip", decompress.gzip, is_gzip, _gzip_name)


class Bzip2(_Compressed):
    """bzip2."""

    def __init__(self) -> None:
        super().__init__("bzip2", decompress.bzip2, is_bzip2)


class Xz(_Compressed):
    """xz."""

    def __init__(self) -> None:
        super().__init__("xz", decompress.xz, is_xz)


class Lzma(_Compressed):
    """The format that was before xz."""

    def __init__(self) -> None:
        super().__init__("LZMA", decompress.lzma_alone, is_lzma)


class Zstd(_Compressed):
    """Zstandard (RFC 8878)."""

    def __init__(self) -> None:
        super().__init__("zstd", decompress.zstd, is_zstd)

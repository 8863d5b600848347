"""zip, and all that is one: docx, xlsx, jar, whl, apk, epub, programs that unpack themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakscan.containers import decompress
from leakscan.containers.container import CHUNK, Member, MemberError
from leakscan.containers.zip_directory import (
    SPANNED,
    Entry,
    entries,
    find_directory,
    is_whole,
    local,
    next_local,
)
from leakscan.git.texts import readable
from leakscan.model import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.containers.container import Budget, Buffer

_STORED, _DEFLATED, _BZIP2, _LZMA, _ZSTD, _XZ, _AES = 0, 8, 12, 14, 93, 95, 99

_METHODS = {
    _DEFLATED: decompress.deflate,
    _BZIP2: decompress.bzip2,
    _LZMA: decompress.lzma_alone,
    _ZSTD: decompress.zstd,
    _XZ: decompress.xz,
}

_UNKNOWN_METHODS = {
    1: "shrink",
    6: "implode",
    9: "deflate64",
    94: "MP3",
    96: "JPEG",
    97: "WavPack",
    98: "PPMd",
}
"""Names of methods that nothing here can undo (APPNOTE.TXT, 4.4.5)."""

_ENCRYPTED = 1 | 1 << 6
"""Flags: encrypted, and strongly."""

_ENDS_WITH_MARKER = 2
"""Flag of LZMA: the stream does not go by the size."""

_MAX_RATIO = 1032
"""No deflate stream expands further than this (https://zlib.net/zlib_tech.html)."""

_DESCRIPTOR = b"PK\x07\x08"
"""Follows a member whose size stands behind it."""


class Zip:
    """A zip."""

    name = "zip"
    hides = True

    def members(self, data: Buffer, budget: Budget) -> Iterator[Member | Unread]:
        """Yield its members in the order of its directory; see `Format.members`.

        Without a directory, those whose headers are found are read all the same.
        """
        directory = find_directory(data)
        if directory is None:
            yield from _without_directory(data, budget)
            return
        count = 0
        for entry in entries(data, directory):
            budget.enter()
            count += 1
            yield _member(data, entry, budget)
        if not is_whole(directory, count):
            yield Unread("", "its directory is damaged")


def looks_like(data: Buffer) -> bool:
    """Whether it is a zip: a member's header stands first, or a directory near the end."""
    if data[:2] == b"PK" and local(data, 4 if data[:4] in SPANNED else 0):
        return True
    directory = find_directory(data)
    return directory is not None and (directory.count > 0 or data[-22:-18] == b"PK\5\6")


def _without_directory(data: Buffer, budget: Budget) -> Iterator[Member | Unread]:
    at = 0
    while entry := next_local(data, at):
        budget.enter()
        yield _member(data, entry, budget)
        at = (entry.start or 0) + (entry.packed or 0)
    yield Unread("", "its directory is missing: it is cut short")


def _member(data: Buffer, entry: Entry, budget: Budget) -> Member | Unread:
    name = readable(entry.name)
    if entry.flags & _ENCRYPTED:
        return Unread(name, "it is encrypted")
    if entry.method != _STORED and entry.method not in _METHODS:
        method = _UNKNOWN_METHODS.get(entry.method, f"method {entry.method}")
        return Unread(name, f"it is packed with {method}")
    if entry.start is None:
        return Unread(name, "it is not where the directory says")
    if entry.packed == entry.size == 0:
        return Member(name, ())
    return Member(name, _checked(_content(data, entry, entry.start, budget), entry))


def _checked(pieces: Iterator[bytes], entry: Entry) -> Iterator[bytes]:
    from isal.isal_zlib import crc32

    crc = 0
    for piece in pieces:
        crc = crc32(piece, crc)
        yield piece
    if entry.crc not in (crc, None):
        raise MemberError("it is damaged: its check sum is wrong")


def _content(data: Buffer, entry: Entry, start: int, budget: Budget) -> Iterator[bytes]:
    end = len(data) if entry.packed is None else start + entry.packed
    if entry.method == _STORED:
        if entry.packed is None:
            end = data.find(_DESCRIPTOR, start)
        return decompress.stored(data, start, len(data) if end < 0 else end, budget)
    if entry.method == _DEFLATED and entry.size and end - start <= CHUNK >= entry.size:
        content = _inflated(data[start:end], entry.size)
        if content:
            budget.spend(len(content))
            return iter((content,))
    head = b""
    if entry.method == _LZMA:
        start, head = _lzma_header(data, start, entry)
    end = min(end, len(data))
    return decompress.unpack(data, start, end, _METHODS[entry.method](), budget, head)


def _inflated(packed: bytes, size: int) -> bytes:
    """Inflate with libdeflate, the fastest where all of it is at hand; nothing if that fails."""
    import deflate

    try:
        return bytes(deflate.deflate_decompress(packed, min(size, len(packed) * _MAX_RATIO)))
    except (deflate.DeflateError, MemoryError):
        return b""


def _lzma_header(data: Buffer, start: int, entry: Entry) -> tuple[int, bytes]:
    """Return where the stream begins, and the header that makes an LZMA file of it."""
    length = int.from_bytes(data[start + 2 : start + 4], "little")
    size = None if entry.flags & _ENDS_WITH_MARKER else entry.size
    claimed = b"\xff" * 8 if size is None else size.to_bytes(8, "little")
    return start + 4 + length, data[start + 4 : start + 9] + claimed

"""The index: what is staged, and which files have changed since (gitformat-index(5))."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.git.damage import DamagedError
from leakscan.git.regular import read_regular

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path

_FIXED = struct.Struct(">10I")
_SECOND = 1_000_000_000
_EXTENDED = 0x4000


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A staged path.

    Attributes:
        ctime, mtime: nanoseconds, when the file was staged.
        inode, size: of the file then, modulo 2**32.
    """

    path: bytes
    oid: bytes
    mode: int
    ctime: int
    mtime: int
    inode: int
    size: int

    def is_unchanged(self, now: os.stat_result, index_mtime: int) -> bool:
        """Whether a file surely is as it was when it was staged.

        A file as young as the index may have changed since within one tick of the clock
        ("racy git"); it counts as changed, and so is read.

        Args:
            now: what ``lstat`` says of the file.
            index_mtime: when the index was written, in nanoseconds.
        """
        then = (self.ctime, self.mtime, self.inode, self.size)
        seen = (
            now.st_ctime_ns,
            now.st_mtime_ns,
            now.st_ino & 0xFFFFFFFF,
            now.st_size & 0xFFFFFFFF,
        )
        return then == seen and self.mtime < index_mtime


def read_index(path: Path, hash_size: int) -> Iterator[IndexEntry]:
    """Yield the entries of an index of version 2, 3 or 4; nothing where there is none.

    Raises:
        DamagedError: the index is corrupt, or split in a way that is not read here; what could
            be read of it has been yielded.
        OSError: it cannot be read.
    """
    try:
        data = read_regular(path)
    except FileNotFoundError:
        return
    if len(data) < 12 + hash_size or data[:4] != b"DIRC":
        raise DamagedError("it is not an index, or is cut short")
    version, count = struct.unpack(">II", data[4:12])
    if version not in (2, 3, 4):
        raise DamagedError(f"it has the unknown version {version}")
    at, name = 12, b""
    try:
        for _ in range(count):
            start = at
            fields = _FIXED.unpack_from(data, at)
            at += _FIXED.size + hash_size
            oid = data[at - hash_size : at]
            (flags,) = struct.unpack_from(">H", data, at)
            at += 4 if flags & _EXTENDED else 2
            if version == 4:
                strip, at = _varint(data, at)
                name = name[: len(name) - strip]
            else:
                name = b""
            end = data.index(b"\0", at)
            name += data[at:end]
            at = end + 1 if version == 4 else start + ((end - start + 8) & ~7)
            yield IndexEntry(
                path=name,
                oid=oid,
                mode=fields[6],
                ctime=fields[0] * _SECOND + fields[1],
                mtime=fields[2] * _SECOND + fields[3],
                inode=fields[5],
                size=fields[9],
            )
    except (struct.error, ValueError, IndexError):
        raise DamagedError("it is corrupt or cut short") from None
    while at + 8 <= len(data) - hash_size:
        if data[at : at + 4] == b"link":
            raise DamagedError("it is split; join it with `git update-index --no-split-index`")
        at += 8 + int.from_bytes(data[at + 4 : at + 8])
    if not _is_sound(data, hash_size):
        raise DamagedError("its check sum is wrong")


def _is_sound(data: bytes, hash_size: int) -> bool:
    """Whether an index fits its check sum, if it has one (index.skipHash in git-config(1))."""
    import hashlib

    name = "sha256" if hash_size == 32 else "sha1"
    stated = data[-hash_size:]
    actual = hashlib.new(name, data[:-hash_size], usedforsecurity=False).digest()
    return stated in (actual, bytes(hash_size))


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Decode an offset-encoded number; return it and where it ends."""
    byte = data[at]
    value = byte & 0x7F
    while byte & 0x80:
        at += 1
        byte = data[at]
        value = (value + 1) << 7 | byte & 0x7F
    return value, at + 1

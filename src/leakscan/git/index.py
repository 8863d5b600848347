"""The index: what is staged, and which files have changed since (gitformat-index(5))."""

from __future__ import annotations

import stat
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.git.damage import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FIXED = struct.Struct(">10I")
_EXTENDED = 0x4000


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A staged path.

    Attributes:
        mtime: seconds and nanoseconds of the file when it was staged.
        size: of the file, modulo 2**32.
    """

    path: bytes
    oid: bytes
    mode: int
    mtime: tuple[int, int]
    size: int

    def is_unchanged(self, file: Path) -> bool:
        """Whether a file still looks as it did when it was staged, as git judges that."""
        try:
            now = file.lstat()
        except OSError:
            return True  # gone: there is nothing to read
        when = divmod(now.st_mtime_ns, 1_000_000_000)
        return (
            not stat.S_ISDIR(now.st_mode)
            and now.st_size & 0xFFFFFFFF == self.size
            and when == self.mtime
        )


def read_index(path: Path, hash_size: int) -> Iterator[IndexEntry]:
    """Yield the entries of an index of version 2, 3 or 4; nothing where there is none.

    Raises:
        DamagedError: the index is corrupt, or split in a way that is not read here.
        OSError: it cannot be read.
    """
    try:
        data = path.read_bytes()
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
            yield IndexEntry(name, oid, fields[6], (fields[2], fields[3]), fields[9])
    except (struct.error, ValueError, IndexError):
        raise DamagedError("it is corrupt or cut short") from None
    if data[at : at + 4] == b"link":
        raise DamagedError("it is split; join it with `git update-index --no-split-index`")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Decode an offset-encoded number; return it and where it ends."""
    byte = data[at]
    value = byte & 0x7F
    while byte & 0x80:
        at += 1
        byte = data[at]
        value = (value + 1) << 7 | byte & 0x7F
    return value, at + 1

"""One pack and its index, mostly memory-mapped (formats: gitformat-pack(5)).

An object of a pack has a *rank*, its place in the index, which is sorted by object id.
"""

from __future__ import annotations

import mmap
import os
import stat
import struct
from bisect import bisect_left
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from leakscan.git.damage import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    Mapped = mmap.mmap | bytes
    _Parsed = tuple[int, int, int, int | bytes | None]

COMMIT, TREE, BLOB, TAG, OFS_DELTA, REF_DELTA = 1, 2, 3, 4, 6, 7

TYPE_NAMES = {COMMIT: "commit", TREE: "tree", BLOB: "blob", TAG: "tag"}

_IDX_MAGIC = b"\xfftOc\0\0\0\2"
_IDX_HEADER = 8 + 256 * 4
_LARGE_OFFSET = 0x80000000

_POPULATE_READ = 22
"""MADV_POPULATE_READ of madvise(2), which the module `mmap` does not name yet."""

MOST_MAPPED = 64 << 20
"""Bytes that are mapped at once: of most packs 65,536 entries have about 10 million, but of one of
large files they have gigabytes, of which only headers would be read."""


class Header(NamedTuple):
    """The header of one pack entry.

    Attributes:
        type: as stored, so possibly `OFS_DELTA` or `REF_DELTA`.
        size: bytes that the entry inflates to (of a delta: of the delta itself).
        start: offset of the compressed data.
        base: offset of the delta's base (`OFS_DELTA`), its object id (`REF_DELTA`), or None.
    """

    type: int
    size: int
    start: int
    base: int | bytes | None


class Pack:
    """A pack to read from, with its index.

    Args:
        data: the pack.
        index: its index, of version 2.
        hash_size: bytes of an object id: 20, or 32 in a SHA-256 repository.

    Attributes:
        count: number of objects in the index.
        end: offset at which the last entry's data ends at the latest.
        problems: what shows that the pack as a whole is damaged; what it still has is read.

    Raises:
        DamagedError: the pack or its index is not what it claims to be.
    """

    def __init__(self, data: Mapped, index: Mapped, hash_size: int) -> None:
        self.hash_size = hash_size
        self.data = data
        self.index = index
        self.view = memoryview(self.data)
        promised = self._check_pack()
        self._fanout = self._check_index()
        self.count = self._fanout[-1]
        whole = self.index[-2 * hash_size : -hash_size] == self.data[-hash_size:]
        self.end = len(self.data) - (hash_size if whole else 0)
        self.problems: list[str] = []
        if not whole:
            self.problems.append("it is cut short or altered: its check sum is not its index's")
        if promised != self.count:
            self.problems.append(f"it claims {promised} objects, its index lists {self.count}")
        self.names_at = _IDX_HEADER
        self.offsets_at = _IDX_HEADER + self.count * (hash_size + 4)
        self.large_at = self.offsets_at + self.count * 4

    @classmethod
    def open(cls, path: Path, index: Path, hash_size: int) -> Pack:
        """Open a ``.pack`` file, with its ``.idx`` file, which need not lie beside it.

        Raises:
            DamagedError: the pack or its index is not what it claims to be.
            OSError: a file cannot be opened.
        """
        return cls(_map(path), _map(index), hash_size)

    def _check_pack(self) -> int:
        """Return the number of objects that the pack's header promises."""
        if len(self.data) < 12 + self.hash_size or self.data[:4] != b"PACK":
            raise DamagedError("it is not a pack, or is cut short within its header")
        version, count = struct.unpack(">II", self.data[4:12])
        if version not in (2, 3):
            raise DamagedError(f"it has the unknown pack version {version}")
        return int(count)

    def _check_index(self) -> tuple[int, ...]:
        """Return the fan-out table of an index whose size fits it."""
        index, size = self.index, self.hash_size
        if index[:8] != _IDX_MAGIC or len(index) < _IDX_HEADER + 2 * size:
            raise DamagedError("its index is not a version 2 index")
        fanout = struct.unpack(">256I", index[8:_IDX_HEADER])
        large = len(index) - _IDX_HEADER - 2 * size - fanout[-1] * (size + 8)
        if list(fanout) != sorted(fanout) or large < 0 or large % 8:
            raise DamagedError("its index is corrupt or cut short")
        return fanout

    def oid(self, rank: int) -> bytes:
        """Return the object id of the object with this rank."""
        at = self.names_at + rank * self.hash_size
        return self.index[at : at + self.hash_size]

    def oids(self) -> Iterator[bytes]:
        """Yield the object ids of all objects, by rank."""
        size, start = self.hash_size, self.names_at
        names = self.index[start : start + self.count * size]
        return (names[at : at + size] for at in range(0, len(names), size))

    def rank(self, oid: bytes) -> int | None:
        """Return the rank of an object, or ``None`` where the pack does not hold it."""
        first = oid[0]
        low, high = self._fanout[first - 1] if first else 0, self._fanout[first]
        found = bisect_left(range(high), oid, low, high, key=self.oid)
        return found if found < high and self.oid(found) == oid else None

    def offsets(self) -> tuple[int, ...]:
        """Return where all objects begin, by rank."""
        offsets = struct.unpack_from(f">{self.count}I", self.index, self.offsets_at)
        if any(offset >= _LARGE_OFFSET for offset in offsets):
            return tuple(self.offset(rank) for rank in range(self.count))
        return offsets

    def offset(self, rank: int) -> int:
        """Return where in the pack the object with this rank begins."""
        at = self.offsets_at + rank * 4
        (offset,) = struct.unpack_from(">I", self.index, at)
        if offset >= _LARGE_OFFSET:
            at = self.large_at + (offset - _LARGE_OFFSET) * 8
            if at + 8 > len(self.index) - 2 * self.hash_size:
                raise DamagedError("its index points outside itself")
            (offset,) = struct.unpack_from(">Q", self.index, at)
        return int(offset)

    def header(self, offset: int) -> Header:
        """Parse the header of the entry at ``offset``.

        Raises:
            DamagedError: there is no valid header there.
        """
        (found,) = self.headers((offset,))
        if found is None:
            raise DamagedError("it has no valid header, as where a pack is cut short")
        return Header(*found)

    def headers(self, offsets: Iterable[int]) -> Iterator[_Parsed | None]:
        """Parse the headers of entries to what a `Header` holds; ``None`` where there is none.

        Planting a small pack begins with this, and making a `Header` of each would double its time.
        """
        data, end, hash_size = self.data, self.end, self.hash_size
        for offset in offsets:
            try:
                if offset >= end:
                    raise IndexError
                byte = data[offset]
                at = offset + 1
                kind, size, shift = byte >> 4 & 7, byte & 15, 4
                while byte > 0x7F and shift < 64:
                    byte = data[at]
                    at += 1
                    size |= (byte & 0x7F) << shift
                    shift += 7
                if byte > 0x7F:
                    raise IndexError
                base: int | bytes | None = None
                if kind == OFS_DELTA:
                    byte = data[at]
                    at += 1
                    distance = byte & 0x7F
                    while byte > 0x7F and distance < 1 << 63:
                        byte = data[at]
                        at += 1
                        distance = (distance + 1) << 7 | byte & 0x7F
                    base = offset - distance
                elif kind == REF_DELTA:
                    base = bytes(data[at : at + hash_size])
                    at += hash_size
                    if len(base) < hash_size:
                        raise IndexError
                yield kind, size, at, base
            except IndexError:
                yield None

    def expect(self, start: int, stop: int) -> None:
        """Map what lies between two offsets: at once, it takes a tenth of the time.

        It does nothing where that is more than `MOST_MAPPED`.
        """
        is_apt = 0 <= start < stop <= len(self.data) and stop - start <= MOST_MAPPED
        if isinstance(self.data, mmap.mmap) and is_apt:
            start -= start % mmap.PAGESIZE
            with suppress(OSError):  # before Linux 5.14
                self.data.madvise(_POPULATE_READ, start, stop - start)

    def forget_pages(self) -> None:
        """Give the pages read so far back, so that a scan's memory is not the pack's size.

        They stay in the system's page cache; only this process's view of them goes.
        """
        if hasattr(mmap, "MADV_DONTNEED") and isinstance(self.data, mmap.mmap):
            self.data.madvise(mmap.MADV_DONTNEED)


def _map(path: Path) -> mmap.mmap:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise DamagedError(f"{path.name} is no regular file")
        try:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:
            raise DamagedError(f"{path.name} is empty") from None

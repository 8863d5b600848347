"""The trees of a pack, inflated but unresolved: mostly deltas, a hundredth of their size."""

from __future__ import annotations

import mmap
import os
from array import array
from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING

from leakscan.git.damage import DamagedError
from leakscan.git.fork import fork_map
from leakscan.git.inflate import MAX_RATIO, inflate
from leakscan.git.links import split_inserts
from leakscan.git.pack import TREE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.git.mentions import Wanted
    from leakscan.git.store import PlantedPack

IN_MEMORY = 256 << 20
"""Bytes of inflated trees that are held in memory; more are held on disk."""

_SLICE = 4000
"""Trees a task."""

_FORKED = 1 << 20
"""Bytes of inflated trees from which on forking is worth its time."""

LARGEST_TREE = 64 << 20
"""Bytes of a tree that is followed; one of half a million files has a third of it."""

LARGEST_SHELF = 16 << 30
"""Bytes of inflated trees that are held at all, which only hostile repositories exceed."""


class RawTrees:
    """The trees of one pack, inflated but unresolved, in memory that workers share.

    Args:
        planted: the pack.

    Attributes:
        where: the positions of the trees in the pack's forest.
    """

    def __init__(self, planted: PlantedPack) -> None:
        self._planted = planted
        self.where = planted.forest.segments.get(TREE, range(0))
        self._begins = array("q", accumulate(self._sizes(), initial=0))
        self._filled = _room(len(self.where))
        self._split: dict[int, bytes] = {}
        try:
            self._data = _room(self._begins[-1])
        except OSError:  # the disk is full
            self._data = _room(0)
            self._begins = array("q", bytes(8 * (len(self.where) + 1)))

    def _sizes(self) -> Iterator[int]:
        """Yield the room for each tree; none for what is too large, or cannot be what it claims."""
        forest, where = self._planted.forest, slice(self.where.start, self.where.stop)
        total = 0
        for size, start, stop in zip(
            forest.size[where].tolist(),
            forest.start[where].tolist(),
            forest.stop[where].tolist(),
            strict=True,
        ):
            fits = size <= min((stop - start) * MAX_RATIO, LARGEST_TREE, LARGEST_SHELF - total)
            total += size if fits else 0
            yield size if fits else 0

    def complete(self, jobs: int) -> None:
        """Inflate all trees; of what is damaged nothing is taken in."""
        tasks = [self.where[low : low + _SLICE] for low in range(0, len(self.where), _SLICE)]
        jobs = jobs if self._begins[-1] > _FORKED else 1
        for _, split in fork_map(self._take_in, tasks, jobs):
            self._split |= split or {}

    def _take_in(self, where: range) -> dict[int, bytes]:
        """Inflate some trees; return what those insert that insert it in pieces."""
        view, forest = self._planted.pack.view, self._planted.forest
        within = slice(where.start - self.where.start, where.stop - self.where.start)
        filled = bytearray(len(where))
        split: dict[int, bytes] = {}
        for number, begin, end, start, stop, depth in zip(
            range(len(where)),
            self._begins[within],
            self._begins[within.start + 1 : within.stop + 1],
            forest.start[where.start : where.stop].tolist(),
            forest.stop[where.start : where.stop].tolist(),
            forest.depth[where.start : where.stop].tolist(),
            strict=True,
        ):
            try:
                data = inflate(view[start:stop], end - begin)
                if depth and b"\x7f" in data and (joined := split_inserts(data)):
                    split[where.start + number] = joined
            except DamagedError:
                continue
            self._data[begin:end] = data
            filled[number] = 1
        self._filled[within] = bytes(filled)
        self._planted.pack.forget_pages()
        return split

    def at(self, position: int) -> bytes:
        """Return the unresolved data of one tree; nothing of a damaged one."""
        index = position - self.where.start
        if not self._filled[index]:
            return b""
        return self._data[self._begins[index] : self._begins[index + 1]]

    @property
    def is_whole(self) -> bool:
        """Whether every tree has been taken in."""
        return self._filled.find(b"\0", 0, len(self.where)) < 0

    def mentions(self, wanted: Wanted) -> dict[int, set[bytes]]:
        """Return the ids that turn up in unresolved trees, by the tree's position, ascending."""
        found: dict[int, set[bytes]] = {}
        for end, oid in wanted.mentions(self._data, self._begins[-1]):
            index = bisect_left(self._begins, end) - 1
            found.setdefault(self.where.start + index, set()).add(oid)
        positions = list(self._split)
        text = b"".join(self._split.values())
        begins = list(accumulate(map(len, self._split.values()), initial=0))
        for end, oid in wanted.mentions(text, len(text)):
            found.setdefault(positions[bisect_left(begins, end) - 1], set()).add(oid)
        return dict(sorted(found.items()))


def _room(size: int) -> mmap.mmap:
    """Reserve memory that forked workers share; what is large lies on disk.

    Raises:
        OSError: the disk is full.
    """
    if size <= IN_MEMORY:
        return mmap.mmap(-1, max(size, 1))
    import tempfile

    with tempfile.TemporaryFile() as file:
        # Not only a hole: writing to it later must not fail, which would end the process.
        os.posix_fallocate(file.fileno(), 0, size)
        return mmap.mmap(file.fileno(), size)

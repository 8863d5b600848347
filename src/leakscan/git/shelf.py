"""All trees of a repository, set out so that asking which of them name an object is cheap.

Resolving every tree for each question would take as long as a scan.  But an object id that a
tree names stands either in a tree that is stored whole or in what a delta inserts, so it is
enough to search those: they are kept inflated and unresolved, a hundredth of the resolved
size.  Only trees where an id turns up, and those built on them, are then resolved.
"""

from __future__ import annotations

import contextlib
import mmap
import re
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

import hyperscan

from leakscan.git.damage import DamagedError
from leakscan.git.fork import fork_map
from leakscan.git.inflate import inflate
from leakscan.git.pack import TREE
from leakscan.git.walk import STREAMED, apply_bounded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from leakscan.git.store import ObjectStore, PlantedPack

KEPT = 256 << 20
"""Bytes of inflated trees that a survey keeps in memory, should they be asked for."""

_SLICE = 4000

_TRIM = 2
"""Bytes of an id that a delta may have copied along with its neighbours by coincidence.

An id is searched for without its first and last bytes: the chance that still more of them
equal those of the id that it replaced is one in 2**24 an end and a replacement.
"""

_WINDOW = 64 << 20
"""Bytes searched at a time: hyperscan takes no more than 4 GiB."""

_LONGEST_ID = 32

_ENTRY_END = re.compile(rb"(40000|100644|100755|120000|100664) ([^\0]+)\Z")

_NAME_WINDOW = 300
"""Bytes before an id within which nearly every entry begins."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a tree."""

    mode: bytes
    name: bytes
    oid: bytes


def tree_entries(data: bytes, hash_size: int) -> Iterator[Entry]:
    """Parse a tree; stops making sense where a damaged one does."""
    pattern = re.compile(rb"([0-7]{5,6}+) ([^\0]{1,4096}+)\0(.{%d})" % hash_size, re.DOTALL)
    return (Entry(*found) for found in pattern.findall(data))


class RawTrees:
    """The trees of one pack, inflated but unresolved, in memory that workers share.

    Args:
        planted: the pack.
        lasting: whether to make room for any number of trees, on disk, and not only for
            as many as may be kept on the chance that they are needed.
        budget: bytes that may be kept without being asked for.

    Attributes:
        where: the positions of the trees in the pack's forest.
        size: bytes of room that they take.
        has_room: whether there is room for them.
    """

    def __init__(self, planted: PlantedPack, *, lasting: bool, budget: int = KEPT) -> None:
        self._planted = planted
        self.where = planted.forest.segments.get(TREE, range(0))
        self._ends = array("q", accumulate(self._sizes()))
        self.size = self._ends[-1] if self._ends else 0
        self.has_room = self.size <= budget or lasting
        self._data = _room(self.size if self.has_room else 0)
        self._filled = _room(len(self.where) if self.has_room else 0)

    def _sizes(self) -> list[int]:
        """Sizes as claimed; entries that claim too much to be trees take no room."""
        sizes = self._planted.forest.size[self.where.start : self.where.stop].tolist()
        return [size if size <= STREAMED else 0 for size in sizes]

    def fill(self, where: range, pieces: list[bytes]) -> None:
        """Take in the trees at a range of positions; all of their sizes must be right."""
        first, last = where.start - self.where.start, where.stop - self.where.start
        begin = self._ends[first - 1] if first else 0
        if len(where) == len(pieces) and begin + sum(map(len, pieces)) == self._ends[last - 1]:
            self._data[begin : self._ends[last - 1]] = b"".join(pieces)
            self._filled[first:last] = b"\1" * len(where)

    def complete(self, jobs: int) -> None:
        """Inflate what has not been taken in; of what is damaged nothing is taken in."""
        if self.is_whole:
            return
        tasks = [self.where[low : low + _SLICE] for low in range(0, len(self.where), _SLICE)]
        for _ in fork_map(self._inflate, tasks, jobs):
            pass

    def _inflate(self, where: range) -> None:
        pack, forest = self._planted.pack, self._planted.forest
        for position in where:
            index = position - self.where.start
            if self._filled[index : index + 1] == b"\1":
                continue
            data = pack.view[int(forest.start[position]) : int(forest.stop[position])]
            with contextlib.suppress(DamagedError):
                self.fill(range(position, position + 1), [inflate(data, self._size(index))])
        pack.forget_pages()

    def _size(self, index: int) -> int:
        return self._ends[index] - (self._ends[index - 1] if index else 0)

    def at(self, position: int) -> bytes:
        """Return the unresolved data of one tree; nothing of a damaged one."""
        index = position - self.where.start
        if self._filled[index : index + 1] != b"\1":
            return b""
        return self._data[self._ends[index] - self._size(index) : self._ends[index]]

    @property
    def is_whole(self) -> bool:
        """Whether every tree has been taken in."""
        return not self.where or self._filled.find(b"\0", 0) < 0

    def positions(self, wanted: Wanted) -> Iterator[int]:
        """Yield, ascending, the positions of the trees in whose data a wanted id turns up."""
        last = -1
        for begin in range(0, len(self._data), _WINDOW):
            window = self._data[begin : begin + _WINDOW + _LONGEST_ID]
            for end in list(wanted.hits(window)):
                position = self.where.start + bisect_right(self._ends, begin + end - 1)
                if position > last:
                    last = position
                    yield position


def _room(size: int) -> mmap.mmap:
    """Reserve memory that forked workers share; what is large lies on disk."""
    if size <= KEPT:
        return mmap.mmap(-1, max(size, 1))
    import tempfile

    with tempfile.TemporaryFile() as file:
        file.truncate(size)
        return mmap.mmap(file.fileno(), size)


class Wanted:
    """A set of object ids to search for."""

    def __init__(self, oids: Collection[bytes], hash_size: int) -> None:
        self.oids = oids
        self._hash_size = hash_size
        self._ends: list[int] = []
        self._database = hyperscan.Database()
        cores = {oid[_TRIM : hash_size - _TRIM] for oid in oids}
        self._database.compile(
            expressions=["".join(f"\\x{byte:02x}" for byte in core).encode() for core in cores],
            flags=[hyperscan.HS_FLAG_DOTALL] * len(cores),
        )

    def _on_hit(self, _id: int, _start: int, end: int, _flags: int, _context: object) -> None:
        self._ends.append(end)

    def hits(self, raw: bytes) -> list[int]:
        """Return where in unresolved data an id ends, but for its trimmed bytes."""
        self._ends.clear()
        self._database.scan(raw, self._on_hit)
        return self._ends

    def entries(self, tree: bytes) -> list[Entry]:
        """Return the entries of a tree that name one of the ids."""
        found = []
        for end in self.hits(tree):
            start = end - self._hash_size + _TRIM
            oid = tree[start : end + _TRIM]
            if oid in self.oids and tree[start - 1 : start] == b"\0":
                head = _ENTRY_END.search(tree[max(0, start - _NAME_WINDOW) : start - 1])
                if head is None:
                    return [e for e in tree_entries(tree, self._hash_size) if e.oid in self.oids]
                found.append(Entry(head[1], head[2], oid))
        return found


def kept_trees(packs: Iterable[PlantedPack]) -> dict[PlantedPack, RawTrees]:
    """Make room for the trees of as many packs as may be kept."""
    kept: dict[PlantedPack, RawTrees] = {}
    budget = KEPT
    for planted in packs:
        trees = RawTrees(planted, lasting=False, budget=budget)
        if trees.has_room:
            kept[planted] = trees
            budget -= trees.size
    return kept


class TreeShelf:
    """The trees of a repository.

    Args:
        store: the repository's objects.
        kept: what a survey has kept of them, by pack.
        jobs: worker processes.

    Attributes:
        is_whole: whether no tree of a pack is damaged, or too large to be one.
    """

    def __init__(self, store: ObjectStore, kept: Mapping[PlantedPack, RawTrees], jobs: int) -> None:
        self._store = store
        self._loose = dict(store.loose_of(TREE))
        self._packed: list[tuple[PlantedPack, RawTrees]] = []
        for planted in store.packs:
            trees = kept.get(planted)
            if trees is None or not trees.has_room:
                trees = RawTrees(planted, lasting=True)
            trees.complete(jobs)
            self._packed.append((planted, trees))
        self.is_whole = all(trees.is_whole for _, trees in self._packed)

    def naming(self, oids: Collection[bytes]) -> Iterator[tuple[bytes, list[Entry]]]:
        """Yield each tree that names one of ``oids``, with the entries that do."""
        wanted = Wanted(oids, self._store.hash_size)
        for oid, tree in self._loose.items():
            if entries := wanted.entries(tree):
                yield oid, entries
        for planted, trees in self._packed:
            yield from _Search(planted, trees, wanted).run()


class _Search:
    """One question to the trees of one pack."""

    def __init__(self, planted: PlantedPack, trees: RawTrees, wanted: Wanted) -> None:
        self._pack = planted.pack
        self._forest = planted.forest
        self._trees = trees
        self._wanted = wanted

    def run(self) -> Iterator[tuple[bytes, list[Entry]]]:
        """Resolve what may hold an id: where one turns up, and what is built on it."""
        done = 0
        for position in list(self._trees.positions(self._wanted)):
            if position >= done:
                for done, entries in self._subtree(position):
                    if entries:
                        yield self._pack.oid(int(self._forest.rank[done - 1])), entries

    def _subtree(self, first: int) -> Iterator[tuple[int, list[Entry]]]:
        """Resolve a tree and all that are built on it.

        Yields:
            The position after each tree, and its entries.  Of a tree that names nothing
            wanted the content is still kept: a delta may bring an id back.
        """
        forest = self._forest
        chain: list[bytes | None] = [None] * int(forest.depth[first])
        if chain:
            chain[-1] = self._resolved(int(forest.parent[first]))
        top = len(chain)
        for position in range(first, self._trees.where.stop):
            depth = int(forest.depth[position])
            if depth <= top and position > first:
                return
            content = self._applied(chain[depth - 1] if depth else None, position, depth)
            chain[depth:] = [content]
            yield position + 1, self._wanted.entries(content) if content else []

    def _applied(self, base: bytes | None, position: int, depth: int) -> bytes | None:
        data = self._trees.at(position)
        if not depth:
            return data
        try:
            return apply_bounded(base, data) if base is not None else None
        except DamagedError:
            return None

    def _resolved(self, position: int) -> bytes | None:
        content: bytes | None = None
        for depth, at in enumerate([*self._forest.ancestors(position), position]):
            content = self._applied(content, at, depth)
        return content

"""All trees of a repository, set out so that asking which of them name an object is cheap.

Resolving every tree for each question would take as long as a scan.  But an object id that a
tree names stands either in a tree that is stored whole or in what a delta inserts, so it is
enough to search those: they are kept inflated and unresolved, a hundredth of the resolved
size.  Only trees where an id turns up, and those built on them, are then resolved.
"""

from __future__ import annotations

import mmap
import os
import re
from array import array
from bisect import bisect_left
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING

from leakscan.git.damage import DamagedError
from leakscan.git.fork import fork_map
from leakscan.git.inflate import MAX_RATIO, inflate
from leakscan.git.links import split_inserts
from leakscan.git.mentions import Wanted
from leakscan.git.pack import TREE
from leakscan.git.walk import apply_bounded, resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Set

    from leakscan.git.store import ObjectStore, PlantedPack

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

_MODE = re.compile(rb"[0-7]{5,6} ")

_NAME_WINDOW = 300
"""Bytes before an id within which nearly every entry begins."""

_FEW = 8
"""Ids up to which it is faster to look for each than to parse a tree."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a tree."""

    mode: bytes
    name: bytes
    oid: bytes


def tree_entries(data: bytes, hash_size: int) -> Iterator[Entry]:
    """Parse a tree; stops making sense where a damaged one does."""
    return (Entry(*found) for found in _entry_pattern(hash_size).findall(data))


def tree_names(data: bytes, hash_size: int) -> Iterator[tuple[Entry, int, int]]:
    """Parse a tree, with the offsets at which each name begins and ends."""
    for found in _entry_pattern(hash_size).finditer(data):
        yield Entry(*found.groups()), *found.span(2)


def _entry_pattern(hash_size: int) -> re.Pattern[bytes]:
    return re.compile(rb"([0-7]{5,6}+) ([^\0]{1,4096}+)\0(.{%d})" % hash_size, re.DOTALL)


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
        if not self._begins[-1]:
            return
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
            with suppress(DamagedError):
                data = inflate(view[start:stop], end - begin)
                if depth and b"\x7f" in data and (joined := split_inserts(data)):
                    split[where.start + number] = joined
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


class TreeShelf:
    """The trees of a repository.

    Args:
        store: the repository's objects.
        jobs: worker processes.

    Attributes:
        is_whole: whether no tree of a pack is damaged or too large to be followed.
    """

    def __init__(self, store: ObjectStore, jobs: int) -> None:
        self._store = store
        self._jobs = jobs
        # Turned around once: a hostile repository asks thousands of times.
        self._loose: dict[bytes, list[tuple[bytes, Entry]]] = {}
        for oid, tree in store.loose_of(TREE):
            for entry in tree_entries(tree, store.hash_size):
                self._loose.setdefault(entry.oid, []).append((oid, entry))
        self._packed: list[tuple[PlantedPack, RawTrees]] = []
        for planted in store.packs:
            trees = RawTrees(planted)
            trees.complete(jobs)
            self._packed.append((planted, trees))
        self.is_whole = all(trees.is_whole for _, trees in self._packed)

    def naming(self, oids: Set[bytes]) -> Iterator[tuple[bytes, list[Entry]]]:
        """Yield each tree that names one of ``oids``, with the entries that do.

        All in a pack that git made.  A hostile delta may put an id together of pieces of its
        base: before it is said that no tree names an object, ask `naming_exactly`.
        """
        yield from self._loose_naming(oids)
        wanted = Wanted(oids, self._store.hash_size)
        for planted, trees in self._packed:
            yield from _Search(planted, trees, trees.mentions(wanted)).run()

    def naming_exactly(self, oids: Set[bytes]) -> Iterator[tuple[bytes, list[Entry]]]:
        """Do as `naming` by looking at every tree; it takes as long as a scan of all trees."""
        yield from self._loose_naming(oids)
        wanted = Wanted(oids, self._store.hash_size)
        for planted, trees in self._packed:
            tasks = list(planted.forest.slices(trees.where, _SLICE))
            for _, found in fork_map(partial(_search_all, planted, wanted), tasks, self._jobs):
                for rank, entries in found or ():
                    yield planted.pack.oid(rank), entries

    def _loose_naming(self, oids: Set[bytes]) -> Iterator[tuple[bytes, list[Entry]]]:
        loose: dict[bytes, list[Entry]] = {}
        for oid in self._loose.keys() & oids:
            for tree, entry in self._loose[oid]:
                loose.setdefault(tree, []).append(entry)
        yield from loose.items()


def _search_all(
    planted: PlantedPack, wanted: Wanted, where: range
) -> list[tuple[int, list[Entry]]]:
    """Return the rank of each tree that names a wanted id, and the entries; runs in a worker."""
    found = []
    for position, content, _ in resolve(planted.pack, planted.forest, where):
        if isinstance(content, bytes):
            oids = {oid for _, oid in wanted.mentions(content, len(content))}
            if oids and (entries := entries_naming(oids, content, planted.pack.hash_size)):
                found.append((int(planted.forest.rank[position]), entries))
    planted.pack.forget_pages()
    return found


class _Search:
    """One question to the trees of one pack.

    An id that a tree names is named by its delta base too, or is mentioned in its own data.
    """

    def __init__(
        self, planted: PlantedPack, trees: RawTrees, mentions: Mapping[int, set[bytes]]
    ) -> None:
        self._planted = planted
        self._trees = trees
        self._mentions = mentions
        where = slice(trees.where.start, trees.where.stop)
        self._depths: list[int] = planted.forest.depth[where].tolist()

    def run(self) -> Iterator[tuple[bytes, list[Entry]]]:
        """Yield the trees that name an id: those with a mention, and what is built on them."""
        pack, forest = self._planted.pack, self._planted.forest
        done = 0
        for position in self._mentions:
            if position >= done:
                for done, entries in self._subtree(position):
                    if entries:
                        yield pack.oid(int(forest.rank[done - 1])), entries

    def _subtree(self, first: int) -> Iterator[tuple[int, list[Entry]]]:
        """Go through a tree and all that are built on it.

        Yields:
            The position after each tree, and its entries that name an id.
        """
        chain = _Chain(self._trees, self._planted.forest.ancestors(first))
        start = self._trees.where.start
        top = self._depths[first - start]
        for position in range(first, self._trees.where.stop):
            depth = self._depths[position - start]
            if depth <= top and position > first:
                return
            yield position + 1, chain.extend(depth, position, self._mentions.get(position))


HELD = 256 << 20
"""Bytes of resolved trees of one chain that are held; those given up are resolved again."""


class _Chain:
    """A tree and the bases it is built on; content is resolved only where it is asked for."""

    def __init__(self, trees: RawTrees, positions: list[int]) -> None:
        self._trees = trees
        self._positions = positions
        self._contents: list[bytes | None] = [None] * len(positions)
        self._named: list[list[Entry]] = [[] for _ in positions]
        self._held = 0

    def extend(self, depth: int, position: int, mentioned: set[bytes] | None) -> list[Entry]:
        """Put the tree at a position on top of its base; return its entries that name an id."""
        self._positions[depth:] = [position]
        self._contents[depth:] = [None]
        below = self._named[depth - 1] if depth else []
        named: list[Entry] = []
        if below or mentioned:
            # A delta may copy an id of its base to an entry of another name.
            candidates = {entry.oid for entry in below}.union(mentioned or ())
            named = entries_naming(candidates, self._content(depth), len(next(iter(candidates))))
        self._named[depth:] = [named]
        return named

    def _content(self, depth: int) -> bytes:
        """Resolve the tree at a depth of the chain; a damaged one has no content."""
        low = depth
        while low and self._contents[low] is None:
            low -= 1
        content = self._contents[low]
        if content is None:
            content = self._contents[low] = self._trees.at(self._positions[low])
        for at in range(low + 1, depth + 1):
            try:
                content = apply_bounded(content, self._trees.at(self._positions[at]))
            except DamagedError:
                content = b""
            self._contents[at] = content
            self._held += len(content)
            if self._held > HELD:
                self._contents[:at] = [None] * at
                self._held = len(content)
        return content


def entries_naming(oids: Set[bytes], tree: bytes, hash_size: int) -> list[Entry]:
    """Return the entries of a tree that name one of some objects."""
    found: list[Entry] = []
    if len(oids) <= _FEW:
        for at, oid in _ends_of_names(oids, tree):
            entry = _entry_at(tree, at, oid)
            if entry is None:
                break
            found.append(entry)
        else:
            return found
    return [entry for entry in tree_entries(tree, hash_size) if entry.oid in oids]


def _ends_of_names(oids: Iterable[bytes], tree: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield where in a tree each id is preceded by the end of a name, and the id."""
    for oid in oids:
        at = tree.find(b"\0" + oid)
        while at >= 0:
            yield at, oid
            at = tree.find(b"\0" + oid, at + 1)


def _entry_at(tree: bytes, at: int, oid: bytes) -> Entry | None:
    """Return the entry whose name ends at an offset; ``None`` if where it begins is not plain.

    An entry begins with a mode, at the start of the tree or after the id of another; but that
    may look so within a name or an id, too.
    """
    low = max(0, at - _NAME_WINDOW)
    # Neither mode nor name has a zero in it, but the name before does, and ids may.
    low = max(0, at - _NAME_WINDOW)
    begins = [
        found
        for found in _MODE.finditer(tree, tree.rfind(b"\0", low, at) + 1 or low, at)
        if not found.start() or tree[found.start() - len(oid) - 1] == 0
    ]
    if len(begins) != 1:
        return None
    return Entry(begins[0][0][:-1], tree[begins[0].end() : at], oid)

"""All trees of a repository, set out so that asking which of them name an object is cheap.

Resolving every tree for each question would take as long as a scan.  But an object id that a
tree names is named by its delta base, too, or stands in what its own data inserts, so it is
enough to search that: the trees are kept inflated and unresolved, a hundredth of the resolved
size.  Only trees where an id turns up, and those built on them, are then resolved.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from leakscan.git.damage import DamagedError
from leakscan.git.fork import fork_map
from leakscan.git.mentions import Wanted
from leakscan.git.pack import TREE
from leakscan.git.raw_trees import RawTrees
from leakscan.git.tree import Entry, entries_naming, tree_entries
from leakscan.git.walk import apply_bounded, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Set

    from leakscan.git.store import ObjectStore, PlantedPack

_SLICE = 4000
"""Trees a task."""


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
        wanted = Wanted(oids, self._store.hash_size, in_pieces=True)
        for planted, trees in self._packed:
            tasks = list(planted.forest.slices(trees.where, _SLICE))
            for _, found in fork_map(partial(_search_all, planted, wanted), tasks, self._jobs):
                self.is_whole &= found is not None
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

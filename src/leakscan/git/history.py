"""Which commits, and which paths, hold an object?  Asked only of objects that matched.

`git log --find-object` compares the trees of every commit, stops at the first missing
object, and answers for one object at a time.  Here the question is turned around: the trees
that name the object are looked up, then the trees that name those, up to the roots, for all
objects at once.  Then every commit's tree is compared with its parents' (introduction.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from leakscan.git.fork import fork_map
from leakscan.git.links import Links
from leakscan.git.pack import COMMIT
from leakscan.git.shelf import Entry, TreeShelf
from leakscan.git.walk import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leakscan.git.store import ObjectStore, PlantedPack

Holders = dict[bytes, tuple[Entry, ...]]
"""For each tree that holds something wanted, at any depth, its entries that lead there."""

_SLICE = 4000


@dataclass(slots=True)
class Graph:
    """All commits of a repository.

    Attributes:
        tree_of: the tree of each commit.
        parents_of: the parents of each commit; some may be missing.
    """

    tree_of: dict[bytes, bytes] = field(default_factory=dict)
    parents_of: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)

    def add(self, commit: bytes, named: list[bytes]) -> None:
        """Take in a commit by what it names: its tree and its parents; a broken one names none."""
        if named:
            self.tree_of[commit], *parents = named
            self.parents_of[commit] = tuple(parents)

    def reachable(self, tips: Iterable[bytes]) -> set[bytes]:
        """Return the commits that can be reached from ``tips``."""
        seen: set[bytes] = set()
        pending = [tip for tip in tips if tip in self.tree_of]
        while pending:
            commit = pending.pop()
            if commit not in seen:
                seen.add(commit)
                pending += [p for p in self.parents_of.get(commit, ()) if p in self.tree_of]
        return seen


def read_graph(store: ObjectStore, jobs: int) -> Graph:
    """Read tree and parents of every commit, whether anything reaches it or not."""
    graph = Graph()
    links = Links(store.hash_size)
    for oid, data in store.loose_of(COMMIT):
        graph.add(oid, links.split(links.of_commit(data, None)))
    for planted in store.packs:
        where = planted.forest.segments.get(COMMIT, range(0))
        tasks = [where[low : low + _SLICE] for low in range(0, len(where), _SLICE)]
        read = partial(_read_commits, planted, links)
        for index, result in fork_map(read, tasks, jobs):
            for rank, named in result or read(tasks[index]):
                graph.add(planted.pack.oid(rank), links.split(named))
    return graph


def _read_commits(planted: PlantedPack, links: Links, where: range) -> list[tuple[int, bytes]]:
    """Return the rank of each commit and the ids that it names."""
    ranks = planted.forest.rank[where.start : where.stop].tolist()
    return [
        (rank, links.of_commit(content, None))
        for rank, (_, content, _) in zip(
            ranks, resolve(planted.pack, planted.forest, where), strict=True
        )
        if isinstance(content, bytes)
    ]


def find_holders(shelf: TreeShelf, wanted: Iterable[bytes]) -> Holders:
    """Find every tree that holds one of the ``wanted`` blobs or trees, at any depth."""
    holders: Holders = {}
    # One copy of each entry, however many versions of a tree have it.
    entries: dict[Entry, Entry] = {}
    asked: set[bytes] = set()
    frontier = set(wanted)
    while frontier:
        asked |= frontier
        found: set[bytes] = set()
        for tree, named in shelf.naming(frontier):
            known = holders.get(tree, ())
            fresh = (entries.setdefault(entry, entry) for entry in dict.fromkeys(named))
            holders[tree] = (*known, *(entry for entry in fresh if entry not in known))
            found.add(tree)
        frontier = found - asked
    return holders

"""Which commits, and which paths, hold an object?  Asked only of objects that matched.

`git log --find-object` compares the trees of every commit, stops at the first missing
object, and answers for one object at a time.  Here the question is turned around: the trees
that hold the object are found by searching all trees for its id, then the trees that hold
those, up to the roots; each level is one pass over the trees of all processors, whatever
the number of objects asked for.  Then every commit's tree is looked up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import hyperscan

from leakscan.git.links import Links
from leakscan.git.pack import COMMIT, TREE
from leakscan.git.survey import Survey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from leakscan.git.store import ObjectStore

SYMLINK = b"120000"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a tree."""

    mode: bytes
    name: bytes
    oid: bytes


@dataclass(slots=True)
class Graph:
    """All commits of a repository.

    Attributes:
        tree_of: the tree of each commit.
        parents_of: the parents of each commit; some may be missing.
    """

    tree_of: dict[bytes, bytes] = field(default_factory=dict)
    parents_of: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)

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
    survey = Survey(store, _CommitReader(store.hash_size), jobs=jobs, types=frozenset({COMMIT}))
    for hit in survey.run().hits:
        tree, *parents = hit.found
        graph.tree_of[hit.oid] = tree
        graph.parents_of[hit.oid] = tuple(parents)
    return graph


Holders = dict[bytes, tuple[Entry, ...]]
"""For each tree that holds something wanted, at any depth, its entries that lead there."""


def find_holders(store: ObjectStore, wanted: Iterable[bytes], jobs: int) -> Holders:
    """Find every tree that holds one of the ``wanted`` blobs or trees, at any depth."""
    holders: Holders = {}
    # One copy of each entry, however many versions of a tree have it.
    entries: dict[Entry, Entry] = {}
    asked: set[bytes] = set()
    frontier = set(wanted)
    while frontier:
        asked |= frontier
        finder = _TreeFinder(frontier, store.hash_size)
        survey = Survey(store, finder, jobs=jobs, types=frozenset({TREE}))
        found: set[bytes] = set()
        for hit in survey.run().hits:
            known = holders.get(hit.oid, ())
            fresh = [entries.setdefault(e, e) for e in hit.found if e not in known]
            holders[hit.oid] = (*known, *fresh)
            found.add(hit.oid)
        frontier = found - asked
    return holders


def tree_entries(data: bytes, hash_size: int) -> Iterator[Entry]:
    """Parse a tree; stops where a damaged one stops making sense."""
    for found in _entry_pattern(hash_size).finditer(data):
        yield Entry(found[1], found[2], found[3])


def _entry_pattern(hash_size: int) -> re.Pattern[bytes]:
    return re.compile(rb"([0-7]+) ([^\0]+)\0(.{%d})" % hash_size, re.DOTALL)


class _TreeFinder:
    """Finds the entries of trees that name one of a set of objects."""

    def __init__(self, oids: Iterable[bytes], hash_size: int) -> None:
        self._oids = frozenset(oids)
        self._hash_size = hash_size
        self._hits = 0
        self._entries: dict[Entry, Entry] = {}
        self._database = hyperscan.Database()
        literals = ["".join(f"\\x{byte:02x}" for byte in oid).encode() for oid in self._oids]
        self._database.compile(
            expressions=literals,
            flags=[hyperscan.HS_FLAG_DOTALL | hyperscan.HS_FLAG_SINGLEMATCH] * len(literals),
        )

    def _on_hit(self, *_: object) -> None:
        self._hits += 1

    def search(self, data: bytes) -> Sequence[Entry]:
        """Return the entries of a tree that name one of the objects."""
        self._hits = 0
        self._database.scan(data, self._on_hit)
        if not self._hits:
            return ()
        found = (e for e in tree_entries(data, self._hash_size) if e.oid in self._oids)
        return [self._entries.setdefault(entry, entry) for entry in found]

    def search_stream(self, chunks: Iterable[bytes]) -> Iterable[Entry]:
        """Search a tree of many megabytes, which is held all the same."""
        return self.search(b"".join(chunks))


class _CommitReader:
    """Reads tree and parents of commits."""

    def __init__(self, hash_size: int) -> None:
        self._links = Links(hash_size)

    def search(self, data: bytes) -> Sequence[bytes]:
        """Return the id of the commit's tree, then those of its parents."""
        return self._links.of_commit(data, None)

    def search_stream(self, chunks: Iterable[bytes]) -> Iterable[bytes]:
        """Read a commit of many megabytes: its ids stand at its head."""
        return self.search(next(iter(chunks), b""))

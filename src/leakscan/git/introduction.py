"""Which commit brought something, by comparing each commit's tree with its parents'.

Only the entries that lead to something wanted are compared, and only below trees that
differ, so the cost follows what changed and not what there is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from leakscan.git.tree import Entry

if TYPE_CHECKING:
    from leakscan.git.history import Graph, Holders

MAX_STEPS = 500_000
"""Entries of one commit that are looked at before giving up: a tree that holds itself in many
ways, as hostile ones do ("git bomb"), has more paths than can be listed."""

MAX_STEPS_IN_ALL = 4_000_000
"""Entries that are looked at in all commits: fifty for each that changes, in large histories."""

Mark = TypeVar("Mark", bound=Hashable)
Marks = Callable[[bytes, Entry], Set[Mark]]
"""What is wanted of an entry of a tree: the tree's id and the entry give any number of marks.

A mark is what stays the same from version to version, such as a secret."""


@dataclass(frozen=True, slots=True)
class Standing(Generic[Mark]):
    """A mark at a path."""

    mark: Mark
    path: bytes


@dataclass(frozen=True, slots=True)
class Holding:
    """The object that bears a mark at a path in one version: the entry and its tree."""

    tree: bytes
    entry: Entry


class TooManyPathsError(Exception):
    """There are more paths than `MAX_STEPS` lets one look at."""


class Introductions(Generic[Mark]):
    """Finds out where marks stand and what brought them there.

    Args:
        graph: the commits.
        holders: the entries that lead to something wanted.
        marks: what is wanted of each entry.

    Attributes:
        reached: ids of the wanted objects, and of the trees that lead to them, that the
            commits asked for so far have.
    """

    def __init__(self, graph: Graph, holders: Holders, marks: Marks[Mark]) -> None:
        self._graph = graph
        self._holders = holders
        self._marks = marks
        self.reached: set[bytes] = set()
        self._steps = 0
        self._steps_in_all = 0
        self._by_name: dict[bytes, dict[bytes, Entry]] = {}

    def of_commit(self, commit: bytes) -> Iterator[tuple[Standing[Mark], Holding]]:
        """Yield what stands in a commit's tree but in none of its parents' that are here.

        Raises:
            TooManyPathsError: the tree is hostile.
        """
        tree_of = self._graph.tree_of
        tree = tree_of[commit]
        before = [tree_of[p] for p in self._graph.parents_of[commit] if p in tree_of]
        return self._new(tree, before)

    def standings(self, trees: Iterable[bytes]) -> set[Standing[Mark]]:
        """Return all that stands in any of the trees; what they share is looked at once.

        Raises:
            TooManyPathsError: a tree is hostile.
        """
        self._steps = 0
        found: set[Standing[Mark]] = set()
        pending = [(tree, b"") for tree in trees]
        seen = set(pending)
        while pending:
            tree, prefix = pending.pop()
            for entry in self._holders.get(tree, ()):
                self._step()
                path = prefix + entry.name
                found |= {Standing(mark, path) for mark in self._marks(tree, entry)}
                below = (entry.oid, path + b"/")
                if entry.oid in self._holders and below not in seen:
                    seen.add(below)
                    pending.append(below)
        return found

    def _new(self, tree: bytes, before: list[bytes]) -> Iterator[tuple[Standing[Mark], Holding]]:
        self._steps = 0
        pending = [(tree, before, b"")]
        while pending:
            tree, before, prefix = pending.pop()
            if tree in before:
                continue
            self.reached.add(tree)
            unchanged = (self._holders.get(old, ()) for old in before)
            for entry in set(self._holders.get(tree, ())).difference(*unchanged):
                self._step()
                old = [(b, e) for b in before if (e := self._entry(b, entry.name))]
                path = prefix + entry.name
                marks = self._marks(tree, entry)
                if marks:
                    self.reached.add(entry.oid)
                    known = {mark for b, e in old for mark in self._marks(b, e)}
                    for mark in marks - known:
                        yield Standing(mark, path), Holding(tree, entry)
                if entry.oid in self._holders:
                    pending.append((entry.oid, [e.oid for _, e in old], path + b"/"))

    def _entry(self, tree: bytes, name: bytes) -> Entry | None:
        if tree not in self._by_name:
            self._by_name[tree] = {e.name: e for e in self._holders.get(tree, ())}
        return self._by_name[tree].get(name)

    def _step(self) -> None:
        self._steps += 1
        self._steps_in_all += 1
        if self._steps > MAX_STEPS or self._steps_in_all > MAX_STEPS_IN_ALL:
            raise TooManyPathsError

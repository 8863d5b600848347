"""Which commits, and which paths, hold an object?  Asked only of objects that matched.

`git log --find-object` compares the trees of every commit, stops at the first missing
object, and answers for one object at a time.  Here the question is turned around: the trees
that name the object are looked up, then the trees that name those, up to the roots, for all
objects at once.  Then every commit's tree is compared with its parents' (introduction.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set

from leakscan.git.tree import Entry

Holders = dict[bytes, tuple[Entry, ...]]
"""For each tree that holds something wanted, at any depth, its entries that lead there."""


class Graph:
    """All commits of a repository.

    Args:
        lineages: of each commit its id, its tree's and its parents' (`Lineages`).

    Attributes:
        tree_of: the tree of each commit.
        parents_of: the parents of each commit; some may be missing.
        contested: commits of which there are copies that differ, so that one of them is false.
    """

    def __init__(self, lineages: Iterable[tuple[bytes, ...]]) -> None:
        self.tree_of: dict[bytes, bytes] = {}
        self.parents_of: dict[bytes, tuple[bytes, ...]] = {}
        self.contested: set[bytes] = set()
        for commit, *named in lineages:
            if commit in self.tree_of and self._named_by(commit) != named:
                self.contested.add(commit)
            if named:  # a broken one names nothing
                self.settle(commit, named)

    def _named_by(self, commit: bytes) -> list[bytes]:
        return [self.tree_of[commit], *self.parents_of[commit]]

    def settle(self, commit: bytes, named: Sequence[bytes]) -> None:
        """Take in what a commit names: its tree, then its parents."""
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


Naming = Callable[[Set[bytes]], Iterable[tuple[bytes, list[Entry]]]]
"""`TreeShelf.naming`, or the exact way."""

MAX_TREE_DEPTH = 4096
"""Folders within folders that are followed: twice what git takes (core.maxTreeDepth)."""


def find_holders(naming: Naming, wanted: Iterable[bytes]) -> tuple[Holders, bool]:
    """Find every tree that holds one of the ``wanted`` blobs or trees.

    Args:
        naming: what is asked which trees name some objects.
        wanted: the objects.

    Returns:
        The trees, and whether these are all: none lies deeper than `MAX_TREE_DEPTH`.
    """
    holders: Holders = {}
    asked: set[bytes] = set()
    frontier = set(wanted)
    for _ in range(MAX_TREE_DEPTH):
        if not frontier:
            break
        asked |= frontier
        found: set[bytes] = set()
        for tree, named in naming(frontier):
            known = holders.get(tree)
            holders[tree] = tuple(dict.fromkeys((*known, *named)) if known else named)
            found.add(tree)
        frontier = found - asked
    return holders, not frontier

"""Which secrets the entries of trees bear: in their content, or in their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.git.damage import DamagedError
from leakscan.git.tree import Entry, tree_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Set

    from leakscan.git.introduction import Holding
    from leakscan.git.store import ObjectStore
    from leakscan.git.survey import Hit
    from leakscan.model import Match


@dataclass(frozen=True, slots=True)
class Mark:
    """A secret in the content or the name of an entry: the same one in every version."""

    rule: str
    secret: str
    in_name: bool


ByMark = dict[Mark, list["Match"]]


class Marks:
    """The matches of one repository, by the entry of a tree that bears them.

    Args:
        blobs, trees: what was found.
        store: where the trees can be read.

    Attributes:
        contents: the matches in each blob.
        names: the matches in each tree.
        entries: the entries of trees whose names bear a match.
        unreadable: trees that could not be read again, and why.
    """

    def __init__(
        self, blobs: Iterable[Hit[Match]], trees: Iterable[Hit[Match]], store: ObjectStore
    ) -> None:
        self.contents = {hit.oid: _by_mark(hit.found, False) for hit in blobs}
        self.names = {hit.oid: _by_mark(hit.found, True) for hit in trees}
        self.entries: dict[bytes, list[Entry]] = {}
        self.unreadable: list[tuple[bytes, str]] = []
        self._in_names: dict[bytes, dict[bytes, set[Mark]]] = {}
        for hit in trees:
            try:
                _, data = store.read(hit.oid)
            except DamagedError as error:
                self.unreadable.append((hit.oid, str(error)))
                continue
            borne = self._in_names.setdefault(hit.oid, {})
            for entry, found in _by_entry(hit.found, data, store.hash_size):
                self.entries.setdefault(hit.oid, []).append(entry)
                borne[entry.name] = set(_by_mark(found, True))

    def __call__(self, tree: bytes, entry: Entry) -> Set[Mark]:
        """Return the marks of an entry: by its name, by its content."""
        marks = self.contents.get(entry.oid, {}).keys()
        if tree not in self._in_names:
            return marks
        return marks | self._in_names[tree].get(entry.name, set())

    def matches(self, holding: Holding, mark: Mark) -> list[Match]:
        """Return the matches behind a mark in one version."""
        if mark.in_name:
            return self.names[holding.tree][mark]
        return self.contents[holding.entry.oid][mark]


def _by_mark(matches: Iterable[Match], in_name: bool) -> ByMark:
    found: ByMark = {}
    for match in matches:
        mark = Mark(match.rule, match.secret.reveal(), in_name)
        found.setdefault(mark, []).append(match)
    return found


def _by_entry(
    matches: Iterable[Match], tree: bytes, hash_size: int
) -> Iterator[tuple[Entry, list[Match]]]:
    """Yield each entry of a tree that has matches in its name, with those."""
    pending = sorted(matches, key=lambda match: match.start, reverse=True)
    for entry, begin, end in tree_names(tree, hash_size):
        if not pending:
            return
        found = []
        while pending and pending[-1].start < end:
            match = pending.pop()
            if match.start >= begin:
                found.append(match)
        if found:
            yield entry, found

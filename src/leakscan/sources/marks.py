"""Which secrets the entries of trees bear: in their content, or in their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.detect.redaction import without_encoded
from leakscan.git.damage import DamagedError
from leakscan.git.texts import readable
from leakscan.git.tree import Entry, tree_names
from leakscan.model import Match

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Set

    from leakscan.git.introduction import Holding
    from leakscan.git.store import ObjectStore
    from leakscan.git.survey import Hit
    from leakscan.sources.placing import Found


@dataclass(frozen=True, slots=True)
class Mark:
    """A secret in the content or the name of an entry: the same one in every version.

    Attributes:
        rule, secret: empty for a part of the content that could not be read.
        within: the way to it inside of the content, if that is a container.
    """

    rule: str
    secret: str
    in_name: bool
    within: str | None = None


ByMark = dict[Mark, list["Found"]]


class Marks:
    """The matches of one repository, by the entry of a tree that bears them.

    Args:
        blobs, trees: what was found.
        store: where the trees can be read.

    Attributes:
        contents: the matches in each blob, and what of it could not be read, as far as that is
            wanted.
        names: the matches in each tree.
        entries: the entries of trees whose names bear a match.
        unreadable: trees that could not be read again, and why.
    """

    def __init__(
        self, blobs: Iterable[Hit[Found]], trees: Iterable[Hit[Found]], store: ObjectStore
    ) -> None:
        self.contents = {hit.oid: _by_mark(hit.found, False) for hit in blobs}
        self.names = {hit.oid: _by_mark(hit.found, True) for hit in trees}
        self.entries: dict[bytes, list[Entry]] = {}
        self.unreadable: list[tuple[bytes, str]] = []
        self._in_names: dict[bytes, dict[bytes, set[Mark]]] = {}
        self._shown: dict[bytes, bytes] = {}
        for hit in trees:
            try:
                _, data = store.read(hit.oid)
            except DamagedError as error:
                self.unreadable.append((hit.oid, str(error)))
                continue
            borne = self._in_names.setdefault(hit.oid, {})
            for entry, begin, found in _by_entry(hit.found, data, store.hash_size):
                self._shown[entry.name] = without_encoded(entry.name, found, begin)
                self.entries.setdefault(hit.oid, []).append(entry)
                borne[entry.name] = set(_by_mark(found, True))

    def __call__(self, tree: bytes, entry: Entry) -> Set[Mark]:
        """Return the marks of an entry: by its name, by its content."""
        marks = self.contents.get(entry.oid, {}).keys()
        if tree not in self._in_names:
            return marks
        return marks | self._in_names[tree].get(entry.name, set())

    def shown_path(self, path: bytes) -> str:
        """Return a path for people; secrets that stand encoded in names are redacted."""
        return readable(b"/".join([self._shown.get(name, name) for name in path.split(b"/")]))

    def found(self, holding: Holding, mark: Mark) -> list[Found]:
        """Return what is behind a mark in one version."""
        if mark.in_name:
            return self.names[holding.tree][mark]
        return self.contents[holding.entry.oid][mark]


def _by_mark(found: Iterable[Found], in_name: bool) -> ByMark:
    by_mark: ByMark = {}
    for item in found:
        if isinstance(item, Match):
            mark = Mark(item.rule, item.secret.reveal(), in_name, item.within)
        else:
            mark = Mark("", "", in_name, item.within)
        by_mark.setdefault(mark, []).append(item)
    return by_mark


def _by_entry(
    found: Iterable[Found], tree: bytes, hash_size: int
) -> Iterator[tuple[Entry, int, list[Match]]]:
    """Yield each entry of a tree that has matches in its name, where that begins, and those."""
    matches = [item for item in found if isinstance(item, Match)]
    pending = sorted(matches, key=lambda match: match.start, reverse=True)
    for entry, begin, end in tree_names(tree, hash_size):
        if not pending:
            return
        here = []
        while pending and pending[-1].start < end:
            match = pending.pop()
            if match.start >= begin:
                here.append(match)
        if here:
            yield entry, begin, here

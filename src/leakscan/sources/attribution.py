"""Turn matches in git objects into places that a person can go to.

A secret is *introduced* at a path by a commit that has it there while none of its parents
does.  A secret that stays in a file through many versions is one place, not many.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from leakscan.git.history import find_holders
from leakscan.git.introduction import Holding, Introductions, Standing, TooManyPathsError
from leakscan.git.pack import BLOB, COMMIT, TAG, TREE
from leakscan.git.shelf import TreeShelf
from leakscan.git.texts import readable
from leakscan.git.urls import link_to
from leakscan.model import Kind, Location, Match
from leakscan.sources.commits import Commits
from leakscan.sources.marks import Mark, Marks
from leakscan.sources.messages import Messages
from leakscan.sources.sighting import Sighting, Tally

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from leakscan.git.history import Holders
    from leakscan.git.shelf import Entry
    from leakscan.git.store import ObjectStore
    from leakscan.git.survey import Hit, Portion
    from leakscan.sources.repository import Repository, RepositoryOptions

MAX_PLACES = 100
"""Paths at which one secret is listed; what stands at more of them is a matter of copies."""

_SYMLINK = b"120000"


class Attribution:
    """Finds out where the matches of one repository stand.

    Args:
        repository: its refs, stashes and staged files.
        store: its objects.
        portion: what a survey of them found.
        options: whether to list every introducing commit, and how many processes to use.
        within: only what these commits introduced counts, if given.
        tally: told where places could not all be followed.
    """

    def __init__(
        self,
        repository: Repository,
        store: ObjectStore,
        portion: Portion[Match],
        options: RepositoryOptions,
        within: frozenset[bytes] | None,
        tally: Tally,
    ) -> None:
        self._repository = repository
        self._store = store
        self._options = options
        self._within = within
        self._tally = tally
        self._commits = Commits(repository, store, portion.lineages or ())
        self._hits = _merged(portion.hits)

    def sightings(self) -> Iterator[Sighting]:
        """Yield each match with the places where it stands, per place the first version."""
        messages = Messages(self._repository, self._commits, self._within)
        found: dict[int, list[Hit[Match]]] = {BLOB: [], TREE: [], COMMIT: [], TAG: []}
        for hit in self._hits:
            found[hit.type].append(hit)
        for hit in found[COMMIT]:
            yield from messages.in_commit(hit)
        for hit in found[TAG]:
            yield from messages.in_tag(hit)
        if found[BLOB] or found[TREE]:
            marks = Marks(found[BLOB], found[TREE], self._store)
            for tree, why in marks.unreadable:
                self._tally.skip(f"tree {tree.hex()}", why)
            yield from self._in_trees(marks)

    def _in_trees(self, marks: Marks) -> Iterator[Sighting]:
        """Attribute matches in blobs and in the names of files and folders."""
        shelf = TreeShelf(self._store, self._options.jobs)
        holders = find_holders(shelf, [*marks.contents, *marks.names])
        for tree, named in marks.entries.items():
            holders[tree] = tuple(dict.fromkeys((*holders.get(tree, ()), *named)))
        introductions = Introductions(self._commits.graph, holders, marks)
        introduced, current = self._introduced(introductions, holders)
        if current is None:
            introductions.reached.update(marks.contents, marks.names)
        listed: Counter[Mark] = Counter()
        for standing, holdings in introduced.items():
            listed[standing.mark] += 1
            if listed[standing.mark] <= MAX_PLACES:
                certain = current is not None and self._commits.tips and shelf.is_whole
                now = standing in current if current is not None and certain else None
                yield from self._standing(standing, holdings, marks, current=now)
        if self._within is None:
            reached = introductions.reached
            yield from self._without_commit(marks, holders, reached, listed, shelf.is_whole)

    def _introduced(
        self, introductions: Introductions[Mark], holders: Holders
    ) -> tuple[dict[Standing[Mark], list[tuple[bytes, Holding]]], set[Standing[Mark]] | None]:
        """Find what each commit brought, and what stands at the tips of branches.

        Of hostile trees not every path is followed, and nobody can tell what stands now.
        """
        introduced: dict[Standing[Mark], list[tuple[bytes, Holding]]] = defaultdict(list)
        tree_of = self._commits.graph.tree_of
        try:
            for commit in (c for c, tree in tree_of.items() if tree in holders):
                for standing, holding in introductions.of_commit(commit):
                    introduced[standing].append((commit, holding))
            tips = {tree_of[tip] for tip in self._commits.tips | self._commits.note_tips}
            return introduced, introductions.standings(tips)
        except TooManyPathsError:
            return introduced, None

    def _standing(
        self,
        standing: Standing[Mark],
        holdings: list[tuple[bytes, Holding]],
        marks: Marks,
        *,
        current: bool | None,
    ) -> Iterator[Sighting]:
        """Yield the place of a secret at a path: its first commit that counts."""
        if self._within is not None:
            holdings = [(commit, held) for commit, held in holdings if commit in self._within]
        if not holdings:
            return
        holdings.sort(key=lambda item: self._commits.precedence(item[0]))
        commit, holding = holdings[0]
        in_name = standing.mark.in_name
        matches = marks.matches(holding, standing.mark)
        path = readable(standing.path)
        oid = holding.tree if in_name else holding.entry.oid
        kind = self._kind(commit, holding.entry, in_name)
        place = replace(
            self._commits.location(kind, commit, oid, path),
            current=current,
            commits=tuple(c.hex() for c, _ in holdings) if self._options.all_commits else (),
        )
        for match in matches[:1] if in_name else matches:
            line, column = (None, None) if in_name else (match.line, match.column)
            url = link_to(self._repository.remote, commit.hex(), path, line)
            yield Sighting(match, replace(place, line=line, column=column, url=url))

    def _kind(self, commit: bytes, entry: Entry, in_name: bool) -> Kind:
        if in_name:
            return Kind.PATH
        if entry.mode == _SYMLINK:
            return Kind.SYMLINK
        is_note = commit in self._commits.in_notes and commit not in self._commits.on_branch
        return Kind.NOTE if is_note else Kind.BLOB

    def _without_commit(
        self,
        marks: Marks,
        holders: Mapping[bytes, tuple[Entry, ...]],
        reached: set[bytes],
        told: Collection[Mark],
        certain: bool,
    ) -> Iterator[Sighting]:
        """Yield what no commit holds: staged, or left behind by something undone.

        Whatever has been ``told`` nowhere is yielded here, so that nothing found is lost.
        """
        unplaced = "no commit holds it" if certain else "which commits hold it cannot be told"
        staged_at = self._repository.staged
        paths = {e.oid: e.name for entries in holders.values() for e in entries} | dict(staged_at)
        for where, in_name in ((marks.contents, False), (marks.names, True)):
            for oid, matches in where.items():
                if oid in reached and all(mark in told for mark in matches):
                    continue
                path = None if in_name else paths.get(oid)
                staged = oid in staged_at
                kind = Kind.PATH if in_name else Kind.STAGED if staged else Kind.BLOB
                gone = not staged and self._commits.tips and certain
                for match in (m for found in matches.values() for m in found):
                    yield Sighting(
                        match,
                        Location(
                            kind,
                            self._repository.name,
                            object=oid.hex(),
                            path=None if path is None else readable(path),
                            line=None if in_name else match.line,
                            column=None if in_name else match.column,
                            current=False if gone else None,
                            note=None if staged else unplaced,
                        ),
                    )


def _merged(hits: Iterable[Hit[Match]]) -> Collection[Hit[Match]]:
    """Take together what was found under one id: an object can lie in more than one place."""
    unique: dict[bytes, Hit[Match]] = {}
    for hit in hits:
        known = unique.setdefault(hit.oid, hit)
        if known.found != hit.found:
            unique[hit.oid] = replace(known, found=(*known.found, *hit.found))
    return unique.values()

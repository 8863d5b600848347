"""Turn matches in git objects into places that a person can go to.

A secret is *introduced* at a path by a commit that has it there while none of its parents
does.  A secret that stays in a file through many versions is one place, not many.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from leakscan.git.damage import DamagedError
from leakscan.git.history import find_holders
from leakscan.git.introduction import Holding, Introductions, Standing, TooManyPathsError
from leakscan.git.pack import BLOB, COMMIT, TAG, TREE, TYPE_NAMES
from leakscan.git.shelf import TreeShelf
from leakscan.git.survey import Hit
from leakscan.git.texts import readable
from leakscan.git.tree import tree_entries
from leakscan.git.urls import link_to
from leakscan.model import Kind, Location
from leakscan.sources.commits import Commits
from leakscan.sources.marks import Mark, Marks
from leakscan.sources.messages import Messages
from leakscan.sources.placing import named_place, placed, readable_parts
from leakscan.sources.sighting import Sighting, Tally

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from leakscan.git.history import Holders
    from leakscan.git.store import ObjectStore
    from leakscan.git.survey import Portion
    from leakscan.git.tree import Entry
    from leakscan.model import Match
    from leakscan.sources.placing import Found
    from leakscan.sources.repository import Repository, RepositoryOptions

MAX_READ = 1000
"""Missing objects for which it is looked up whether they are trees."""

FOLDER = (b"40000", b"040000")
"""Modes of trees; long ago, git wrote a zero before."""

MAX_PLACES = 1000
"""Paths at which one secret is listed, those where it still stands first."""

_SYMLINK = b"120000"

_HIDDEN_KINDS = {COMMIT: Kind.COMMIT_MESSAGE, TAG: Kind.TAG_MESSAGE, TREE: Kind.PATH}


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
        portion: Portion[Found],
        options: RepositoryOptions,
        within: frozenset[bytes] | None,
        tally: Tally,
    ) -> None:
        self._repository = repository
        self._store = store
        self._options = options
        self._within = within
        self._tally = tally
        self._portion = portion

    @cached_property
    def _commits(self) -> Commits:
        # Takes a while in large repositories, and is not needed where something is only unread.
        return Commits(self._repository, self._store, self._portion.lineages or ())

    def sightings(self) -> Iterator[Sighting]:
        """Yield each match with the places where it stands, per place the first version."""
        hits, hidden = _told_apart(self._portion.hits)
        for hit in hidden:
            yield from self._hidden(hit)
        blobs: list[Hit[Found]] = [hit for hit in hits if hit.type == BLOB]
        if self._within is None:  # else they count only if those commits brought them
            blobs = [hit for hit in map(self._without_unread, blobs) if hit.found]
        of_type: dict[int, list[Hit[Match]]] = {TREE: [], COMMIT: [], TAG: []}
        for hit in hits:
            if hit.type != BLOB and (matching := self._without_unread(hit)).found:
                of_type[hit.type].append(matching)
        if of_type[COMMIT] or of_type[TAG]:
            messages = Messages(self._repository, self._commits, self._within)
            for matching in of_type[COMMIT]:
                yield from messages.in_commit(matching)
            for matching in of_type[TAG]:
                yield from messages.in_tag(matching)
        if blobs or of_type[TREE]:
            marks = Marks(blobs, of_type[TREE], self._store)
            for tree, why in marks.unreadable:
                self._tally.skip(f"tree {tree.hex()}", why)
            yield from self._in_trees(marks)

    def _without_unread(self, hit: Hit[Found]) -> Hit[Match]:
        """Return a hit with its matches only, and record what could not be read."""
        what = f"{TYPE_NAMES[hit.type]} {hit.oid.hex()}"
        matches = tuple(readable_parts(hit.found, what, self._tally))
        return Hit(hit.oid, hit.type, matches, hit.is_shadowed)

    def _hidden(self, hit: Hit[Found]) -> Iterator[Sighting]:
        """Yield what stands in an object that another one of the same id hides."""
        note = "in a loose object that another object of the same id hides"
        place = Location(
            _HIDDEN_KINDS[hit.type], self._repository.name, object=hit.oid.hex(), note=note
        )
        for match in self._without_unread(hit).found:
            yield Sighting(match, named_place(place, match))

    def _in_trees(self, marks: Marks) -> Iterator[Sighting]:
        """Attribute matches in blobs and in the names of files and folders."""
        shelf = TreeShelf(self._store, self._options.jobs)
        wanted = {*marks.contents, *marks.names}
        holders, all_found = find_holders(shelf.naming, wanted)
        _add(holders, marks.entries)
        introductions = Introductions(self._commits.graph, holders, marks)
        introduced, current = self._introduced(introductions, holders)
        if unplaced := wanted - introductions.reached:
            more, all_exact = find_holders(shelf.naming_exactly, unplaced)
            all_found &= all_exact
            if more.keys() - holders.keys():
                _add(holders, more)
                introductions = Introductions(self._commits.graph, holders, marks)
                introduced, current = self._introduced(introductions, holders)
        if not shelf.is_whole:
            self._tally.skip("some trees", "who brought what was found may be told wrongly")
        if not all_found or current is None:
            self._tally.skip(
                "some paths", "folders lie too deep, or hold themselves, to follow all"
            )
        certain = all_found and shelf.is_whole and not self._lacks_history()
        if current is None:
            introductions.reached.update(marks.contents, marks.names)
        listed: Counter[tuple[str, str, bool]] = Counter()
        told: set[Mark] = set()
        standing_now = current or set()
        for standing in sorted(introduced, key=lambda standing: standing not in standing_now):
            mark = standing.mark
            told.add(mark)
            secret = (mark.rule, mark.secret, mark.in_name)
            listed[secret] += bool(mark.rule)
            if listed[secret] <= MAX_PLACES:
                is_gone = current is not None and self._commits.tips and certain
                now = True if standing in standing_now else False if is_gone else None
                yield from self._standing(standing, introduced[standing], marks, current=now)
        if unlisted := sum(max(0, count - MAX_PLACES) for count in listed.values()):
            self._tally.skip(f"{unlisted} more places", f"of one secret {MAX_PLACES} are listed")
        if self._within is None:
            reached = introductions.reached
            yield from self._without_commit(marks, holders, reached, told, certain)

    def _lacks_history(self) -> bool:
        """Whether a tree or a commit may be missing, so that nobody knows what it holds."""
        if self._portion.broken or len(self._portion.missing) > MAX_READ:
            return True
        for oid, (namer, kind) in self._portion.missing.items():
            if kind != TREE:
                return True
            try:
                _, data = self._store.read(namer)
            except DamagedError:
                return True
            if any(e.mode in FOLDER and e.oid == oid for e in tree_entries(data, len(oid))):
                return True
        return False

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
        path = marks.shown_path(standing.path)
        linked = path if path == readable(standing.path) else None
        found = readable_parts(marks.found(holding, standing.mark), f"file {path}", self._tally)
        oid = holding.tree if in_name else holding.entry.oid
        kind = self._kind(commit, holding.entry, in_name)
        place = replace(
            self._commits.location(kind, commit, oid, path),
            current=current,
            commits=tuple(c.hex() for c, _ in holdings) if self._options.all_commits else (),
        )
        for match in islice(found, 1) if in_name else found:
            line = None if in_name or match.within is not None else match.line
            url = link_to(self._repository.remote, commit.hex(), linked, line)
            at = named_place if in_name else placed
            yield Sighting(match, replace(at(place, match), url=url))

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
        unreached = (marks.contents.keys() | marks.names.keys()) - reached
        tagged = self._tagged(holders) if unreached else set()
        paths = {e.oid: e.name for entries in holders.values() for e in entries} | dict(staged_at)
        for where, in_name in ((marks.contents, False), (marks.names, True)):
            for oid, matches in where.items():
                if oid in reached and all(mark in told for mark in matches):
                    continue
                path = None if in_name else paths.get(oid)
                staged = oid in staged_at
                kind = Kind.PATH if in_name else Kind.STAGED if staged else Kind.BLOB
                gone = not staged and self._commits.tips and certain
                place = Location(
                    kind,
                    self._repository.name,
                    object=oid.hex(),
                    path=None if path is None else marks.shown_path(path),
                    current=False if gone else None,
                    note=None if staged else unplaced,
                    reachable=oid in tagged,
                )
                at = named_place if in_name else placed
                for found in matches.values():
                    for match in readable_parts(found, f"object {oid.hex()}", self._tally):
                        yield Sighting(match, at(place, match))

    def _tagged(self, holders: Mapping[bytes, tuple[Entry, ...]]) -> set[bytes]:
        """Return what tags lead to without a commit: a tag may name a blob or a tree."""
        found: set[bytes] = set()
        pending = list(self._commits.tagged)
        while pending:
            oid = pending.pop()
            if oid not in found:
                found.add(oid)
                pending += [entry.oid for entry in holders.get(oid, ())]
        return found


def _add(holders: Holders, more: Mapping[bytes, Iterable[Entry]]) -> None:
    for tree, entries in more.items():
        holders[tree] = tuple(dict.fromkeys((*holders.get(tree, ()), *entries)))


def _told_apart(hits: Iterable[Hit[Found]]) -> tuple[list[Hit[Found]], list[Hit[Found]]]:
    """Take together what was found in copies of an object.

    Returns:
        One hit an object, and those in texts that cannot be read again under their id.
    """
    unique: dict[bytes, Hit[Found]] = {}
    hidden: list[Hit[Found]] = []
    for hit in sorted(hits, key=lambda hit: hit.is_shadowed):
        known = unique.get(hit.oid)
        if known and known.found == hit.found:
            continue
        if hit.is_shadowed and hit.type != BLOB:
            hidden.append(hit)
        elif known:
            unique[hit.oid] = replace(known, found=(*known.found, *hit.found))
        else:
            unique[hit.oid] = hit
    return list(unique.values()), hidden

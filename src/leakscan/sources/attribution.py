"""Turn matches in git objects into places that a person can go to.

A secret is *introduced* at a path by a commit that has it there while none of its parents
does.  A secret that stays in a file through many versions is one place, not many.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from leakscan.git.damage import DamagedError
from leakscan.git.history import find_holders, read_graph
from leakscan.git.introduction import Holding, Introductions, Standing, TooManyPathsError
from leakscan.git.pack import BLOB, COMMIT, TAG, TREE
from leakscan.git.shelf import TreeShelf, tree_entries
from leakscan.git.texts import Signature, header_end, readable, signature
from leakscan.git.urls import link_to
from leakscan.model import Kind, Location, Match
from leakscan.sources.sighting import Sighting, Tally

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Set

    from leakscan.git.layout import Layout
    from leakscan.git.refs import Ref
    from leakscan.git.shelf import Entry
    from leakscan.git.store import ObjectStore
    from leakscan.git.survey import Hit

Matches = tuple[Match, ...]

MAX_PLACES = 100
"""Paths at which one secret is listed; what stands at more of them is a matter of copies."""

_SYMLINK = b"120000"
_BRANCHES = (b"refs/heads/", b"refs/remotes/")


@dataclass(frozen=True, slots=True)
class _Mark:
    """A secret in the content or the name of an entry: the same one in every version."""

    rule: str
    secret: str
    in_name: bool


class _Marks:
    """The matches of one repository, by the entry of a tree that bears them."""

    def __init__(self, contents: Mapping[bytes, Matches], names: Mapping[bytes, Matches]) -> None:
        self.contents = {oid: _by_mark(found, False) for oid, found in contents.items()}
        self.names = {oid: _by_mark(found, True) for oid, found in names.items()}

    def __call__(self, tree: bytes, entry: Entry) -> Set[_Mark]:
        """Return the marks of an entry: by its name, by its content."""
        marks = self.contents.get(entry.oid, {}).keys()
        if tree not in self.names:
            return marks
        return marks | {m for m in self.names[tree] if m.secret.encode() in entry.name}

    def matches(self, holding: Holding, mark: _Mark) -> list[Match]:
        """Return the matches behind a mark in one version."""
        if mark.in_name:
            return self.names[holding.tree][mark]
        return self.contents[holding.entry.oid][mark]


def _by_mark(matches: Matches, in_name: bool) -> dict[_Mark, list[Match]]:
    found: dict[_Mark, list[Match]] = {}
    for match in matches:
        mark = _Mark(match.rule, match.secret.reveal(), in_name)
        found.setdefault(mark, []).append(match)
    return found


class Attribution:
    """Finds out where the matches of one repository stand.

    Args:
        store: the repository's objects.
        layout: the repository.
        refs: its refs.
        staged: paths of staged objects by id.
        stashes: commits of the stash, older ones included.
        repository: what to call it in locations.
        tally: told where places could not all be followed.
        all_commits: whether to list every introducing commit, not only the first.
        within: only what these commits introduced counts, if given.
        jobs: worker processes.
    """

    def __init__(
        self,
        store: ObjectStore,
        layout: Layout,
        refs: Mapping[bytes, Ref],
        staged: Mapping[bytes, bytes],
        stashes: Iterable[bytes],
        repository: str,
        *,
        tally: Tally,
        all_commits: bool,
        within: frozenset[bytes] | None,
        jobs: int,
    ) -> None:
        self._store = store
        self._tally = tally
        self._remote = layout.origin or repository
        self._shallow = layout.shallow
        self._staged = staged
        self._repository = repository
        self._all_commits = all_commits
        self._within = within
        self._jobs = jobs
        self._graph = read_graph(store, jobs)
        self._ref_of = {ref.oid: readable(ref.name) for ref in refs.values()}
        self._tips = self._tips_of(ref for ref in refs.values() if ref.name.startswith(_BRANCHES))
        head = refs.get(b"HEAD")
        if head:
            self._tips |= self._tips_of([head])
        self._on_branch = self._graph.reachable(self._tips)
        notes = [ref for ref in refs.values() if ref.name.startswith(b"refs/notes/")]
        self._note_tips = self._tips_of(notes)
        self._in_notes = self._graph.reachable(self._note_tips)
        self._in_stash = self._graph.reachable(stashes)
        self._in_tags = self._reachable_under(refs, b"refs/tags/")
        self._signatures: dict[bytes, tuple[Signature | None, int]] = {}

    def sightings(self, hits: Iterable[Hit[Match]]) -> Iterator[Sighting]:
        """Yield each match with the places where it stands, per place the first version."""
        contents: dict[bytes, Matches] = {}
        names: dict[bytes, Matches] = {}
        for hit in hits:
            if hit.type == BLOB:
                contents[hit.oid] = hit.found
            elif hit.type == TREE:
                names[hit.oid] = hit.found
            elif hit.type == COMMIT:
                yield from self._in_commit(hit)
            elif hit.type == TAG:
                yield from self._in_tag(hit)
        if contents or names:
            yield from self._in_trees(_Marks(contents, names))

    def _in_trees(self, marks: _Marks) -> Iterator[Sighting]:
        """Attribute matches in blobs and in the names of files and folders."""
        shelf = TreeShelf(self._store, self._jobs)
        holders = find_holders(shelf, [*marks.contents, *marks.names])
        for tree in marks.names:
            held = dict.fromkeys(holders.get(tree, ()))
            holders[tree] = tuple(held | dict.fromkeys(self._named(tree, marks)))
        introductions = Introductions(self._graph, holders, marks)
        introduced: dict[Standing[_Mark], list[tuple[bytes, Holding]]] = defaultdict(list)
        current: set[Standing[_Mark]] | None = None
        tree_of = self._graph.tree_of
        try:
            for commit in (c for c, tree in tree_of.items() if tree in holders):
                for standing, holding in introductions.of_commit(commit):
                    introduced[standing].append((commit, holding))
            tips = {tree_of[tip] for tip in self._tips | self._note_tips}
            current = introductions.standings(tips) if self._tips and shelf.is_whole else None
        except TooManyPathsError:
            # All was read; only not every path to it is listed, nor who brought it.
            introductions.reached.update(marks.contents, marks.names)
        listed: Counter[_Mark] = Counter()
        for standing, holdings in introduced.items():
            listed[standing.mark] += 1
            if listed[standing.mark] <= MAX_PLACES:
                now = None if current is None else standing in current
                yield from self._standing(standing, holdings, marks, current=now)
        if self._within is None:
            reached = introductions.reached
            yield from self._without_commit(marks, holders, reached, listed, shelf.is_whole)

    def _named(self, tree: bytes, marks: _Marks) -> Iterator[Entry]:
        """Yield the entries of a tree whose names bear a mark."""
        try:
            _, data = self._store.read(tree)
        except DamagedError as error:
            self._tally.skip(f"tree {tree.hex()}", str(error))
            return
        for entry in tree_entries(data, self._store.hash_size):
            if any(mark.secret.encode() in entry.name for mark in marks.names[tree]):
                yield entry

    def _standing(
        self,
        standing: Standing[_Mark],
        holdings: list[tuple[bytes, Holding]],
        marks: _Marks,
        *,
        current: bool | None,
    ) -> Iterator[Sighting]:
        """Yield the place of a secret at a path: its first commit that counts."""
        if self._within is not None:
            holdings = [(commit, held) for commit, held in holdings if commit in self._within]
        if not holdings:
            return
        holdings.sort(key=lambda item: (item[0] not in self._on_branch, self._when(item[0])))
        commit, holding = holdings[0]
        in_name = standing.mark.in_name
        matches = marks.matches(holding, standing.mark)
        kind = Kind.PATH if in_name else Kind.BLOB
        if holding.entry.mode == _SYMLINK and not in_name:
            kind = Kind.SYMLINK
        elif commit in self._in_notes and commit not in self._on_branch:
            kind = Kind.NOTE
        path = readable(standing.path)
        oid = holding.tree if in_name else holding.entry.oid
        place = replace(
            self._at_commit(kind, commit, oid, path),
            current=current,
            commits=tuple(c.hex() for c, _ in holdings) if self._all_commits else (),
        )
        for match in matches[:1] if in_name else matches:
            line, column = (None, None) if in_name else (match.line, match.column)
            url = link_to(self._remote, commit.hex(), path, line)
            yield Sighting(match, replace(place, line=line, column=column, url=url))

    def _without_commit(
        self,
        marks: _Marks,
        holders: Mapping[bytes, tuple[Entry, ...]],
        reached: set[bytes],
        told: Collection[_Mark],
        certain: bool,
    ) -> Iterator[Sighting]:
        """Yield what no commit holds: staged, or left behind by something undone.

        Whatever has been ``told`` nowhere is yielded here, so that nothing found is lost.
        """
        unplaced = "no commit holds it" if certain else "which commits hold it cannot be told"
        paths = {e.oid: e.name for entries in holders.values() for e in entries}
        paths |= self._staged
        for where, in_name in ((marks.contents, False), (marks.names, True)):
            for oid, matches in where.items():
                if oid in reached and all(mark in told for mark in matches):
                    continue
                path = None if in_name else paths.get(oid)
                staged = oid in self._staged
                kind = Kind.PATH if in_name else Kind.STAGED if staged else Kind.BLOB
                for match in (m for found in matches.values() for m in found):
                    yield Sighting(
                        match,
                        Location(
                            kind,
                            self._repository,
                            object=oid.hex(),
                            path=None if path is None else readable(path),
                            line=None if in_name else match.line,
                            column=None if in_name else match.column,
                            current=None if staged or not self._tips or not certain else False,
                            note=None if staged else unplaced,
                        ),
                    )

    def _in_commit(self, hit: Hit[Match]) -> Iterator[Sighting]:
        if self._within is not None and hit.oid not in self._within:
            return
        for match, kind, line in self._in_text(hit, Kind.COMMIT_MESSAGE):
            location = self._at_commit(kind, hit.oid, hit.oid, None)
            yield Sighting(
                match,
                replace(
                    location,
                    line=line,
                    column=match.column,
                    current=hit.oid in self._on_branch if self._tips else None,
                    url=link_to(self._remote, hit.oid.hex()),
                ),
            )

    def _in_tag(self, hit: Hit[Match]) -> Iterator[Sighting]:
        data = self._text(hit.oid)
        tagger = signature(data, b"tagger")
        head = data[: header_end(data)].split(b"\n")
        name = next((line[4:] for line in head if line.startswith(b"tag ")), b"")
        try:
            commit = bytes.fromhex(head[0].removeprefix(b"object ").decode())
        except ValueError:
            commit = b""
        if self._within is not None and commit not in self._within:
            return
        for match, kind, line in self._in_text(hit, Kind.TAG_MESSAGE):
            yield Sighting(
                match,
                Location(
                    kind,
                    self._repository,
                    object=hit.oid.hex(),
                    commit=commit.hex() if commit in self._graph.tree_of else None,
                    path=self._ref_of.get(hit.oid),
                    line=line,
                    column=match.column,
                    author=tagger.person if tagger else None,
                    date=tagger.date if tagger else None,
                    note=None if hit.oid in self._ref_of else f"tag {readable(name)}",
                ),
            )

    def _in_text(self, hit: Hit[Match], message: Kind) -> Iterator[tuple[Match, Kind, int | None]]:
        """Say in which part of a commit or tag each match stands, and the line of the message."""
        data = self._text(hit.oid)
        end = header_end(data)
        before = data.count(b"\n", 0, end)
        for match in hit.found:
            if match.start >= end:
                yield match, message, match.line - before
                continue
            line = data[data.rfind(b"\n", 0, match.start) + 1 : match.start]
            by = line.startswith((b"author ", b"committer ", b"tagger "))
            yield match, Kind.IDENTITY if by else Kind.COMMIT_HEADER, None

    def _text(self, oid: bytes) -> bytes:
        """Return a commit or a tag; nothing of one that is too large to hold."""
        try:
            return self._store.read(oid)[1]
        except DamagedError:
            return b""

    def _at_commit(self, kind: Kind, commit: bytes, oid: bytes, path: str | None) -> Location:
        author = self._signature(commit)[0]
        return Location(
            kind,
            self._repository,
            object=oid.hex(),
            commit=commit.hex(),
            path=path,
            author=author.person if author else None,
            date=author.date if author else None,
            note=self._note(commit),
        )

    def _note(self, commit: bytes) -> str | None:
        """Say what is odd about a commit that is on no branch, or the first that is here."""
        if commit not in self._on_branch and commit not in self._in_notes:
            if commit in self._in_stash:
                return "in the stash"
            if commit in self._in_tags:
                return "on no branch, but tagged"
            return "on no branch or tag"
        if commit.hex() in self._shallow:
            return "or before: the history before this commit is not here"
        return None

    def _signature(self, commit: bytes) -> tuple[Signature | None, int]:
        """Return the author of a commit, and when it was committed for sorting."""
        if commit not in self._signatures:
            try:
                _, data = self._store.read(commit)
            except DamagedError:
                return None, 0
            committer = signature(data, b"committer")
            when = committer.date if committer else None
            author = signature(data, b"author")
            self._signatures[commit] = author, int(when.timestamp()) if when else 0
        return self._signatures[commit]

    def _when(self, commit: bytes) -> tuple[int, bytes]:
        return self._signature(commit)[1], commit

    def _tips_of(self, refs: Iterable[Ref]) -> set[bytes]:
        return {ref.oid for ref in refs if ref.oid in self._graph.tree_of}

    def _reachable_under(self, refs: Mapping[bytes, Ref], prefix: bytes) -> set[bytes]:
        tips: set[bytes] = set()
        for ref in refs.values():
            if ref.oid and ref.name.startswith(prefix):
                tips.add(self._peeled(ref.oid))
        return self._graph.reachable(tips)

    def _peeled(self, oid: bytes) -> bytes:
        """Follow tags to what they name."""
        for _ in range(8):
            if oid in self._graph.tree_of:
                break
            try:
                kind, data = self._store.read(oid)
                if kind != TAG:
                    break
                oid = bytes.fromhex(data[7 : 7 + 2 * self._store.hash_size].decode())
            except (DamagedError, ValueError):
                break
        return oid

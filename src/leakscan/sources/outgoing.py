"""What a push brings: the commits that one side has and the other has not."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from leakscan.detect.redaction import without_encoded
from leakscan.errors import TargetError
from leakscan.git.own import ask
from leakscan.git.raw_diff import OPTIONS, read_commits
from leakscan.git.texts import readable, signature
from leakscan.model import Kind, Location
from leakscan.sources.brought import brought_objects, called, filtered_out
from leakscan.sources.messages import parts_of
from leakscan.sources.novelty import Novelty, token_of
from leakscan.sources.objects import read_whole, search_objects
from leakscan.sources.placing import named_place, placed, shown_name
from leakscan.sources.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence

    from leakscan.detect import Detector
    from leakscan.git.raw_diff import Change
    from leakscan.model import Match
    from leakscan.sources.brought import OtherSide
    from leakscan.sources.ref_updates import RefUpdate
    from leakscan.sources.sighting import Tally

MOST_SOUGHT = 200
"""Objects that git is told to look for by its arguments."""


def scan_outgoing(
    updates: Sequence[RefUpdate],
    there: OtherSide,
    repository: str,
    detector: Detector,
    tally: Tally,
) -> Iterator[Sighting]:
    """Search the objects that a push brings; with tokens that were there before comes that.

    Args:
        updates: of refs.
        there: where it goes to.
        repository: what to call it in locations.
        detector: what to search with.
        tally: told what was read and what could not be.

    Raises:
        TargetError: git cannot tell what the push brings.
    """
    outgoing = _Outgoing(updates, there, repository, detector, tally)
    yield from outgoing.in_names()
    found: dict[str, dict[str, list[Match]]] = {"blob": {}, "tree": {}, "commit": {}, "tag": {}}
    brought = brought_objects(updates, there, tally)
    path = _paths(found["commit"].keys(), detector)
    for item, matches in search_objects(brought.here, detector, tally, called, path):
        found[item.type][item.oid] = matches
    copied = outgoing.copied([*found["commit"]], {*brought.here, *brought.missing})
    for item, matches in search_objects(copied, detector, tally, called, path):
        found[item.type][item.oid] = matches
    yield from outgoing.in_texts(found["commit"], Kind.COMMIT_MESSAGE)
    yield from outgoing.in_texts(found["tag"], Kind.TAG_MESSAGE)
    if any(found["blob"].values()) or any(found["tree"].values()):
        yield from outgoing.in_files([*found["commit"]], found["blob"], found["tree"])


@dataclass(frozen=True, slots=True)
class _Outgoing:
    """Says where in what a push brings the matches stand."""

    _updates: Sequence[RefUpdate]
    _there: OtherSide
    _repository: str
    _detector: Detector
    _tally: Tally

    def copied(self, commits: Sequence[str], brought: Container[str]) -> list[str]:
        """Return the blobs that commits put somewhere, not from elsewhere, and that do not come.

        Git sends no blob that the other side has, but a copy of its file may hold a token.
        """
        copied, failure = dict[str, None](), ""
        try:
            for _, changes in _changes(commits, "-c"):
                before = {change.before for change in changes}
                after = [change.after for change in changes if change.after not in before]
                copied |= dict.fromkeys(oid for oid in after if oid and oid not in brought)
        except TargetError as error:
            failure = str(error)
        is_asked = self._there.promises and (failure or copied)
        promised = filtered_out(commits) if is_asked else set()
        if failure and not promised:
            self._tally.skip("copies of files", failure)
        return [oid for oid in copied if oid not in promised]

    def in_names(self) -> Iterator[Sighting]:
        """Yield what stands in the names of new refs."""
        for update in self._updates:
            if update.after and update.before is None:
                name = os.fsencode(update.name)
                found = self._detector.search(name)
                path = readable(without_encoded(name, found))
                place = Location(Kind.REF_NAME, self._repository, path=path)
                for match in found:
                    yield Sighting(match, named_place(place, match))

    def in_texts(self, found: Mapping[str, list[Match]], message: Kind) -> Iterator[Sighting]:
        """Yield what stands in commits or tags."""
        matched = _matched(found)
        texts = read_whole(matched)
        named = {update.after: update.name for update in self._updates}
        is_tag = message is Kind.TAG_MESSAGE
        for oid in matched:
            text = texts.get(oid)
            if text is None:  # git gave it a moment ago
                place = Location(message, self._repository, oid, None if is_tag else oid)
                yield from (Sighting(match, named_place(place, match)) for match in found[oid])
                continue
            by = signature(text, b"tagger" if is_tag else b"author")
            ref = named.get(oid)
            path = ref and shown_name(os.fsencode(ref), self._detector)
            for match, kind, line in parts_of(text, found[oid], message):
                place = Location(
                    kind,
                    self._repository,
                    object=oid,
                    commit=None if is_tag else oid,
                    path=path if is_tag else None,
                    author=by.person if by else None,
                    date=by.date if by else None,
                )
                yield Sighting(match, replace(placed(place, match), line=line))

    def in_files(
        self,
        commits: Sequence[str],
        blobs: Mapping[str, list[Match]],
        trees: Mapping[str, list[Match]],
    ) -> Iterator[Sighting]:
        """Yield what stands in files and their names, by the commits that put it there."""
        try:
            sightings = list(self._by_commit(commits, blobs, trees))
            notes = self._in_notes()
        except TargetError as error:
            self._tally.skip("what commits change", str(error))
            sightings, notes = [], set()
        added = {token_of(s.match) for s in sightings if s.known is None}
        told = [s for s in sightings if s.known is None or token_of(s.match) not in added]
        authors = read_whole(list({s.location.commit for s in told if s.location.commit}))
        for sighting in told:
            by = signature(authors.get(sighting.location.commit or "", b""), b"author")
            place = sighting.location
            if place.kind is Kind.BLOB and place.commit in notes:
                place = replace(place, kind=Kind.NOTE)
            if by:
                place = replace(place, author=by.person, date=by.date)
            yield replace(sighting, location=place)
        located = {token_of(sighting.match) for sighting in told}
        for kind, found in ((Kind.BLOB, blobs), (Kind.PATH, trees)):
            for oid, matches in found.items():
                for match in matches:
                    if token_of(match) not in located:  # no commit leads there, but a tag, say
                        place = Location(kind, self._repository, object=oid)
                        at = placed if match.within else named_place
                        yield Sighting(match, at(place, match))

    def _by_commit(
        self,
        commits: Sequence[str],
        blobs: Mapping[str, list[Match]],
        trees: Mapping[str, list[Match]],
    ) -> Iterator[Sighting]:
        novelty = Novelty(blobs, self._detector)
        suspects = commits if any(trees.values()) else _leading_to(_matched(blobs), commits)
        parents = _parents(suspects)
        for commit, compared in groupby(_changes(suspects, "-m"), key=itemgetter(0)):
            comparisons = [changes for _, changes in compared]
            if self._is_suspect(comparisons[0], blobs):
                # With a parent that has all the same, git does not list the comparison.
                comparisons += [[]] * (parents[commit] - len(comparisons))
                locate = partial(_location, self._repository, commit)
                yield from novelty.sightings(comparisons, locate, self._there.known)

    def _in_notes(self) -> set[str]:
        """Return the commits to which nothing that is pushed leads but refs of notes."""
        tips = [(it.name.startswith("refs/notes/"), it.after) for it in self._updates if it.after]
        of_notes = [tip for is_of_notes, tip in tips if is_of_notes]
        if not of_notes:
            return set()
        others = [tip for is_of_notes, tip in tips if not is_of_notes]
        listed = ask("rev-list", *of_notes, "--not", *others, doing="list the commits of notes")
        return {*listed.decode().split()}

    def _is_suspect(self, changes: Sequence[Change], blobs: Mapping[str, list[Match]]) -> bool:
        return any(
            (change.after and blobs.get(change.after)) or self._detector.search(change.path)
            for change in changes
            if not change.is_gone
        )


def _matched(found: Mapping[str, list[Match]]) -> list[str]:
    return [oid for oid, matches in found.items() if matches]


def _leading_to(blobs: Sequence[str], commits: Sequence[str]) -> Sequence[str]:
    """Return the commits that add or take away one of the blobs, and perhaps more."""
    if len(blobs) > MOST_SOUGHT:
        return commits
    listed = _changes(commits, "-m", *(f"--find-object={oid}" for oid in blobs))
    return list(dict.fromkeys(commit for commit, _ in listed))


def _changes(commits: Sequence[str], *options: str) -> Iterator[tuple[str, list[Change]]]:
    """Yield what commits change, and merges as the options say it (`read_commits`)."""
    if not commits:
        return iter(())
    listed = ask(
        *("diff-tree", "--stdin", "-r", "--root", *OPTIONS, *options),
        stdin="".join(f"{oid}\n" for oid in commits).encode(),
        doing="tell what commits change",
    )
    return read_commits(listed)


def _paths(commits: Collection[str], detector: Detector) -> Callable[[str], str]:
    """Return what gives the path of an object, or else calls it by its id.

    Args:
        commits: that may have put it there, all of them known when a path is first asked for.
        detector: what to search a path with: it may be a secret that is encoded.
    """

    @cache
    def paths() -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        with suppress(TargetError):
            for _, changes in _changes([*commits], "-m"):
                found |= {it.after: it.path for it in changes if it.after}
        return found

    return lambda oid: shown_name(paths().get(oid, b""), detector) or called(oid)


def _parents(commits: Sequence[str]) -> dict[str, int]:
    """Return how many parents each of the commits has."""
    told = "".join(f"{oid}\n" for oid in commits).encode()
    arguments = ("--no-walk=unsorted", "--parents", "--stdin")
    listed = ask("rev-list", *arguments, stdin=told, doing="name the parents of commits")
    return {ids[0]: len(ids) - 1 for ids in map(str.split, listed.decode().splitlines())}


def _location(repository: str, commit: str, change: Change, match: Match, kind: Kind) -> Location:
    path = readable(change.path)
    if kind is Kind.PATH:
        return named_place(Location(kind, repository, None, commit, path), match)
    return placed(Location(kind, repository, change.after, commit, path), match)

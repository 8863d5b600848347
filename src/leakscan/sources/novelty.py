"""Which tokens a commit adds.

It adds a token if that stands more often in what it changes than before, whichever parent one
compares with: in all of it, and in the very file that is told.  So a token is not added by who
edits its file, moves it, or merges it in; but is by who writes it to one place more.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from leakscan.detect.redaction import without_encoded
from leakscan.model import Kind
from leakscan.sources.objects import search_objects
from leakscan.sources.sighting import Sighting, Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from leakscan.detect import Detector
    from leakscan.git.raw_diff import Change
    from leakscan.model import Location, Match

Token = tuple[str, str]
"""Rule and secret."""

Standing = tuple[str, str, int]
"""Rule and secret of a token, and the rank of a confidence that it is seen with at least."""


def token_of(match: Match) -> Token:
    """Return what tells the token of a match from others."""
    return match.rule, match.secret.reveal()


def _standings(match: Match) -> list[Standing]:
    """Return what a match stands for: the token with its own confidence and all below, itself last.

    What stood there as something doubtful is new when it becomes a token beyond doubt.
    """
    return [(*token_of(match), rank) for rank in range(1, match.confidence.rank + 1)]


def _all_standings(matches: Iterable[Match]) -> list[Standing]:
    return [standing for match in matches for standing in _standings(match)]


class Novelty:
    """Tells what a commit adds from what stood there before.

    Args:
        in_blobs: what was found in blobs, by their hex ids.
        detector: what to search with.
    """

    def __init__(self, in_blobs: Mapping[str, list[Match]], detector: Detector) -> None:
        self._in_blobs = {**in_blobs}  # a copy: what stood before is nobody else's
        self._detector = detector

    def sightings(
        self,
        comparisons: Sequence[Sequence[Change]],
        locate: Callable[[Change, Match, Kind], Location],
        known: str,
    ) -> Iterator[Sighting]:
        """Yield the matches in what a commit changes; with what it does not add comes why.

        Args:
            comparisons: what it changes in comparison with each of its parents.
            locate: says where a match stands, by a change in whose path encoded secrets are
                redacted; the kind is that of a file, a symlink or a path.
            known: where a token stood that is not added, as in `Sighting`.
        """
        self._learn(oid for changes in comparisons for c in changes for oid in (c.before, c.after))
        added = self._added(comparisons)
        by_path = [{change.path: [change] for change in changes} for changes in comparisons]
        for change in comparisons[0]:
            kind = Kind.SYMLINK if change.is_symlink else Kind.BLOB
            there = [(match, kind) for match in self._in_blob(change.after)]
            in_path = self._in_path(change)
            there += [(match, Kind.PATH) for match in in_path if not change.is_gone]
            here = [changes.get(change.path, []) for changes in by_path]
            added_here = self._added(here) if there else ()
            shown = replace(change, path=without_encoded(change.path, in_path))
            for match, where in there:
                *_, itself = _standings(match)
                is_added = itself in added and itself in added_here
                place = locate(shown, match, where)
                yield Sighting(match, place, None if is_added else known)

    def _added(self, comparisons: Sequence[Sequence[Change]]) -> set[Standing]:
        gains = [self._gain(changes) for changes in comparisons]
        return {standing for standing in gains[0] if all(gain[standing] > 0 for gain in gains)}

    def _gain(self, changes: Iterable[Change]) -> Counter[Standing]:
        """Count how many times more each token stands in files, and in their names, than before."""
        gain: Counter[Standing] = Counter()
        for change in changes:
            in_path = _all_standings(self._in_path(change))
            gain.update(in_path if change.is_new else ())
            gain.subtract(in_path if change.is_gone else ())
            gain.update(_all_standings(self._in_blob(change.after)))
            gain.subtract(_all_standings(self._in_blob(change.before)))
        return gain

    def _in_blob(self, oid: str | None) -> Sequence[Match]:
        return self._in_blobs.get(oid, ()) if oid else ()

    def _in_path(self, change: Change) -> Sequence[Match]:
        return self._detector.search(change.path)

    def _learn(self, oids: Iterable[str | None]) -> None:
        """Search the blobs that were not searched yet: what stood there before.

        What cannot be read counts as empty, so that what may be old is taken for new.
        """
        unknown = dict.fromkeys(oid for oid in oids if oid and oid not in self._in_blobs)
        for item, found in search_objects([*unknown], self._detector, Tally(), str):
            self._in_blobs[item.oid] = found

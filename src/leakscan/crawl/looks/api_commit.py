"""Search what GitHub's API shows of a commit, and say where each match stands."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from leakscan.crawl.looks.patches import InPatch, Side, search_patch
from leakscan.git.urls import GITHUB, page_of
from leakscan.model import Kind, Location, Match, Unread
from leakscan.sources.files import scan_name
from leakscan.sources.placing import named_place, placed, readable_parts
from leakscan.sources.sighting import Sighting
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from leakscan.crawl.looks.api_calls import ApiCalls
    from leakscan.crawl.looks.api_documents import ApiCommit, ApiFile
    from leakscan.detect import Detector
    from leakscan.sources.sighting import Tally

_STOOD_BEFORE = "it stood there before this push"
_PERHAPS_BEFORE = "the API does not show whether it stood there before this push"
_MERGED = "a merge: another of its parents may have had it"

Mark = tuple[str, str, str, str]
"""A secret at a path: rule, secret, path, the way inside of that file."""


@dataclass(frozen=True)
class Ends:
    """What a comparison shows of the end of a push.

    Attributes:
        marks: the secrets that stand there in what the push changed.
        blobs: hex ids of the changed files, by path; of a removed one ``None``.
        unread: paths of which it shows no patch, or one that could not be read whole.
        is_whole: whether it shows all files.
    """

    marks: frozenset[Mark] = frozenset()
    blobs: Mapping[str, str | None] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    is_whole: bool = False

    def has(self, mark: Mark, sha: str | None) -> bool | None:
        """Tell whether a secret of a blob still stands at its path; ``None`` if nobody knows."""
        path = mark[2]
        if mark in self.marks or (sha is not None and self.blobs.get(path) == sha):
            return True
        return None if not self.is_whole or path in self.unread else False


class CommitSearch:
    """Searches the commits of one push, oldest first.

    Args:
        calls: fetch what a commit does not show, and know the repository's own page.
        detector: what to search with.
        tally: told what was read and what could not be.
        ends: what is known of the end of the push.
        on_branch: whether it is a branch that holds the commits, as far as is known.
    """

    def __init__(
        self,
        calls: ApiCalls,
        detector: Detector,
        tally: Tally,
        ends: Ends,
        *,
        on_branch: bool,
    ) -> None:
        self._calls = calls
        self._detector = detector
        self._tally = tally
        self._ends = ends
        self._on_branch = on_branch
        self._told: set[Mark] = set()
        self._told_paths: set[str] = set()
        self._blobs: dict[str, Sequence[Match]] = {}

    def texts(self, commit: ApiCommit) -> Iterator[Sighting]:
        """Yield what stands in the message, and in the names of author and committer."""
        people = (("author", commit.author), ("committer", commit.committer))
        self._tally.read(len(commit.message))
        texts = [(Kind.IDENTITY, f"{role} {person}") for role, person in people if person]
        texts.insert(0, (Kind.COMMIT_MESSAGE, commit.message))
        for kind, text in texts:
            found = self._detector.search_text(text.encode(errors="replace"))
            what = f"{kind.value.replace('-', ' ')} of commit {commit.sha}"
            for match in readable_parts(found, what, self._tally):
                line = match.line if kind is Kind.COMMIT_MESSAGE else None
                place = replace(self._place(kind, commit, None, line), object=commit.sha)
                current = True if self._on_branch else None
                place = replace(place, column=match.column, current=current)
                yield Sighting(match, named_place(place, match))

    def files(self, commit: ApiCommit, files: Iterable[ApiFile]) -> Iterator[Sighting]:
        """Yield what stands in the files that a commit changed, and in their names."""
        for file in files:
            yield from self._name(commit, file)
            found: list[InPatch] = []
            if file.patch is not None:
                self._tally.read(len(file.patch))
                found = self._in_patch(commit, file, file.patch)
                yield from self._patch(commit, file, [one for one in found if one.line])
            headings = self._news(file, [one for one in found if not one.line])
            if file.has_content and (file.patch is None or headings or self._carries_over(file)):
                yield from self._blob(commit, file, str(file.sha))
            yield from self._patch(commit, file, self._news(file, headings))

    def _in_patch(self, commit: ApiCommit, file: ApiFile, patch: str) -> list[InPatch]:
        """Return what a patch shows, and note what of it could not be read."""
        found: list[InPatch] = []
        for part in search_patch(patch, self._detector):
            if isinstance(part, Unread):
                self._tally.seal(f"patch of {file.path} of commit {commit.sha}", part.why)
            else:
                found.append(part)
        return found

    def _news(self, file: ApiFile, found: Iterable[InPatch]) -> list[InPatch]:
        """Return what has not been told; the number of a heading's line only the blob can tell."""
        return [one for one in found if _mark(one.match, file.path) not in self._told]

    def _carries_over(self, file: ApiFile) -> bool:
        """Tell whether a file that was renamed may bear what this push brought to the old path."""
        return file.previous != file.path and file.previous in self._told_paths

    def _tell(self, mark: Mark) -> None:
        self._told.add(mark)
        self._told_paths.add(mark[2])

    def _name(self, commit: ApiCommit, file: ApiFile) -> Iterator[Sighting]:
        """Yield what stands in a path; a folder's name is told once."""
        removed = file.status == "removed"
        name = file.path.encode(errors="replace")
        for sighting in scan_name(name, self._calls.page, self._detector):
            path = str(sighting.location.path)
            mark = _mark(sighting.match, f"name of {path}")
            if mark in self._told:
                continue
            self._tell(mark)
            is_new = file.status in ("added", "renamed", "copied")
            place = self._place(Kind.PATH, commit, path, None, was_there=not is_new)
            stands = not removed and self._ends.blobs.get(file.path) is not None
            place = replace(place, current=True if stands else None)
            yield Sighting(sighting.match, named_place(place, sighting.match))

    def _patch(
        self, commit: ApiCommit, file: ApiFile, found: Sequence[InPatch]
    ) -> Iterator[Sighting]:
        """Yield what a patch shows of a file; what earlier commits brought there is not told again.

        What it keeps or removes was public before, and is a leak no less.
        """
        by_mark: dict[Mark, list[InPatch]] = {}
        for one in found:
            by_mark.setdefault(_mark(one.match, file.path), []).append(one)
        for mark, places in by_mark.items():
            left = [one for one in places if one.side is not Side.REMOVED]
            if mark in self._told or (not left and _moved(mark, file.previous) in self._told):
                continue
            self._tell(mark)
            if not left and commit.parents:
                for one in places:
                    yield Sighting(one.match, self._removed(commit, file, one))
            was_there = any(one.side is not Side.ADDED for one in places)
            for one in left:
                place = self._place(Kind.BLOB, commit, file.path, one.line, was_there=was_there)
                current = self._ends.has(mark, file.sha)
                column = None if one.line is None else one.match.column
                place = replace(place, object=file.sha, column=column, current=current)
                yield Sighting(one.match, named_place(place, one.match))

    def _removed(self, commit: ApiCommit, file: ApiFile, one: InPatch) -> Location:
        """Return where a line stood that a commit removed: in its parent."""
        parent = commit.parents[0]
        place = Location(
            Kind.BLOB,
            self._calls.page,
            commit=parent,
            path=file.previous,
            line=one.line,
            column=one.match.column,
            current=self._ends.has(_mark(one.match, file.previous), None),
            url=page_of(GITHUB, self._calls.page, parent, file.previous, one.line),
            note=f"it stood there until commit {commit.sha[:12]} of this push",
        )
        return named_place(place, one.match)

    def _blob(self, commit: ApiCommit, file: ApiFile, sha: str) -> Iterator[Sighting]:
        """Yield what stands in a file that is shown without a patch."""
        if sha not in self._blobs:
            try:
                content = self._calls.blob(sha)
            except TroubleError as error:
                if error.trouble not in (Trouble.TOO_LARGE, Trouble.GONE):
                    raise
                self._tally.skip(f"file {file.path} of commit {commit.sha}", str(error))
                return
            self._tally.read(len(content))
            found = self._detector.search_blob(content)
            whose = f" of commit {commit.sha}"
            self._blobs[sha] = [*readable_parts(found, f"file {file.path}", self._tally, whose)]
        news = {_mark(match, file.path) for match in self._blobs[sha]} - self._told
        for match in self._blobs[sha]:
            mark = _mark(match, file.path)
            if mark not in news:
                continue
            place = self._place(Kind.BLOB, commit, file.path, match.line)
            if file.status not in ("added", "copied"):
                place = replace(place, note=_PERHAPS_BEFORE)
            place = replace(placed(place, match), object=sha, current=self._ends.has(mark, sha))
            if match.within is not None:
                url = page_of(GITHUB, self._calls.page, commit.sha, file.path)
                place = replace(place, url=url)
            yield Sighting(match, place)
        for mark in news:
            self._tell(mark)

    def _place(
        self,
        kind: Kind,
        commit: ApiCommit,
        path: str | None,
        line: int | None,
        *,
        was_there: bool = False,
    ) -> Location:
        is_merge = len(commit.parents) > 1 and path is not None
        return Location(
            kind,
            self._calls.page,
            commit=commit.sha,
            path=path,
            line=line,
            author=commit.author,
            date=commit.date,
            url=page_of(GITHUB, self._calls.page, commit.sha, path if line else None, line),
            note=_STOOD_BEFORE if was_there else _MERGED if is_merge else None,
        )


def marks_left(
    files: Iterable[ApiFile], detector: Detector
) -> tuple[frozenset[Mark], frozenset[str]]:
    """Return the secrets that patches leave where they are, with their paths.

    And the paths of which a patch could not be read whole, so that others may be left there.
    """
    marks: set[Mark] = set()
    unread: set[str] = set()
    for file in files:
        for part in search_patch(file.patch or "", detector):
            if isinstance(part, Unread):
                unread.add(file.path)
            elif part.side is not Side.REMOVED:
                marks.add(_mark(part.match, file.path))
    return frozenset(marks), frozenset(unread)


def _mark(match: Match, path: str) -> Mark:
    return match.rule, match.secret.reveal(), path, match.within or ""


def _moved(mark: Mark, path: str) -> Mark:
    rule, secret, _, within = mark
    return rule, secret, path, within

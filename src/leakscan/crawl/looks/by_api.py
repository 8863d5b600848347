"""What one push brought, as GitHub's API shows it: for where the git server is closed to us.

Commit by commit, since the difference of the whole push does not show what it both added and
removed.  Of what the API keeps to itself, what may hold something new is counted as skipped: files
after the first 3,000 of a commit, and content that is too large.  Lines that a commit leaves alone
are not new, and not shown.  Nor are symbolic links told from files, or odd bytes in names.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from leakscan.crawl.looks import api_documents as documents
from leakscan.crawl.looks.api_calls import LISTED, ApiCalls
from leakscan.crawl.looks.api_commit import CommitSearch, Ends, marks_left
from leakscan.model import Kind, Location
from leakscan.sources.placing import named_place, placed, readable_parts
from leakscan.sources.recent import RECENT
from leakscan.sources.sighting import Sighting
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from datetime import datetime

    from leakscan.crawl.github.answers import ApiMeter
    from leakscan.crawl.github.calls import GitHub
    from leakscan.crawl.looks.api_documents import ApiCommit, ApiFile
    from leakscan.detect import Detector
    from leakscan.git.wire import Limits
    from leakscan.push import Push
    from leakscan.sources.sighting import Tally

MOST_PAGES = 10
"""Pages of a push's commits of which the messages are read: 1,000 commits."""

_MOST_TAGS = 8
"""Tags that name one another."""

NET_FILES = 300
"""Files that a comparison shows at most."""


def scan_push_by_api(
    push: Push,
    site: str,
    github: GitHub,
    detector: Detector,
    limits: Limits,
    tally: Tally,
    meter: ApiMeter,
) -> Iterator[Sighting]:
    """Search what a push brought; what is found before a failure is yielded before it is raised.

    Args:
        push: what happened.
        site: address of the hosting site, such as ``https://github.com``.
        github: its API.
        detector: what to search with.
        limits: what it may cost: ``bytes`` of answers, ``depth`` commits are looked at.
        tally: told what was read and what could not be.
        meter: told what it costs.

    Raises:
        TroubleError: it could not be read, or not to its end.
    """
    if push.repository.endswith(".wiki"):
        what = "GitHub's API does not show the repositories of wikis"
        raise TroubleError(Trouble.REFUSED, what, "look at them with git")
    calls = ApiCalls(push, site, github, limits, meter)
    on_branch = not push.ref.startswith("refs/tags/")
    look = _Look(calls, detector, limits.depth, tally, on_branch=on_branch)
    if not push.ref:
        yield from look.at_everything()
        return
    head = push.head
    if head is None or not on_branch:
        head = yield from look.at_ref(push.ref)
    if head is not None:
        yield from look.at_branch(push, head)


class _Look:
    """One look at one push."""

    def __init__(
        self,
        calls: ApiCalls,
        detector: Detector,
        depth: int,
        tally: Tally,
        *,
        on_branch: bool,
    ) -> None:
        self._calls = calls
        self._detector = detector
        self._depth = depth
        self._tally = tally
        self._on_branch = on_branch

    def at_ref(self, ref: str) -> Generator[Sighting, None, str | None]:
        """Look a ref up, and search the tags that lead from it to a commit; return its id."""
        if ref == "HEAD":
            ref = f"refs/heads/{self._calls.default_branch()}"
        kind, oid = self._calls.ref(ref)
        for _ in range(_MOST_TAGS):
            if kind != "tag":
                break
            tag = self._calls.tag(oid)
            yield from self._in_tag(ref, oid, tag)
            kind = documents.text(tag, "object", "type")
            oid = documents.text(tag, "object", "sha")
        if kind == "commit":
            return oid
        self._tally.skip(f"what {ref} names", "it is no commit")
        return None

    def _in_tag(self, ref: str, oid: str, tag: object) -> Iterator[Sighting]:
        who = documents.person(tag, "tagger")
        message = documents.text(tag, "message")
        self._tally.read(len(message))
        place = Location(
            Kind.TAG_MESSAGE,
            self._calls.page,
            object=oid,
            commit=documents.text(tag, "object", "sha") or None,
            path=ref,
            author=who,
            date=documents.moment(tag, "tagger", "date"),
        )
        found = self._detector.search_text(message.encode(errors="replace"))
        for match in readable_parts(found, f"message of tag {oid}", self._tally):
            yield Sighting(match, placed(place, match))
        found = self._detector.search_text(f"tagger {who or ''}".encode(errors="replace"))
        for match in readable_parts(found, f"tagger of tag {oid}", self._tally):
            who_by = replace(place, kind=Kind.IDENTITY, column=match.column)
            yield Sighting(match, named_place(who_by, match))

    def at_branch(self, push: Push, head: str) -> Iterator[Sighting]:
        """Search what a commit has that was not there before.

        Of a new branch that is what the default branch does not have; if that has all by now, what
        was committed in the days before.
        """
        before = push.before if self._on_branch else None
        base = before
        if base is None:
            default = push.default_branch or f"refs/heads/{self._calls.default_branch()}"
            base = None if push.ref in ("HEAD", default) else default.removeprefix("refs/heads/")
        comparison = self._comparison(base, head) if base else None
        if base is None or comparison is None:
            yield from self._newest(self._search(Ends()), head, set())
        elif before is None and documents.number(comparison, "total_commits") == 0:
            # By now the default branch has it all, merged say: that it is nothing new is not known.
            since = push.happened_at - RECENT
            yield from self._newest(self._search(Ends()), head, set(), since)
        else:
            yield from self._compared(base, head, comparison)

    def _comparison(self, base: str, head: str) -> object | None:
        try:
            return self._calls.compare(base, head)
        except TroubleError as error:
            # The commit before may be forgotten, or have nothing in common with the head.
            if error.trouble is not Trouble.GONE:
                raise
            return None

    def _search(self, ends: Ends) -> CommitSearch:
        return CommitSearch(
            self._calls, self._detector, self._tally, ends, on_branch=self._on_branch
        )

    def _compared(self, base: str, head: str, comparison: object) -> Iterator[Sighting]:
        """Search the commits of a comparison; if there are too many, what they come to."""
        net = documents.read_files(comparison)
        search = self._search(_ends(net, self._detector))
        total = documents.number(comparison, "total_commits")
        commits = self._listed(base, head, comparison, total)
        if _is_one(commits, comparison) and total == 1 and len(net) < NET_FILES:
            yield from search.texts(commits[0])
            yield from search.files(commits[0], net)
            return
        for at, commit in enumerate(commits):
            yield from search.texts(commit)
            if at < self._depth:
                yield from self._changes(search, commit)
        if unread := total - min(len(commits), self._depth):
            what = f"changes of {unread} of the {total} commits, but for what is left of them"
            self._tally.skip(what, f"{self._depth} are looked at; raise watch.limits.depth")
            last = commits[-1] if len(commits) == total else self._calls.files(head)[0]
            note = f"one of the {total} commits of this push brought it"
            for sighting in search.files(last, net):
                yield replace(sighting, location=replace(sighting.location, note=note))
            if len(net) >= NET_FILES:
                self._tally.skip(f"files after the first {NET_FILES}", "the API does not show them")

    def _listed(self, base: str, head: str, comparison: object, total: int) -> list[ApiCommit]:
        """Return the commits of a comparison, oldest first."""
        commits = list(documents.read_commits(documents.entry(comparison, "commits")))
        for page in range(2, MOST_PAGES + 1):
            if len(commits) >= total:
                break
            more = self._calls.compare(base, head, page)
            commits += documents.read_commits(documents.entry(more, "commits"))
        if len(commits) < total:
            what = f"messages of {total - len(commits)} commits"
            self._tally.skip(what, f"of one push {MOST_PAGES * LISTED} are read")
        return commits

    def _changes(self, search: CommitSearch, commit: ApiCommit) -> Iterator[Sighting]:
        _, files, is_whole = self._calls.files(commit.sha)
        if not is_whole:
            what = f"files after the first {len(files)} of commit {commit.sha}"
            self._tally.skip(what, "the API does not show them")
        yield from search.files(commit, files)

    def _newest(
        self, search: CommitSearch, head: str, known: set[str], since: datetime | None = None
    ) -> Iterator[Sighting]:
        """Search the newest commits that are not ``known``, which then are."""
        commits, more = self._calls.newest(head, self._depth, since)
        for commit in commits:
            if commit.sha not in known:
                known.add(commit.sha)
                yield from search.texts(commit)
                yield from self._changes(search, commit)
        if more:
            self._tally.skip(
                f"commits before the newest {self._depth}",
                "what the push is built on is not known; raise watch.limits.depth",
            )

    def at_everything(self) -> Iterator[Sighting]:
        """Search the newest commits of all branches."""
        search, known = self._search(Ends()), set[str]()
        branches, more = self._calls.branches()
        if not branches:
            what = f"{self._calls.page} is empty"
            raise TroubleError(Trouble.EMPTY, what, "there is nothing to read")
        for _, tip in branches:
            yield from self._newest(search, tip, known)
        if more:
            self._tally.skip(f"branches after the first {len(branches)}", "a page of them is read")
        self._tally.skip("commits that are tagged, but on no branch", "by API branches are read")


def _ends(net: Sequence[ApiFile], detector: Detector) -> Ends:
    blobs = {file.path: None if file.status == "removed" else file.sha for file in net}
    marks, unread = marks_left(net, detector)
    unread |= {file.path for file in net if file.patch is None and file.has_content}
    return Ends(marks, blobs, unread, len(net) < NET_FILES)


def _is_one(commits: Sequence[ApiCommit], comparison: object) -> bool:
    """Tell whether a comparison shows the very changes of its only commit."""
    base = documents.text(comparison, "merge_base_commit", "sha")
    return len(commits) == 1 and commits[0].parents == (base,)

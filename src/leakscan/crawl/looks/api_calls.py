"""The calls that one look at a push makes to GitHub's API, within its limits."""

from __future__ import annotations

import base64
import re
import time
from datetime import UTC
from typing import TYPE_CHECKING
from urllib.parse import quote

from leakscan.crawl.github.addresses import next_page
from leakscan.crawl.github.client import LONGEST_ANSWER
from leakscan.crawl.looks import api_documents as documents
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from leakscan.crawl.github.answers import Answer, ApiMeter
    from leakscan.crawl.github.calls import GitHub
    from leakscan.crawl.looks.api_documents import ApiCommit, ApiFile
    from leakscan.git.wire import Limits
    from leakscan.push import Push

MOST_CALLS = 200
"""Calls for one push: one in 25 of what a token has for an hour."""

MOST_BLOB = 10 << 20
"""Bytes of a blob that is fetched, unless the limits say otherwise."""

GIVEN_BLOB = 100 * 1000**2
"""Bytes of a blob that GitHub gives at most."""

LISTED = 100
"""Commits on a page of a comparison or a list, which is the most that GitHub gives."""

FILE_PAGES = 10
"""Pages of a commit's files, 300 each; GitHub shows 3,000 files at most."""


_KIND = re.compile(r"(/(?:git/)?\w+/).*", re.DOTALL)
"""What a path asks for, and the name of it."""


class ApiCalls:
    """Asks about one repository.

    Every method raises a `TroubleError` if there is no answer, or a limit is reached.

    Args:
        push: what is looked at.
        site: the base of addresses of repositories, for people.
        github: what asks.
        limits: what it may cost; ``bytes`` are those of the answers.
        meter: what the calls are counted in.
        clock: seconds that only grow.

    Attributes:
        page: address of the repository's own page, by the name that it has in the last answer.
    """

    def __init__(
        self,
        push: Push,
        site: str,
        github: GitHub,
        limits: Limits,
        meter: ApiMeter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        named = f"/repos/{quote(push.repository)}"
        # The number finds it even if it was renamed since, without a redirect at each call.
        self._base = f"/repositories/{push.repository_id}" if push.repository_id else named
        self.page = f"{site}/{push.repository}"
        self._site = site
        self._github = github
        self._limits = limits
        self._meter = meter
        self._clock = clock
        self._deadline = clock() + limits.seconds if limits.seconds else None
        self._received, self._requests = meter.received, meter.requests

    def default_branch(self) -> str:
        """Return the name of the default branch."""
        return documents.text(self._get("").body, "default_branch")

    def ref(self, ref: str) -> tuple[str, str]:
        """Return the kind and the id of the object to which ``refs/...`` points."""
        body = self._get(f"/git/ref/{quote(ref.removeprefix('refs/'))}").body
        return documents.text(body, "object", "type"), documents.text(body, "object", "sha")

    def tag(self, sha: str) -> object:
        """Return the document of an annotated tag."""
        return documents.whole(self._get(f"/git/tags/{quote(sha)}").body)

    def branches(self) -> tuple[list[tuple[str, str]], bool]:
        """Return names and tips of branches, a page of them, and whether there are more."""
        answer = self._get("/branches", per_page=LISTED)
        found = documents.listed(answer.body)
        branches = [(documents.text(b, "name"), documents.text(b, "commit", "sha")) for b in found]
        return branches, next_page(answer) is not None

    def compare(self, base: str, head: str, page: int = 1) -> object:
        """Return a page of a comparison; only the first has files."""
        spelled = f"{quote(base)}...{quote(head)}"
        return documents.whole(self._get(f"/compare/{spelled}", per_page=LISTED, page=page).body)

    def newest(
        self, head: str, count: int, since: datetime | None = None
    ) -> tuple[list[ApiCommit], bool]:
        """Return the newest commits that a commit leads to, oldest first, and if there are more.

        Args:
            head: the commit.
            count: how many are returned at most.
            since: older ones are left out; with its time zone.
        """
        asked: dict[str, str | int] = {"sha": head, "per_page": min(LISTED, count)}
        if since:
            asked["since"] = f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        commits: list[ApiCommit] = []
        page = 1
        while True:
            answer = self._get("/commits", LONGEST_ANSWER, page=page, **asked)
            commits += documents.read_commits(answer.body)
            more = next_page(answer) is not None
            if not more or len(commits) >= count:
                return commits[:count][::-1], more or len(commits) > count
            page += 1

    def files(self, sha: str) -> tuple[ApiCommit, list[ApiFile], bool]:
        """Return a commit with its files, and whether they are all."""
        files: list[ApiFile] = []
        for page in range(1, FILE_PAGES + 1):
            answer = self._get(f"/commits/{quote(sha)}", page=page)
            files += documents.read_files(answer.body)
            if next_page(answer) is None:
                break
        # GitHub does not say that it leaves out what comes after the last file it shows.
        is_whole = len(files) < FILE_PAGES * 300
        return documents.read_commit(answer.body), files, is_whole

    def blob(self, sha: str) -> bytes:
        """Return a blob.

        Raises:
            TroubleError: it is too large, with `Trouble.TOO_LARGE`, or cannot be had.
        """
        most = self._limits.blob_bytes or MOST_BLOB
        what, remedy = f"it has more than {most:,} bytes", "raise watch.limits.blob"
        too_large = TroubleError(Trouble.TOO_LARGE, what, remedy)
        try:
            answer = self._get(f"/git/blobs/{quote(sha)}", most * 3 // 2 + 4096)
        except TroubleError as error:
            is_this = error.trouble is Trouble.TOO_LARGE and not error.remedy
            raise (too_large if is_this and most < GIVEN_BLOB else error) from None
        if documents.number(answer.body, "size") > most:
            raise too_large
        try:
            return base64.b64decode(documents.text(answer.body, "content"))
        except ValueError:
            raise TroubleError(Trouble.BROKEN, "it is not in base64") from None

    def _get(self, path: str, longest: int = LONGEST_ANSWER, **parameters: str | int) -> Answer:
        self._check()
        try:
            answer = self._github.get(
                self._base + path, parameters, meter=self._meter, longest=longest
            )
        except TroubleError as error:
            # The name of a branch may hold a secret.
            what = error.what.replace(path, _KIND.sub(r"\1...", path))
            raise TroubleError(error.trouble, what, error.remedy, error.retry_after) from None
        if name := documents.repository_of(answer.body):
            self.page = f"{self._site}/{name}"
        return answer

    def _check(self) -> None:
        limits, meter = self._limits, self._meter
        if self._deadline is not None and self._clock() > self._deadline:
            what, remedy = f"it took more than {limits.seconds:g} s", "raise watch.limits.seconds"
            raise TroubleError(Trouble.TOO_LONG, what, remedy)
        if limits.bytes and meter.received - self._received > limits.bytes:
            what, remedy = f"it has more than {limits.bytes:,} bytes", "raise watch.limits.pack"
            raise TroubleError(Trouble.TOO_LARGE, what, remedy)
        if meter.requests - self._requests >= MOST_CALLS:
            what = f"it takes more than {MOST_CALLS} calls to the API"
            raise TroubleError(Trouble.TOO_LARGE, what, "look at it with git")

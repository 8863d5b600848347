"""Code search, a slow backstop: what stands in default branches, whenever it was pushed.

GitHub's code search needs a login, knows no wildcard and shows 1,000 results at most, so its
queries name what stands beside a token, such as the variable that holds it.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from leakscan.crawl.feeds.event_fields import (
    MalformedEventError,
    check_public,
    number,
    repository_name,
    table,
)
from leakscan.crawl.feeds.event_pushes import default_branch
from leakscan.crawl.feeds.event_texts import texts_of
from leakscan.crawl.feeds.events import Event
from leakscan.crawl.feeds.poll import Poll
from leakscan.crawl.github.answers import ApiMeter
from leakscan.crawl.github.client import PER_PAGE
from leakscan.push import Push, PushKind
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leakscan.crawl.github.answers import Answer
    from leakscan.crawl.github.calls import GitHub

FRAGMENTS = "application/vnd.github.text-match+json"
"""The media type in which results say what matched."""

WAIT = 60.0
"""Seconds between two queries; GitHub allows nine or ten a minute to everything that searches."""

_PAGES = 10  # of PER_PAGE: more than 1,000 results are never shown
_REMEMBERED = 20_000
_AT_COMMIT = r"https?://[^/]+/[^/]+/[^/]+/blob/([0-9a-f]{40}(?:[0-9a-f]{24})?)/.*"


class SearchFeed:
    """Asks one page of one query a poll, and begins again after the last.

    What matched is searched at once as the event's texts; each repository that turns up is queued
    to be looked at.

    Args:
        name: what the feed is called.
        github: whom to ask.
        queries: as for https://docs.github.com/en/rest/search/search#search-code; at least one.
        interval: seconds between two queries.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        name: str,
        github: GitHub,
        queries: Sequence[str],
        interval: float | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self._github = github
        self._queries = tuple(queries)
        self._interval = WAIT if interval is None else interval
        self._clock = clock
        self._refused: dict[int, TroubleError] = {}
        self._known: OrderedDict[tuple[object, ...], None] = OrderedDict()
        self._pending: tuple[str | None, list[tuple[object, ...]]] = (None, [])

    def poll(self, cursor: str | None) -> Poll:
        """Ask the next page, as `Feed.poll` says.

        Raises:
            TroubleError: GitHub refuses the query or cannot be asked; a refused one is passed
                over from then on, until none is left.
        """
        self._acknowledge(cursor)
        query, page = self._next(*self._opened(cursor))
        meter = ApiMeter()
        try:
            answer = self._ask(self._queries[query], page, meter)
        except TroubleError as error:
            if error.trouble is not Trouble.REFUSED:
                raise
            self._refused[query] = self._refusal(query, error)
            raise self._refused[query] from None
        items = answer.body["items"]
        events: list[Event] = []
        marks: list[tuple[object, ...]] = []
        malformed = 0
        for item in items:
            try:
                event = self._event(item)
            except MalformedEventError:
                malformed += 1
                continue
            mark = (event.repository_id, item.get("path"), item.get("sha"))
            if mark not in self._known:
                marks.append(mark)
                events.append(event)
        is_last = len(items) < PER_PAGE or page >= _PAGES
        position = f"{query + 1}:1" if is_last else f"{query}:{page + 1}"
        self._pending = position, marks
        cut = answer.body.get("incomplete_results") is True
        return Poll(
            tuple(events),
            wait=self._interval,
            read=len(items),
            fresh=len(events),
            malformed=malformed,
            note=f"GitHub had no time to finish search query {query + 1}" if cut else None,
            cursor=position,
            requests=meter.requests,
        )

    def _ask(self, query: str, page: int, meter: ApiMeter) -> Answer:
        answer = self._github.get(
            "/search/code",
            {"q": query, "per_page": PER_PAGE, "page": page},
            accept=FRAGMENTS,
            resource="code_search",
            meter=meter,
        )
        if not isinstance(answer.body, dict) or not isinstance(answer.body.get("items"), list):
            what = "the answer to a code search holds no items"
            raise TroubleError(Trouble.BROKEN, what, "check github.api_url")
        return answer

    def _event(self, item: object) -> Event:
        """Read a result.  It tells no time, so it happened now; the commit tells it apart."""
        if not isinstance(item, Mapping):
            raise MalformedEventError("it is no object")
        repository = table(item, "repository")
        name, known = repository_name(repository, "full_name"), number(repository, "id")
        if known is None:
            raise MalformedEventError("repository.id is no number")
        check_public(repository)
        host, now = self._github.host, datetime.fromtimestamp(self._clock(), UTC)
        page = item.get("html_url")
        at = re.fullmatch(_AT_COMMIT, page) if isinstance(page, str) else None
        empty = Push(PushKind.PUSH, host, known, name, "", None, None, now, self.name)
        return Event(
            id=f"search {known}",
            type="SearchResult",
            repository=name,
            repository_id=known,
            happened_at=now,
            push=default_branch(empty, head=at[1] if at else None),
            texts=texts_of(item, f"https://{host}/{name}", "a search result"),
            host=host,
        )

    def _acknowledge(self, cursor: str | None) -> None:
        """Know what the last poll told, now that its cursor comes back."""
        position, marks = self._pending
        if cursor is not None and cursor == position:
            self._known.update(dict.fromkeys(marks))
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def _opened(self, cursor: str | None) -> tuple[int, int]:
        """Read a cursor: query and page."""
        found = re.fullmatch(r"([0-9]{1,6}):([0-9]{1,2})", cursor or "0:1")
        query, page = (int(found[1]), int(found[2])) if found else (0, 1)
        return (query, page) if query < len(self._queries) and 1 <= page <= _PAGES else (0, 1)

    def _next(self, query: int, page: int) -> tuple[int, int]:
        """Return where to go on: there, or with the next query that is not refused."""
        for step in range(len(self._queries)):
            following = (query + step) % len(self._queries)
            if following not in self._refused:
                return following, page if step == 0 else 1
        raise self._refused[query]

    def _refusal(self, query: int, error: TroubleError) -> TroubleError:
        return TroubleError(
            Trouble.REFUSED,
            f"GitHub refuses search query {query + 1}: {error.what}",
            "code search needs a login (github.credentials) and a valid query (watch.search)",
        )

"""Code search, a slow backstop: what stands in default branches, whenever it was pushed.

GitHub's code search needs a login, knows no wildcard and shows 1,000 results at most, so its
queries name what stands beside a token, such as the variable that holds it.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from leakscan.crawl.feeds.event_fields import (
    MalformedEventError,
    NotPublicError,
    check_public,
    number,
    repository_name,
    table,
)
from leakscan.crawl.feeds.event_pushes import default_branch
from leakscan.crawl.feeds.event_texts import texts_of
from leakscan.crawl.feeds.events import Event, malformed_event
from leakscan.crawl.feeds.poll import Poll
from leakscan.crawl.github.answers import ApiMeter
from leakscan.crawl.github.client import PER_PAGE
from leakscan.crawl.names import COMMIT
from leakscan.push import Push, PushKind
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from leakscan.crawl.github.answers import Answer
    from leakscan.crawl.github.calls import GitHub

FRAGMENTS = "application/vnd.github.text-match+json"
"""The media type in which results say what matched."""

WAIT = 60.0
"""Seconds between two queries; GitHub allows nine or ten a minute to everything that searches."""

_PAGES = 10  # of PER_PAGE: more than 1,000 results are never shown
_REMEMBERED = 20_000
_AT_COMMIT = rf"https?://[^/]+/[^/]+/[^/]+/blob/({COMMIT})/.*"

_Mark = tuple[int, str, str]
"""What tells a result from others: repository, path and blob."""


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
        self._known: OrderedDict[_Mark, None] = OrderedDict()
        self._refused: dict[int, TroubleError] = {}
        self._pending: tuple[str | None, list[_Mark]] = (None, [])

    def poll(self, cursor: str | None) -> Poll:
        """Ask the next page, as `Feed.poll` says; a query that GitHub refuses is passed over.

        Raises:
            TroubleError: GitHub refuses every query, or cannot be asked.
        """
        self._acknowledge(cursor)
        place, meter = self._opened(cursor), ApiMeter()
        try:
            answer = self._ask(self._queries[place.query], place.page, meter)
        except TroubleError as error:
            error.requests = meter.requests
            if error.trouble is not Trouble.REFUSED:
                raise
            return self._passed_over(place, error)
        self._refused.pop(place.query, None)
        told = self._read(answer.body["items"])
        is_last = len(answer.body["items"]) < PER_PAGE or place.page >= _PAGES
        following = _Place(place.query + 1) if is_last else _Place(place.query, place.page + 1)
        self._pending = following.written(), list(told.events)
        cut = answer.body.get("incomplete_results") is True
        return Poll(
            (*told.events.values(), *told.malformed),
            wait=self._interval,
            read=told.listed + len(told.malformed),
            fresh=len(told.events),
            malformed=len(told.malformed),
            trouble=self._trouble(),
            note=f"GitHub had no time to finish search query {place.query + 1}" if cut else None,
            cursor=following.written(),
            requests=meter.requests,
        )

    def _passed_over(self, place: _Place, error: TroubleError) -> Poll:
        """Go on with the next query, unless that was the last that could be asked."""
        refusal = TroubleError(
            Trouble.REFUSED,
            f"GitHub refuses search query {place.query + 1}: {error.what}",
            "code search needs a login (github.credentials) and a valid query (watch.search)",
        )
        refusal.requests = error.requests
        self._refused[place.query] = refusal
        refused = place.refused + 1
        if refused >= len(self._queries):
            raise refusal from None
        return Poll(
            wait=self._interval,
            has_lost=True,
            trouble=self._trouble(),
            cursor=_Place(place.query + 1, refused=refused).written(),
            requests=error.requests,
        )

    def _trouble(self) -> TroubleError | None:
        """Return why one of the queries was not answered when it was asked last."""
        return next(iter(self._refused.values()), None)

    def _read(self, items: Iterable[object]) -> _Told:
        """Take the results of a page."""
        told = _Told()
        for item in items:
            try:
                event, mark = self._event(item)
            except NotPublicError:
                continue
            except MalformedEventError:
                told.malformed.append(malformed_event(item, self._github.host))
                continue
            told.listed += 1
            if mark not in self._known:
                told.events[mark] = event
        return told

    def _ask(self, query: str, page: int, meter: ApiMeter) -> Answer:
        answer = self._github.get(
            "/search/code",
            {"q": query, "per_page": PER_PAGE, "page": page},
            accept=FRAGMENTS,
            resource="code_search",
            meter=meter,
            urgent=True,
        )
        if not isinstance(answer.body, dict) or not isinstance(answer.body.get("items"), list):
            what = "the answer to a code search holds no items"
            raise TroubleError(Trouble.BROKEN, what, "check github.api_url")
        return answer

    def _event(self, item: object) -> tuple[Event, _Mark]:
        """Read a result, and what tells it from others.

        It tells no time: as a push it happened now, and the commit tells it apart.
        """
        if not isinstance(item, Mapping):
            raise MalformedEventError("it is no object")
        repository = table(item, "repository")
        check_public(repository)
        name, known = repository_name(repository, "full_name"), number(repository, "id")
        if known is None:
            raise MalformedEventError("repository.id is no number")
        host, now = self._github.host, datetime.fromtimestamp(self._clock(), UTC)
        page = item.get("html_url")
        at = re.fullmatch(_AT_COMMIT, page) if isinstance(page, str) else None
        empty = Push(PushKind.PUSH, host, known, name, "", None, None, now, self.name)
        event = Event(
            id=f"search {known}",
            type="SearchResult",
            repository=name,
            repository_id=known,
            happened_at=None,
            push=default_branch(empty, head=at[1] if at else None),
            texts=texts_of(item, f"https://{host}/{name}", "a search result"),
            host=host,
        )
        return event, (known, str(item.get("path")), str(item.get("sha")))

    def _acknowledge(self, cursor: str | None) -> None:
        """Know what the last poll told, now that its cursor comes back."""
        position, marks = self._pending
        if cursor is not None and cursor == position:
            self._known.update(dict.fromkeys(marks))
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def _opened(self, cursor: str | None) -> _Place:
        place = _Place.read(cursor)
        is_there = place.query < len(self._queries) and 1 <= place.page <= _PAGES
        return place if is_there else _Place(refused=place.refused)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the search has got to.

    Attributes:
        query: number of the query.
        page: of its results.
        refused: how many queries before it GitHub has refused in a row.
    """

    query: int = 0
    page: int = 1
    refused: int = 0

    @classmethod
    def read(cls, cursor: str | None) -> _Place:
        """Read a cursor; one that another version has written says nothing."""
        found = re.fullmatch(r"([0-9]{1,6}):([0-9]{1,2})(?::([0-9]{1,6}))?", cursor or "")
        return cls(int(found[1]), int(found[2]), int(found[3] or 0)) if found else cls()

    def written(self) -> str:
        """Return the text that `read` reads."""
        return f"{self.query}:{self.page}" + (f":{self.refused}" if self.refused else "")


@dataclass(slots=True)
class _Told:
    """What a poll has read so far: what is new, by mark, and what could not be understood."""

    events: dict[_Mark, Event] = field(default_factory=dict)
    malformed: list[Event] = field(default_factory=list)
    listed: int = 0

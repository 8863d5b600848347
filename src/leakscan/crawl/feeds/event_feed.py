"""The events of GitHub's API: all public ones, or those of one account or repository."""

from __future__ import annotations

import hashlib
import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leakscan.crawl.feeds.events import NotPublicError, read_event
from leakscan.crawl.feeds.missing import not_there, unread
from leakscan.crawl.feeds.poll import LONGEST_WAIT, USUAL_WAIT, Poll
from leakscan.crawl.github.addresses import next_page
from leakscan.crawl.github.answers import ApiMeter
from leakscan.crawl.github.client import PER_PAGE
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from leakscan.crawl.feeds.events import Event
    from leakscan.crawl.github.answers import Answer
    from leakscan.crawl.github.calls import GitHub

PAGES = 3
"""Pages that a feed of events has at most, of `PER_PAGE` events each.
Source: https://docs.github.com/en/rest/activity/events (300 events)."""

_PAUSE = r"[1-9][0-9]{0,5}"
"""An interval in seconds that is believed."""

_REMEMBERED = 20_000
_IN_CURSOR = 300


class EventFeed:
    """Polls one list of events.

    Events come up to six hours late (as the page above says), and then stand among older ones.  So
    a list whose first page has changed is read to its end, also behind a page that holds no news:
    what is late there moves only further back, until nobody can see it any more.  A changed list
    costs a call for each 100 events, three at most.  If calls run out over that, lists are asked
    less often, and lose nothing as long as 300 events reach back that far.  While the first page
    stays as it is, the answer 304 costs nothing and tells nothing of the other pages: what comes
    late there is told with the next change of the first.

    Args:
        name: what the feed is called.
        path: of the list, such as ``/orgs/acme/events``.
        github: whom to ask.
        interval: seconds between two polls if the operator chose them; ``None`` to do as the
            site asks.
        hear: told every event, for who needs to know what was told.
    """

    def __init__(
        self,
        name: str,
        path: str,
        github: GitHub,
        interval: float | None = None,
        hear: Callable[[Event], None] | None = None,
    ) -> None:
        self.name = name
        self._path = path
        self._github = github
        self._interval = interval
        self._hear = hear
        self._known: OrderedDict[str, None] = OrderedDict()
        self._told = _Told()

    def poll(self, cursor: str | None) -> Poll:
        """Read the list to its end if its first page has changed, as `Feed.poll` says.

        Raises:
            TroubleError: not even the first page could be read.
        """
        last = _Cursor.read(cursor)
        self._remember(last.known)
        if cursor == self._told.cursor:
            self._remember(self._told.seen)
        meter = ApiMeter()
        first = self._page(1, meter, last.etag)
        if first.status == 304:
            return Poll(wait=self._wait(first), cursor=cursor, requests=meter.requests)
        is_first = not (self._known or last.etag)
        told, trouble = _Told(), None
        self._read(first, told)
        answer, page = first, 1
        try:
            while page < PAGES and _has_more(answer):
                page += 1
                answer = self._page(page, meter)
                self._read(answer, told)
        except TroubleError as error:  # what was read is told all the same
            trouble = error
        etag = None if trouble else first.etag  # the rest is asked for, whatever has changed
        known = dict.fromkeys([*told.seen, *last.known])  # as the list is ordered, and leaves off
        told.cursor = _Cursor(etag, tuple(known)[:_IN_CURSOR]).written()
        self._told = told
        is_at_end = not trouble and (page < PAGES or not answer.body)
        return Poll(
            tuple(told.events),
            wait=max(self._wait(first), (trouble and trouble.retry_after) or 0.0),
            read=told.repeated + len(told.events),
            fresh=len(told.events) - told.malformed,
            malformed=told.malformed,
            gap=not (is_first or is_at_end or told.knew_any),
            trouble=unread(trouble) if trouble else None,
            cursor=told.cursor,
            requests=meter.requests,
        )

    def _page(self, page: int, meter: ApiMeter, etag: str | None = None) -> Answer:
        parameters = {"per_page": PER_PAGE, **({"page": page} if page > 1 else {})}
        try:
            answer = self._github.get(self._path, parameters, etag=etag, meter=meter, urgent=True)
        except TroubleError as error:
            error.requests = meter.requests
            if error.trouble is not Trouble.GONE:
                raise
            raise not_there(self.name, meter.requests) from None
        if answer.status != 304 and not isinstance(answer.body, list):
            what = f"the answer to {self._path} is no list of events"
            raise TroubleError(Trouble.BROKEN, what, "check github.api_url")
        return answer

    def _read(self, answer: Answer, told: _Told) -> None:
        """Take the events of a page; what one page has pushed onto the next is known."""
        for document in answer.body:
            mark = _mark(document)
            is_known = mark in self._known
            if is_known:
                told.knew_any = True
                self._known.move_to_end(mark)
            is_repeated = is_known or mark in told.seen
            told.seen[mark] = None
            if is_repeated:
                told.repeated += 1
                continue
            try:
                event = read_event(document, self._github.host, self.name)
            except NotPublicError:
                continue
            told.events.append(event)
            told.malformed += event.is_malformed
            if self._hear:
                self._hear(event)

    def _remember(self, marks: Iterable[str]) -> None:
        for mark in marks:
            self._known[mark] = None
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def _wait(self, answer: Answer) -> float:
        if self._interval is not None:
            return self._interval
        asked = answer.headers.get("x-poll-interval", "").strip()
        return min(float(asked), LONGEST_WAIT) if re.fullmatch(_PAUSE, asked) else USUAL_WAIT


@dataclass(slots=True)
class _Told:
    """What a poll has read so far."""

    cursor: str | None = None
    events: list[Event] = field(default_factory=list)
    seen: dict[str, None] = field(default_factory=dict)
    repeated: int = 0
    malformed: int = 0
    knew_any: bool = False


@dataclass(frozen=True, slots=True)
class _Cursor:
    """Where a feed has got to.

    Attributes:
        etag: of the first page; ``None`` to have it sent whatever it is.
        known: marks of the newest events, so that another process can tell a gap.
    """

    etag: str | None = None
    known: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str | None) -> _Cursor:
        """Read a cursor; one that another version has written says nothing."""
        try:
            read = json.loads(text or "{}")
            etag, known = read.get("etag"), read.get("known", [])
            marks = tuple(mark for mark in known if isinstance(mark, str))
            return cls(etag if isinstance(etag, str) else None, marks)
        except (ValueError, TypeError, AttributeError, RecursionError):
            return cls()

    def written(self) -> str:
        """Return the text that `read` reads."""
        return json.dumps({"etag": self.etag, "known": self.known})


def _mark(document: object) -> str:
    """Return what tells an event from others: 12 hexadecimal digits.

    Ids have collided, so that type, repository and time belong to it; if one is missing, all does.
    """
    parts: list[object] = []
    if isinstance(document, Mapping):
        repository = document.get("repo")
        number = repository.get("id") if isinstance(repository, Mapping) else None
        parts = [document.get("id"), document.get("type"), number, document.get("created_at")]
    text = json.dumps(parts if parts and all(parts) else [document], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _has_more(answer: Answer) -> bool:
    """Whether there is another page: as the links say, else if this one is full."""
    if "link" in answer.headers:
        return next_page(answer) is not None
    return len(answer.body) >= PER_PAGE

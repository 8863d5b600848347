"""The repositories of an account on the watch list: what its events did not tell.

Events reach back 300 or 30 days, and some are lost.  The list of repositories says when each was
pushed to last; where no event has told of that, the default branch is looked at.  What events told
another process, or one that has ended, is not known here: such a push may be looked at twice.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from leakscan.crawl.feeds.event_fields import (
    MalformedEventError,
    NotPublicError,
    check_public,
    is_ref,
    moment,
    number,
    repository_name,
)
from leakscan.crawl.feeds.event_pushes import default_branch
from leakscan.crawl.feeds.event_texts import texts_of
from leakscan.crawl.feeds.events import Event, malformed_event
from leakscan.crawl.feeds.missing import not_there, unread
from leakscan.crawl.feeds.poll import USUAL_WAIT, Poll
from leakscan.crawl.github.addresses import next_page
from leakscan.crawl.github.answers import ApiMeter
from leakscan.push import Push, PushKind
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leakscan.crawl.github.answers import Answer
    from leakscan.crawl.github.calls import GitHub

SUFFIX = " repositories"
"""What the names of these feeds end in, after that of the source."""

WAIT = 900.0
"""Seconds between two looks at the list."""

GRACE = timedelta(minutes=15)
"""How long an event is waited for, before a push counts as one that no event tells of."""

_TOLERANCE = timedelta(minutes=2)
"""By how much the times of an event and of the list may differ for the same push."""

_MOST_PAGES = 10
_MOST_KNOWN = 1000


class TellTale:
    """Remembers until when events have told this process of pushes to each repository."""

    def __init__(self) -> None:
        self._until: dict[int, datetime] = {}

    def note(self, event: Event) -> None:
        """Take note of an event."""
        if event.push:
            when = event.push.happened_at
            self._until[event.repository_id] = max(self._until.get(event.repository_id, when), when)

    def has_told(self, repository_id: int, pushed_at: datetime) -> bool:
        """Whether an event told of a push at that time, or later."""
        until = self._until.get(repository_id)
        return until is not None and pushed_at <= until + _TOLERANCE


class RepositoriesFeed:
    """Polls the list of an account's public repositories, the last pushed to first.

    Args:
        name: what the feed is called.
        path: of the list, such as ``/orgs/acme/repos``.
        github: whom to ask.
        told: what the account's events have told.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        name: str,
        path: str,
        github: GitHub,
        told: TellTale,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self._path = path
        self._github = github
        self._told = told
        self._clock = clock

    def poll(self, cursor: str | None) -> Poll:
        """Read the list until something on a page is known, as `Feed.poll` says.

        Where a later page fails, the cursor stays, so that the next poll reads as far back; the
        ledger knows again what was told.

        Raises:
            TroubleError: not even the first page could be read.
        """
        before, meter = _opened(cursor), ApiMeter()
        told = _Told(before, dict(before))
        has_more, trouble = False, None
        try:
            for answer in self._pages(meter):
                for document in answer.body if isinstance(answer.body, list) else [answer.body]:
                    self._read(document, told)
                told.pages += 1
                has_more = next_page(answer) is not None
                if told.knew_any:
                    break
        except TroubleError as error:
            if not told.pages:
                raise self._failed(error, meter) from None
            trouble = unread(error)
        return Poll(
            (*told.events, *told.malformed),
            wait=max(USUAL_WAIT, trouble.retry_after or 0.0) if trouble else WAIT,
            read=told.listed + len(told.malformed),
            fresh=len(told.events),
            malformed=len(told.malformed),
            gap=has_more and not told.knew_any and not trouble,
            trouble=trouble,
            cursor=cursor if trouble else _written(told.known),
            requests=meter.requests,
        )

    def _failed(self, error: TroubleError, meter: ApiMeter) -> TroubleError:
        """Return why nothing could be read, with what it took."""
        if error.trouble is Trouble.GONE:
            return not_there(self.name.removesuffix(SUFFIX), meter.requests)
        error.requests = meter.requests
        return error

    def _pages(self, meter: ApiMeter) -> Iterator[Answer]:
        parameters = {"sort": "pushed", "direction": "desc", "type": self._type}
        return self._github.pages(
            self._path, parameters, most=_MOST_PAGES, meter=meter, urgent=True
        )

    def _read(self, document: object, told: _Told) -> None:
        """Take one repository of the list."""
        try:
            event, when = repository_event(document, self._github.host, self.name)
        except NotPublicError:
            return
        except MalformedEventError:
            told.malformed.append(malformed_event(document, self._github.host))
            return
        told.listed += 1
        key, pushed_at = str(event.repository_id), when.isoformat()
        if told.before.get(key) == pushed_at:
            told.knew_any = True
        elif told.known.get(key) != pushed_at and when <= self._latest():
            told.known[key] = pushed_at
            if not self._told.has_told(event.repository_id, when):
                told.events.append(event)

    def _latest(self) -> datetime:
        """Return the time of the last push of which no event is waited for any more."""
        return datetime.fromtimestamp(self._clock(), UTC) - GRACE

    @property
    def _type(self) -> str:
        """What to list: of users, those that they own; of organisations, the public ones."""
        return "owner" if self._path.startswith("/users/") else "public"


@dataclass(slots=True)
class _Told:
    """What a poll has read so far.

    Attributes:
        before: when each repository was pushed to, by the last poll.
        known: the same by now.
        malformed: those that could not be understood, for their texts.
        knew_any: whether one was as before, as all must be that come after it.
    """

    before: Mapping[str, str]
    known: dict[str, str]
    events: list[Event] = field(default_factory=list)
    malformed: list[Event] = field(default_factory=list)
    listed: int = 0
    pages: int = 0
    knew_any: bool = False


def repository_event(document: object, host: str, feed: str) -> tuple[Event, datetime]:
    """Read a repository as the API lists it; as an event, it is a push to its default branch.

    Returns:
        The event, and when the repository was last pushed to.

    Raises:
        MalformedEventError: what is needed is missing, or makes no sense.
        NotPublicError: it is to be passed over.
    """
    if not isinstance(document, Mapping):
        raise MalformedEventError("it is no object")
    check_public(document)
    name, known = repository_name(document, "full_name"), number(document, "id")
    if known is None:
        raise MalformedEventError("id is no number")
    when = moment(document, "pushed_at" if document.get("pushed_at") else "created_at")
    branch = f"refs/heads/{document.get('default_branch')}"
    empty = Push(PushKind.PUSH, host, known, name, "", None, None, when, feed)
    event = Event(
        id=f"repository {known}",
        type="Repository",
        repository=name,
        repository_id=known,
        happened_at=when,
        push=default_branch(empty, branch if is_ref(branch) else None),
        texts=texts_of(document, f"https://{host}/{name}", "a repository"),
        host=host,
    )
    return event, when


def _written(known: Mapping[str, str]) -> str:
    """Make the cursor: when each repository was pushed to, of those that were last."""
    latest = sorted(known.items(), key=lambda item: item[1])[-_MOST_KNOWN:]
    return json.dumps(dict(latest))


def _opened(cursor: str | None) -> dict[str, str]:
    """Read a cursor; one that another version has written says nothing."""
    try:
        read = json.loads(cursor or "{}")
        return {str(key): str(value) for key, value in read.items()}
    except (ValueError, AttributeError, RecursionError):
        return {}

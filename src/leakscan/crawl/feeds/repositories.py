"""The repositories of an account on the watch list: what its events did not tell.

Events reach back 300 or 30 days, and some are lost.  The list of repositories says when each was
pushed to last; where no event has told of that, the default branch is looked at.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from leakscan.crawl.feeds.event_fields import (
    MalformedEventError,
    check_public,
    is_ref,
    moment,
    number,
    repository_name,
)
from leakscan.crawl.feeds.event_pushes import default_branch
from leakscan.crawl.feeds.event_texts import texts_of
from leakscan.crawl.feeds.events import Event
from leakscan.crawl.feeds.poll import Poll
from leakscan.crawl.github.answers import ApiMeter
from leakscan.push import Push, PushKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from leakscan.crawl.github.calls import GitHub

WAIT = 900.0
"""Seconds between two looks at the list."""

GRACE = timedelta(minutes=15)
"""How long an event is waited for, before a push counts as one that no event tells of."""

_TOLERANCE = timedelta(minutes=2)
"""By how much the times of an event and of the list may differ for the same push."""

_MOST_PAGES = 10
_MOST_KNOWN = 1000


class TellTale:
    """Remembers, of one account, until when events have told of pushes to each repository."""

    def __init__(self) -> None:
        self._until: dict[int, datetime] = {}

    def note(self, event: Event) -> None:
        """Take note of an event."""
        if event.push:
            known = self._until.get(event.repository_id, event.happened_at)
            self._until[event.repository_id] = max(known, event.happened_at)

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
        """Read the first page of the list, or all of it the first time, as `Feed.poll` says.

        Raises:
            TroubleError: a page could not be read.
        """
        known = _opened(cursor)
        parameters = {"sort": "pushed", "direction": "desc", "type": self._type}
        meter = ApiMeter()
        most = 1 if cursor else _MOST_PAGES
        events, read, malformed = [], 0, 0
        latest = datetime.fromtimestamp(self._clock(), UTC) - GRACE
        for answer in self._github.pages(self._path, parameters, most=most, meter=meter):
            for document in answer.body if isinstance(answer.body, list) else [answer.body]:
                read += 1
                try:
                    event = repository_event(document, self._github.host, self.name)
                except MalformedEventError:
                    malformed += 1
                    continue
                when = event.happened_at.isoformat()
                if event.happened_at > latest or known.get(str(event.repository_id)) == when:
                    continue
                known[str(event.repository_id)] = when
                if not self._told.has_told(event.repository_id, event.happened_at):
                    events.append(event)
        return Poll(
            tuple(events),
            wait=WAIT,
            read=read,
            fresh=len(events),
            malformed=malformed,
            cursor=_written(known),
            requests=meter.requests,
        )

    @property
    def _type(self) -> str:
        """What to list: of users, those that they own; of organisations, the public ones."""
        return "owner" if self._path.startswith("/users/") else "public"


def repository_event(document: object, host: str, feed: str) -> Event:
    """Read a repository as the API lists it; as an event, it is a push to its default branch.

    Raises:
        MalformedEventError: what is needed is missing, or makes no sense.
    """
    if not isinstance(document, Mapping):
        raise MalformedEventError("it is no object")
    name, known = repository_name(document, "full_name"), number(document, "id")
    if known is None:
        raise MalformedEventError("id is no number")
    check_public(document)
    when = moment(document, "pushed_at" if document.get("pushed_at") else "created_at")
    branch = f"refs/heads/{document.get('default_branch')}"
    empty = Push(PushKind.PUSH, host, known, name, "", None, None, when, feed)
    return Event(
        id=f"repository {known}",
        type="Repository",
        repository=name,
        repository_id=known,
        happened_at=when,
        push=default_branch(empty, branch if is_ref(branch) else None),
        texts=texts_of(document, f"https://{host}/{name}", "a repository"),
        host=host,
    )


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

"""Archives for tests, and how they are read to their end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from event_samples import a_push

from leakscan.trouble import TroubleError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leakscan.crawl.feeds.archive import ArchiveFeed
    from leakscan.crawl.feeds.poll import Poll


def lines_of(documents: Iterable[Any]) -> bytes:
    return b"".join(json.dumps(document).encode() + b"\n" for document in documents)


def pushes(first: int, last: int) -> bytes:
    return lines_of(a_push(number) for number in range(first, last + 1))


def told(*polls: Poll) -> list[int]:
    events = (event for poll in polls for event in poll.events)
    return [event.repository_id - 1000 for event in events if not event.is_malformed]


def polled_to_the_end(feed: ArchiveFeed, cursor: str | None = None) -> list[Poll]:
    polls: list[Poll] = []
    while not polls or not polls[-1].is_over:
        polls.append(feed.poll(polls[-1].cursor if polls else cursor))
    return polls


def polled_to_trouble(feed: ArchiveFeed) -> tuple[list[Poll], TroubleError]:
    polls: list[Poll] = []
    try:
        while not polls or not polls[-1].is_over:
            polls.append(feed.poll(polls[-1].cursor if polls else None))
    except TroubleError as error:
        return polls, error
    raise AssertionError("it came to its end")

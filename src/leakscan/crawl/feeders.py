"""The threads that ask feeds, and which of them ask what."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.crawl.feeds.archive import PREFIX
from leakscan.crawl.hands import Polled
from leakscan.crawl.looks.follow import internal_error
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from leakscan.crawl.feeds.poll import Feed, Poll
    from leakscan.crawl.hands import Inbox
    from leakscan.model import ScanResult


@dataclass(frozen=True, slots=True)
class Lane:
    """Feeds that wait for each other, and for no others.

    Attributes:
        threads: that ask them.
        ahead: feeds that may be claimed besides, so that no thread is idle until the next turn.
        is_fair: whether the one that has waited longest comes first; if not, the first one that is
            due, so that what was begun is ended.
    """

    name: str
    threads: int
    ahead: int = 0
    is_fair: bool = True


PUBLIC = Lane("public", 1)
"""The feed of all public events, which moves on within seconds."""

SEARCH = Lane("search", 1)
"""Code search, which has a limit of its own."""

NAMED = Lane("named", 3, ahead=3)
"""Accounts and repositories, however many.  With the public feed they make the four calls for which
the governor keeps room (FOR_URGENT); at a fifth of a second each, three at once are the 900 a
minute that GitHub allows."""

ARCHIVES = Lane("archives", 4, is_fair=False)
"""Each streams for minutes.  Reading them keeps the processor busy, so that more at once would not
be faster, and their streams would wait idle until servers close them."""

LANES = (PUBLIC, SEARCH, NAMED, ARCHIVES)
"""In the order in which they are served."""


def lane_of(name: str) -> Lane:
    """Return the lane of a feed."""
    if name.startswith(PREFIX):
        return ARCHIVES
    return {"events": PUBLIC, "search": SEARCH}.get(name, NAMED)


class Feeders:
    """Ask feeds whenever the desk says so, and search the texts of their events.

    No feed is asked twice at once, for the desk hands each out under a claim.

    Args:
        feeds: whom to ask.
        search: finds tokens in the texts of an answer, and tells what it could not search; called
            in the threads that ask.
        inbox: where the answers go.

    Attributes:
        names: of the feeds.
    """

    def __init__(
        self,
        feeds: Iterable[Feed],
        search: Callable[[Poll], tuple[ScanResult | None, Poll]],
        inbox: Inbox,
    ) -> None:
        self._feeds = {feed.name: feed for feed in feeds}
        self.names = tuple(self._feeds)
        self._search = search
        self._inbox = inbox
        self._todo: dict[Lane, queue.SimpleQueue[tuple[str, str | None]]] = {}
        for lane in LANES:
            self._todo[lane] = queue.SimpleQueue()
            count = sum(lane_of(name) is lane for name in self.names)
            for number in range(min(count, lane.threads)):
                name = f"leakscan-feeds-{lane.name}-{number}"
                threading.Thread(target=self._run, args=(lane,), name=name, daemon=True).start()

    def ask(self, name: str, cursor: str | None) -> None:
        """Have a feed asked from a cursor on."""
        self._todo[lane_of(name)].put((name, cursor))

    def _run(self, lane: Lane) -> None:
        while True:
            name, cursor = self._todo[lane].get()
            self._inbox.put(self._answer(self._feeds[name], cursor))

    def _answer(self, feed: Feed, cursor: str | None) -> Polled:
        try:
            found, poll = self._search(feed.poll(cursor))
            return Polled(feed.name, poll, found)
        except TroubleError as error:
            return Polled(
                feed.name,
                trouble=str(error),
                kind=error.trouble,
                retry_after=error.retry_after,
                requests=error.requests,
            )
        except Exception as error:  # noqa: BLE001 - one feed may not end the watch
            return Polled(feed.name, trouble=internal_error(error), kind=Trouble.BROKEN)

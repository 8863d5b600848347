"""The threads that ask feeds."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

from leakscan.crawl.feed_lanes import lanes_of
from leakscan.crawl.hands import Polled
from leakscan.crawl.looks.follow import internal_error
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from leakscan.crawl.feed_lanes import Lane
    from leakscan.crawl.feeds.poll import Feed, Poll
    from leakscan.crawl.hands import Inbox
    from leakscan.ledger.feeds import FeedClaim
    from leakscan.model import ScanResult

    Todo = queue.SimpleQueue[FeedClaim]


class Feeders:
    """Ask feeds whenever the desk says so, and search the texts of their events.

    No feed is asked twice at once, for the desk hands each out under a claim.

    Args:
        feeds: whom to ask.
        search: finds tokens in the texts of an answer, and tells what it could not search; called
            in the threads that ask.
        inbox: where the answers go.

    Attributes:
        lanes: of the feeds; each has threads of its own.
        asked_at: by name, when a thread began to ask a feed last, by the monotonic clock.
    """

    def __init__(
        self,
        feeds: Iterable[Feed],
        search: Callable[[Poll], tuple[ScanResult | None, Poll]],
        inbox: Inbox,
    ) -> None:
        self._feeds = {feed.name: feed for feed in feeds}
        self.lanes = lanes_of(self._feeds)
        self.asked_at: dict[str, float] = {}
        self._search = search
        self._inbox = inbox
        self._todo: dict[Lane, Todo] = {lane: queue.SimpleQueue() for lane in self.lanes}
        for lane, todo in self._todo.items():
            for number in range(min(len(lane.due_at), lane.threads)):
                name = f"leakscan-feeds-{lane.name}-{number}"
                threading.Thread(target=self._run, args=(todo,), name=name, daemon=True).start()

    def ask(self, lane: Lane, claim: FeedClaim) -> None:
        """Have a feed asked from its cursor on."""
        self._todo[lane].put(claim)

    def take_back(self) -> list[FeedClaim]:
        """Return what no thread has begun to ask; it will not be asked any more."""
        claims = []
        for todo in self._todo.values():
            while True:
                try:
                    claims.append(todo.get_nowait())
                except queue.Empty:
                    break
        return claims

    def _run(self, todo: Todo) -> None:
        while True:
            claim = todo.get()
            self.asked_at[claim.name] = time.monotonic()
            self._inbox.put(self._answer(self._feeds[claim.name], claim.cursor))

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

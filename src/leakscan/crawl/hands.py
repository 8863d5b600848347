"""The threads that look at pushes, and what they and those that ask feeds (feeders.py) hand in.

Neither touches the ledger.  What they have done goes to the desk (desk.py) through one inbox; the
desk hands out no more than it is ready to take back, so that the inbox is bounded.
"""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.crawl.looks.follow import follow
from leakscan.crawl.owners import Owners

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leakscan.crawl.feeds.poll import Poll
    from leakscan.crawl.looks.follow import Followed, Means, Reader
    from leakscan.ledger.push_queue import PushClaim
    from leakscan.model import ScanResult
    from leakscan.trouble import Trouble

MOMENT = 0.5
"""Seconds after which a worker that waits looks whether it is to stop."""


@dataclass(frozen=True, slots=True)
class Polled:
    """One answer of a feed: ``poll`` with what was found in its texts, or what went wrong.

    Attributes:
        feed: its name.
        poll: what it told; ``None`` if nothing.
        found: what is in the texts, if anything is.
        trouble: on one line, why it told nothing.
        kind: the same in one word.
        retry_after: seconds after which it asks to be asked again.
        requests: API calls that it took to be told nothing.
    """

    feed: str
    poll: Poll | None = None
    found: ScanResult | None = None
    trouble: str | None = None
    kind: Trouble | None = None
    retry_after: float | None = None
    requests: int = 0


@dataclass(frozen=True, slots=True)
class Looked:
    """The end of one look; without ``followed`` it was not begun, and the claim is given back."""

    claim: PushClaim
    followed: Followed | None = None

    @property
    def found(self) -> ScanResult | None:
        """What was found, if anything was."""
        return self.followed.result if self.followed else None


Inbox = queue.SimpleQueue[Polled | Looked]


class Workers:
    """Look at the pushes that the desk hands out, as many at a time as the server's pace allows.

    Args:
        count: threads.
        means: what pushes are followed with.
        inbox: where the ends of looks go.
        moment: seconds after which a worker that waits looks whether it is to stop.

    Attributes:
        owners: whose pushes take long.
    """

    def __init__(self, count: int, means: Means, inbox: Inbox, moment: float = MOMENT) -> None:
        self.owners = Owners()
        self._means = means
        self._inbox = inbox
        self._moment = moment
        self._todo: queue.SimpleQueue[PushClaim] = queue.SimpleQueue()
        self._is_over = threading.Event()
        for number in range(count):
            name = f"leakscan-worker-{number}"
            threading.Thread(target=self._run, name=name, daemon=True).start()

    def hand_out(self, claims: Sequence[PushClaim]) -> None:
        """Have pushes looked at."""
        for claim in claims:
            self._todo.put(claim)

    def take_back(self) -> list[PushClaim]:
        """Return what no worker has begun; it will not be begun any more."""
        claims = []
        while True:
            try:
                claims.append(self._todo.get_nowait())
            except queue.Empty:
                return claims

    def stop(self) -> None:
        """Begin nothing any more."""
        self._is_over.set()

    def _run(self) -> None:
        while not self._is_over.is_set():
            # Room first, then a push: whoever has to wait holds nothing that others could do.
            reader = self._means.reader
            if not reader.pace.enter(self._moment):
                continue
            try:
                self._look(reader)
            finally:
                reader.pace.leave()

    def _look(self, reader: Reader) -> None:
        try:
            claim = self._todo.get(timeout=self._moment)
        except queue.Empty:
            return
        if reader.pace.rest or self._is_over.is_set():
            self._inbox.put(Looked(claim))
            return
        with self.owners.looking(claim.push):
            followed = follow(claim.push, reader, self._means)
        self._inbox.put(Looked(claim, followed))

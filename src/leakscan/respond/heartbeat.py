"""Keep the leases of what this process is doing, for as long as it lives."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from leakscan.errors import LeakscanError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from leakscan.ledger.queue import Queue
    from leakscan.ledger.words import Claim


class Heartbeat:
    """Renews the leases of the claims it holds, three times as often as they would end.

    Use it as a context manager.
    """

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._held: dict[int, Claim] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="leakscan-heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def hold(self, claims: Iterable[Claim]) -> None:
        """Renew these from now on."""
        with self._lock:
            self._held |= {claim.action: claim for claim in claims}

    def let_go(self, claims: Iterable[Claim]) -> None:
        """Renew these no more."""
        with self._lock:
            for claim in claims:
                self._held.pop(claim.action, None)

    def _beat(self) -> None:
        while not self._over.wait(self._queue.lease.total_seconds() / 3):
            # Under the lock, lest what is let go meanwhile be renewed all the same.  A ledger that
            # fails now may answer at the next beat; if not, the leases end.
            with self._lock, contextlib.suppress(LeakscanError):
                self._queue.renew(list(self._held.values()))

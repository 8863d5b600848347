"""Forget old pushes while a watch goes on, in a thread beside it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from leakscan.ledger.prune import prune

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta
    from types import TracebackType

    from leakscan.ledger.push_queue import PushQueue

FORGET_EVERY = 3600.0
"""Seconds between two looks for what the queue need not remember any more."""

LAST_TIME = 10.0
"""Seconds that the last look may take at the end of a watch; the next watch goes on with it."""


class Forgetting:
    """Forgets old pushes once an hour, and once at the end of a run that ends in good order.

    Args:
        queue: what it gives up waits there for too long; what it forgets stays counted.
        keep: how long the queue remembers a push.
        say: told of what goes wrong.

    Attributes:
        given_up: pushes that nobody has looked at in that time.
    """

    def __init__(self, queue: PushQueue, keep: timedelta, say: Callable[[str], None]) -> None:
        self.given_up = 0
        self._queue = queue
        self._keep = keep
        self._say = say
        self._is_over = threading.Event()
        self._is_left = False
        self._thread = threading.Thread(target=self._run, name="leakscan-forgetting", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_left = kind is not None
        self._is_over.set()
        if not self._is_left:
            self._thread.join(LAST_TIME)
        self._is_left = True

    def _run(self) -> None:
        while not self._is_over.wait(FORGET_EVERY):
            self._forget()
        if not self._is_left:
            self._forget()

    def _forget(self) -> None:
        before = datetime.now(UTC) - self._keep
        try:
            self.given_up += self._queue.abandon(before)
            prune(self._queue.ledger, before)
        except Exception as error:  # noqa: BLE001 - the watch goes on without
            if not self._is_left:
                what = f"old pushes could not be forgotten ({type(error).__name__})"
                self._say(f"{what}; tried again later")

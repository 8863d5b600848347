"""How often one may try: so many times a minute for each name."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Attempts:
    """Counts attempts by name, in this process.  Safe to use from many threads.

    Args:
        limit: attempts a name has within ``seconds``.
        seconds: length of that time.
        names: how many names are remembered; strangers choose them, so the oldest are dropped.
        clock: gives the time in seconds.
    """

    def __init__(
        self,
        limit: int = 10,
        seconds: float = 60,
        names: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit, self._seconds, self._names, self._clock = limit, seconds, names, clock
        self._lock = threading.Lock()
        self._made: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, name: str) -> float:
        """Count an attempt; return how many seconds it came too early, 0 if it may go on."""
        now = self._clock()
        with self._lock:
            made = self._made.setdefault(name, deque(maxlen=self._limit))
            self._made.move_to_end(name)
            if len(self._made) > self._names:
                self._made.popitem(last=False)
            if len(made) == self._limit and now - made[0] < self._seconds:
                return self._seconds - (now - made[0])
            made.append(now)
        return 0

    def forget(self, name: str) -> None:
        """Start anew for a name: somebody has proved to be its owner."""
        with self._lock:
            self._made.pop(name, None)

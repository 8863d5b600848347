"""How many conversations with one server go on at once, and when it is left alone."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from leakscan.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable

    from leakscan.push import Look

IN_A_ROW = 5
"""Conversations in a row that came to nothing, after which the server is left alone."""

SHORTEST_REST = 5.0
"""Seconds that it is then left alone at first; twice as long each time it goes on."""

LONGEST_REST = 600.0
"""Seconds after which a server is asked again, whatever it said: it may have been wrong."""

_OVERLOADED = (Trouble.BUSY, Trouble.UNREACHABLE, Trouble.TOO_LONG)


class Pace:
    """Adapts to one server: one more at a time after success, half as many when it struggles.

    Safe to share between threads.

    Args:
        most: conversations at once that are never exceeded.
        clock: seconds that only grow.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._changed = threading.Condition()
        self._limit = float(most)
        self._active = 0
        self._failures = 0
        self._rest_until = 0.0
        self._halved_at = float("-inf")

    @property
    def limit(self) -> int:
        """How many may go on at once now."""
        with self._changed:
            return int(self._limit)

    @property
    def rest(self) -> float:
        """Seconds for which the server is still left alone; 0 if it may be asked."""
        with self._changed:
            return max(0.0, self._rest_until - self._clock())

    def enter(self, patience: float) -> bool:
        """Wait for room for one more conversation; tell whether there is some.

        Args:
            patience: seconds to wait for it.
        """
        end = self._clock() + patience
        with self._changed:
            while True:
                moment = self._clock()
                resting = self._rest_until - moment
                if resting <= 0 and self._active < int(self._limit):
                    self._active += 1
                    return True
                if moment >= end:
                    return False
                self._changed.wait(min(end - moment, resting if resting > 0 else end - moment))

    def leave(self) -> None:
        """Give the room back."""
        with self._changed:
            self._active -= 1
            self._changed.notify()

    def learn(self, look: Look) -> None:
        """Adapt to how a conversation has ended."""
        with self._changed:
            if look.trouble not in _OVERLOADED:
                self._failures = 0
                self._limit = min(self._most, self._limit + 1 / max(1.0, self._limit))
                self._changed.notify()
                return
            self._failures += 1
            moment = self._clock()
            if moment - self._halved_at > 1:  # those that were under way then say the same again
                self._halved_at = moment
                self._limit = max(1.0, self._limit / 2)
            rest = 0.0
            if asks_to_wait(look):
                rest = look.retry_after or 0.0
            elif self._failures >= IN_A_ROW:
                rest = SHORTEST_REST * 2.0 ** min(10, self._failures // IN_A_ROW - 1)
            self._rest_until = max(self._rest_until, moment + min(rest, LONGEST_REST))


def asks_to_wait(look: Look) -> bool:
    """Tell whether a server, or the governor of our own calls, asks for a rest of everybody.

    What the API answers to a call that was made is about that call.
    """
    is_asked = look.trouble is Trouble.BUSY and look.retry_after is not None
    return is_asked and (look.via == "git" or not look.api_requests)

"""How many conversations with one server go on at once, and when it rests or is passed over."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.push import PushState
from leakscan.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable

    from leakscan.push import Look

IN_A_ROW = 5
"""Conversations in a row that came to nothing, after which the server gets a rest."""

SHORTEST_REST = 5.0
"""Seconds that it then rests at first; twice as long each time it goes on."""

LONGEST_REST = 600.0
"""Seconds after which a server is asked again, whatever it said: it may have been wrong."""

CLOSED_AFTER = 3
"""Pushes in a row that it did not give and that another way could read, after which it is closed:
one says nothing, for it may be gone.  One is enough for a server that was to rest."""

CLOSED_FOR = 600.0
"""Seconds until a server that is closed is tried again."""

CLOSED_SIGNS = (Trouble.BARRED, Trouble.UNREACHABLE, Trouble.BROKEN)
"""What a push ends with if its server does not serve anybody, or not us."""

_STRUGGLES = (Trouble.BUSY, Trouble.UNREACHABLE, Trouble.TOO_LONG, Trouble.BARRED, Trouble.LOCAL)


@dataclass(frozen=True, slots=True)
class Outage:
    """That a server gives nothing, for all that is known.

    Attributes:
        why: in a sentence.
        is_bypassed: whether another way is taken, rather than to wait.
    """

    why: str
    is_bypassed: bool = False


class Pace:
    """Adapts to one server: one more at a time after success, half as many when it struggles.

    A server that asks for a rest, or struggles on, rests: nothing is asked of it.  One that is
    closed is passed over, for there is another way.  Safe to share between threads.

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
        self._in_vain = 0
        self._closed_until = 0.0
        self._trouble: str | None = None
        self._outage: Outage | None = None
        self._out_at = float("-inf")
        self._has_come_back = False

    @property
    def now(self) -> float:
        """The moment by its clock, in seconds."""
        return self._clock()

    @property
    def limit(self) -> int:
        """How many may go on at once now."""
        with self._changed:
            return int(self._limit)

    @property
    def rest(self) -> float:
        """Seconds for which the server still rests; 0 if it may be asked."""
        with self._changed:
            return max(0.0, self._rest_until - self._clock())

    @property
    def closed(self) -> float:
        """Seconds for which the server is still passed over; 0 if it is not."""
        with self._changed:
            return max(0.0, self._closed_until - self._clock())

    @property
    def trouble(self) -> str | None:
        """Why the server rests, if it neither asked for that nor is it our own fault."""
        with self._changed:
            return self._trouble if self._rest_until > self._clock() else None

    @property
    def outage(self) -> Outage | None:
        """Why it rests, or another way is taken, from when that says something of it.

        It stays the same until the server serves again, but for the first other way that is taken.
        """
        with self._changed:
            return self._outage

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

    def learn(self, look: Look, began: float = float("inf")) -> None:
        """Adapt to how a conversation has ended.

        Args:
            look: what became of it.
            began: when it began, by `now`; what was under way before an outage does not show that
                the server serves again.
        """
        if look.is_elsewhere:
            return
        with self._changed:
            if look.state is PushState.SCANNED and self._outage and began >= self._out_at:
                self._outage, self._has_come_back = None, True
            is_struggle = _is_struggle(look)
            if not is_struggle and look.trouble not in (Trouble.BROKEN, Trouble.REFUSED):
                self._in_vain, self._closed_until = 0, 0.0
            if not is_struggle:
                self._failures = 0
                self._limit = min(self._most, self._limit + 1 / max(1.0, self._limit))
                self._changed.notify()
                return
            self._failures += 1
            moment = self._clock()
            if moment - self._halved_at > 1:  # those that were under way then say the same again
                self._halved_at = moment
                self._limit = max(1.0, self._limit / 2)
            rest = min(self._due(look), LONGEST_REST)
            self._rest_until = max(self._rest_until, moment + rest)
            if rest:
                is_its_own = not asks_to_wait(look) and look.trouble and not look.trouble.is_ours
                self._trouble = (look.why or str(look.trouble)) if is_its_own else None

    def _due(self, look: Look) -> float:
        """Return the seconds of rest after a look that came to nothing."""
        if asks_to_wait(look):
            return look.retry_after or 0.0
        if self._failures < IN_A_ROW:
            return 0.0
        if look.trouble and look.trouble.is_ours:
            return LONGEST_REST  # people have to do something about it
        return SHORTEST_REST * 2.0 ** min(10, self._failures // IN_A_ROW - 1)

    def bypassed(self, look: Look) -> None:
        """Note that another way could read what this server did not give.

        Args:
            look: at the server, in vain.
        """
        with self._changed:
            self._in_vain += 1
            self._out_at = self._clock()
            is_closed = self._in_vain >= CLOSED_AFTER or self._failures >= IN_A_ROW
            if is_closed:
                self._closed_until = self._out_at + CLOSED_FOR
            # Of one that has come back once a single failure says little: some come and go.
            is_away = look.trouble in (Trouble.UNREACHABLE, Trouble.BARRED)
            if is_closed or (is_away and not self._has_come_back):
                known = self._outage.why if self._outage else None
                self._outage = Outage(known or look.why or str(look.trouble), is_bypassed=True)

    def missed(self, look: Look) -> None:
        """Note that no other way could read what this server did not give, or that there is none.

        Args:
            look: at the server, as `learn` knows it.
        """
        with self._changed:
            is_bad = _is_struggle(look) and not asks_to_wait(look) and not look.is_elsewhere
            if is_bad and self._failures >= IN_A_ROW and self._trouble and not self._outage:
                self._outage, self._out_at = Outage(self._trouble), self._clock()


def _is_struggle(look: Look) -> bool:
    """Tell whether a look went wrong for its server; what is large takes long at any pace."""
    is_large = look.trouble is Trouble.TOO_LONG and look.objects > 0
    return look.trouble in _STRUGGLES and not is_large


def asks_to_wait(look: Look) -> bool:
    """Tell whether a server, or the governor of our own calls, asks for a rest of everybody.

    What the API answers to a call that was made is about that call.
    """
    is_asked = look.trouble is Trouble.BUSY and look.retry_after is not None
    return is_asked and (look.via == "git" or not look.api_requests)

"""Whose repositories are slow, so that nobody's take all workers from everybody else's pushes."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from leakscan.ledger.push_queue import PushClaim
    from leakscan.push import Push

SLOW = 10.0
"""Seconds of a look from which its owner counts as slow: nearly all take less than one."""

REMEMBERED = 60.0
"""Seconds for which an owner then does, after the look has ended."""

AT_ONCE = 2
"""Pushes of an owner who is slow that are in hand at once while others' may be waiting."""

ASIDE = 30.0
"""Seconds for which further ones are put aside; a run of ``--once`` waits for that."""


class Owners:
    """Notes how long looks at each owner's pushes take.  Safe to share between threads.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._begun: dict[object, tuple[str, float]] = {}
        self._slow_until: dict[str, float] = {}

    @contextlib.contextmanager
    def looking(self, push: Push) -> Iterator[None]:
        """Note that a push is being looked at."""
        look, owner, started = object(), owner_of(push), self._clock()
        with self._lock:
            self._begun[look] = owner, started
        try:
            yield
        finally:
            with self._lock:
                del self._begun[look]
                moment = self._clock()
                if moment - started > SLOW:
                    self._slow_until[owner] = moment + REMEMBERED

    def slow(self) -> frozenset[str]:
        """Return the owners whose pushes take long, now or a moment ago."""
        with self._lock:
            moment = self._clock()
            self._slow_until = {
                owner: end for owner, end in self._slow_until.items() if end > moment
            }
            late = {owner for owner, begun in self._begun.values() if moment - begun > SLOW}
            return frozenset(late | self._slow_until.keys())


def owner_of(push: Push) -> str:
    """Return the name of the account that a push's repository belongs to."""
    return push.repository.partition("/")[0].lower()


def surplus(
    waiting: Sequence[PushClaim], begun: Iterable[PushClaim], slow: Collection[str], most: int
) -> list[PushClaim]:
    """Return those of the ``waiting`` that are to be put aside.

    Args:
        waiting: in the order in which they would be begun.
        begun: what is being looked at.
        slow: owners of whom no more than ``most`` are to be in hand.
        most: how many.
    """
    held = Counter(owner_of(claim.push) for claim in begun)
    aside = []
    for claim in waiting:
        owner = owner_of(claim.push)
        if owner in slow and held[owner] >= most:
            aside.append(claim)
        else:
            held[owner] += 1
    return aside

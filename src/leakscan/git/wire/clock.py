"""How long to wait for a server."""

from __future__ import annotations

import contextlib
import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Clock:
    """The time that one exchange with a server may take.

    The time limit of a socket starts anew with each byte, so that it is set again before each
    read, to what is left (`connection.py`).  A byte a second then does not hold anyone.  Only the
    look-up of a name cannot be ended; the resolver has limits of its own.

    Args:
        patience: seconds to wait for the next byte.
        seconds: for everything, from now on; 0 for no limit.
    """

    __slots__ = ("_end", "_patience", "seconds")

    def __init__(self, patience: float, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self._patience = patience
        self._end = time.monotonic() + seconds if seconds else math.inf

    @property
    def patience(self) -> float:
        """Seconds to wait for the next byte."""
        return self._patience

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._end

    def left(self) -> float:
        """Return the seconds that the next step may take, more than 0.

        Raises:
            TimeoutError: the time is over.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(left, self._patience)

    def sleep(self, seconds: float) -> None:
        """Wait, but not beyond the end."""
        time.sleep(max(0.0, min(seconds, self._end - time.monotonic())))

    @contextlib.contextmanager
    def hurried(self, seconds: float) -> Iterator[None]:
        """Allow no more than this for what is not worth waiting for."""
        end = self._end
        self._end = min(end, time.monotonic() + seconds)
        try:
            yield
        finally:
            self._end = end

"""What every source yields, and what it counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from leakscan.model import Location, Match, Skip

Progress = Callable[[int, int], None]
"""Told how many of how many things have been read; a total of 0 is not known yet."""


MOST_SEALED = 1000
"""Parts of files that could not be read that are kept: one archive may have a million."""


def no_progress(_done: int, _total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A match and where it was seen.

    Attributes:
        known: where the secret stood before, such as ``in HEAD``; only sources that compare
            what is new with what was there before know that.
    """

    match: Match
    location: Location
    known: str | None = None


Early = Callable[[Sighting], None]
"""Told of each sighting as soon as it is seen; where exactly may not be known yet."""


class Tally:
    """Counts what a source reads while it reads; `Coverage` is made of it in the end."""

    def __init__(self) -> None:
        self.objects = 0
        self.bytes = 0
        self.skipped: list[Skip] = []
        self._sealed = 0
        self._more = 0
        self._more_at: int | None = None

    def read(self, size: int) -> None:
        """Count one thing of ``size`` bytes as read whole."""
        self.objects += 1
        self.bytes += size

    def add(self, other: Tally) -> None:
        """Count what another one has counted, too."""
        self.objects += other.objects
        self.bytes += other.bytes
        for at, part in enumerate(other.skipped):
            if not part.sealed:
                self.skipped.append(part)
            elif at != other._more_at:
                self.seal(part.what, part.why)
        if other._more:
            self._seal_more(other._more)

    def skip(self, what: str, why: str) -> None:
        """Record one thing that could not be read."""
        self.skipped.append(Skip(what, why))

    def seal(self, what: str, why: str) -> None:
        """Record one thing whose bytes were read, but not what is inside of it."""
        if self._sealed < MOST_SEALED:
            self._sealed += 1
            self.skipped.append(Skip(what, why, sealed=True))
        else:
            self._seal_more(1)

    def _seal_more(self, number: int) -> None:
        """Count parts that are not named any more; one line says how many."""
        self._more += number
        parts = "part" if self._more == 1 else "parts"
        rest = Skip(f"{self._more:,} more {parts} of files", "like these", sealed=True)
        if self._more_at is None:
            self._more_at = len(self.skipped)
            self.skipped.append(rest)
        else:
            self.skipped[self._more_at] = rest

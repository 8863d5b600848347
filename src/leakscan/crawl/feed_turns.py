"""Whose turn it is among the feeds of a watch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakscan.crawl.feeders import LANES, lane_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from leakscan.crawl.feeders import Lane

MOST_LOOKED_AT = 256
"""Feeds of which the ledger is asked in one turn whether they are due: others may be asking them,
and a turn is short."""

LONGEST_LIMIT = 120.0
"""Seconds for which limits, one after the other, may keep a lane from being asked before that is
trouble: two of the minutes by which GitHub counts calls."""


class FeedTurns:
    """Knows when each feed may be asked next, and which lanes rest.

    All moments are those of the monotonic clock.

    Args:
        names: of the feeds, in the order in which they are asked at first.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._due_at: dict[Lane, dict[str, float]] = {lane: {} for lane in LANES}
        for name in names:
            self._due_at[lane_of(name)][name] = 0.0
        self._rest_until = dict.fromkeys(LANES, 0.0)
        self._limited_since: dict[Lane, float] = {}

    @property
    def are_over(self) -> bool:
        """Whether no feed is to be asked any more."""
        return not any(self._due_at.values())

    def due(self, lane: Lane, moment: float, held: Container[str]) -> list[str]:
        """Return the feeds of a lane that are due, `MOST_LOOKED_AT` at most, the first one first.

        Args:
            lane: which.
            moment: now.
            held: those that are asked now.
        """
        if moment < self._rest_until[lane]:
            return []
        due_at = self._due_at[lane]
        due = [name for name, at in due_at.items() if at <= moment and name not in held]
        if lane.is_fair:
            due.sort(key=due_at.__getitem__)
        return due[:MOST_LOOKED_AT]

    def put_off(self, name: str, moment: float) -> None:
        """Let a feed be asked again from a moment on."""
        lane = lane_of(name)
        if name in self._due_at[lane]:
            self._due_at[lane][name] = moment

    def end(self, name: str) -> None:
        """Ask a feed no more."""
        self._due_at[lane_of(name)].pop(name, None)

    def was_reached(self, name: str) -> bool:
        """Tell whether a feed has had its turn, be it that another watch asks it."""
        return self._due_at[lane_of(name)].get(name, 1.0) > 0.0

    def has_answered(self, name: str) -> None:
        """Note that no limit keeps the feeds of this one's lane from being asked."""
        self._limited_since.pop(lane_of(name), None)

    def rest(self, name: str, moment: float, seconds: float) -> bool:
        """Let the lane of a feed rest, for a limit that is every feed's.

        Returns:
            Whether that is worth it: not if limits have kept the lane from being asked for long.
        """
        lane = lane_of(name)
        since = self._limited_since.setdefault(lane, moment)
        if moment + seconds > since + LONGEST_LIMIT:
            return False
        self._rest_until[lane] = max(self._rest_until[lane], moment + seconds)
        return True

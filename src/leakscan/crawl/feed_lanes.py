"""The lanes of feeds: who waits for whom, and whose turn it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leakscan.crawl.feeds.archive import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leakscan.ledger.feeds import FeedClaim

MOST_LOOKED_AT = 256
"""Feeds of which the ledger is asked in one turn whether they are due: others may be asking them,
and a turn is short."""

LONGEST_LIMIT = 120.0
"""Seconds for which limits, one after the other, may keep a lane from being asked before that is
trouble: two of the minutes by which GitHub counts calls."""

SOON = 60.0
"""Seconds that a limit may keep feeds from being asked without that being trouble, likewise."""

SHORTEST_WAIT, LONGEST_WAIT = 15.0, 300.0
"""Seconds after which a feed that fails is asked again: twice as long each time, up to this."""

ARCHIVE_WAITS = 2.0, 8.0
"""The same for archives, which are passed over after a few times."""


@dataclass(slots=True, eq=False)
class Lane:
    """Feeds that wait for each other, and for no others.

    All moments are those of the monotonic clock.

    Attributes:
        threads: that ask them.
        ahead: feeds that may be claimed besides, so that no thread is idle until the next turn.
        reads_to_end: whether what was begun is ended first, as archives are, also in a run that
            asks all other feeds once; if not, the one that has waited longest comes first.
        first_wait, longest_wait: seconds after which a feed that fails is asked again, at first and
            at most.
        due_at: by name, when each may be asked next; ``None`` until it has had its turn, be it that
            another watch asks it.  What has come to its end is not there.
        held: by name, the claims on those that are asked now, or soon.
        held_by_others: by name, since when another process has been seen to hold it.
        rest_until: none is asked before.
        limited_since: since when limits, and nothing else, have kept them from being asked.
    """

    name: str
    threads: int
    ahead: int = 0
    reads_to_end: bool = False
    first_wait: float = SHORTEST_WAIT
    longest_wait: float = LONGEST_WAIT
    due_at: dict[str, float | None] = field(default_factory=dict)
    held: dict[str, FeedClaim] = field(default_factory=dict)
    held_by_others: dict[str, float] = field(default_factory=dict)
    rest_until: float = float("-inf")
    limited_since: float | None = None

    @property
    def room(self) -> int:
        """How many more may be claimed."""
        return self.threads + self.ahead - len(self.held)

    def due(self, moment: float) -> list[str]:
        """Return the feeds that may be asked, `MOST_LOOKED_AT` at most, the first one first."""
        if moment < self.rest_until:
            return []
        due = {
            name: at or 0.0
            for name, at in self.due_at.items()
            if (at is None or at <= moment) and name not in self.held
        }
        names = list(due) if self.reads_to_end else sorted(due, key=due.__getitem__)
        return names[:MOST_LOOKED_AT]

    def put_off(self, name: str, moment: float) -> None:
        """Let a feed be asked again from a moment on, if it is to be asked at all."""
        if name in self.due_at:
            self.due_at[name] = moment

    def end(self, name: str) -> None:
        """Ask a feed no more."""
        self.due_at.pop(name, None)

    def held_since(self, name: str, moment: float) -> float:
        """Note that another process holds a feed; return since when."""
        return self.held_by_others.setdefault(name, moment)

    def wait(self, failures: int) -> float:
        """Return the seconds until a feed is asked again that fails after so many failures."""
        return min(self.first_wait * 2.0 ** min(failures, 10), self.longest_wait)

    def can_rest(self, moment: float, seconds: float | None) -> bool:
        """Tell whether the lane may wait for a limit that is every feed's.

        Only if it passes soon, and if limits have not kept the lane waiting for long; those of
        archives are each server's own.
        """
        if seconds is None or seconds > SOON or self.reads_to_end:
            return False
        since = moment if self.limited_since is None else self.limited_since
        return moment + seconds <= since + LONGEST_LIMIT

    def rest(self, moment: float, seconds: float) -> None:
        """Ask none for so long, for such a limit."""
        if self.limited_since is None:
            self.limited_since = moment
        self.rest_until = max(self.rest_until, moment + seconds)


def lanes_of(names: Iterable[str]) -> tuple[Lane, ...]:
    """Put feeds into lanes, in the order in which these are served.

    - The feed of all public events moves on within seconds.
    - Code search has a limit of its own.
    - Accounts and repositories may be thousands.  At a fifth of a second for a call, three at once
      are the 900 a minute that GitHub allows.  The governor keeps room for these and the two above
      (FOR_URGENT).
    - Archives stream for minutes.  Reading them keeps the processor busy, so that more at once
      would not be faster, and their streams would wait idle until servers close them.

    Args:
        names: of the feeds, in the order in which they are asked at first.
    """
    public, search, named = Lane("public", 1), Lane("search", 1), Lane("named", 3, ahead=3)
    first, longest = ARCHIVE_WAITS
    archives = Lane("archives", 4, reads_to_end=True, first_wait=first, longest_wait=longest)
    for name in names:
        if name.startswith(PREFIX):
            lane = archives
        else:
            lane = {"events": public, "search": search}.get(name, named)
        lane.due_at[name] = None
    return public, search, named, archives

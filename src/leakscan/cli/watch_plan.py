"""What a watch is to do, and how it has ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leakscan.config import Config
    from leakscan.crawl.figures import Figures
    from leakscan.crawl.settings import GitHubSettings, WatchSettings


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be watched, and for how long.

    Attributes:
        archives: names of archives to read, besides the feeds.
        once: stop when all was asked once and nothing is due.
        seconds: stop after so long; ``None`` for never.
    """

    config: Config
    site: GitHubSettings
    watch: WatchSettings
    archives: tuple[str, ...] = ()
    once: bool = False
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a watch has ended.

    Attributes:
        waiting: pushes that wait in the ledger, whoever queued them.
        alive: findings of this watch whose tokens are not known to be dead.
        was_stopped: whether it was told to end before all was done.
        answered_well: whether nothing that was due failed or was given up.
    """

    figures: Figures
    waiting: int
    alive: int
    was_stopped: bool
    answered_well: bool

    @property
    def status(self) -> int:
        """3 if something was not read or a token may be alive, else 1 if something was found."""
        is_whole = self.figures.is_whole and not (self.was_stopped and self.waiting)
        if not is_whole or self.alive or not self.answered_well:
            return 3
        return 1 if self.figures.findings else 0

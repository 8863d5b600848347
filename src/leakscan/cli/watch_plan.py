"""What a watch is to do, and how it has ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leakscan.config import Config
    from leakscan.crawl.figures import Figures
    from leakscan.crawl.github.credentials import Refused
    from leakscan.crawl.settings import GitHubSettings, WatchSettings
    from leakscan.ledger.words import Entry
    from leakscan.model import Skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be watched, and for how long.

    Attributes:
        archives: names of archives to read, besides the feeds.
        once: stop when all was asked once and nothing is due.
        seconds: stop after so long; ``None`` for never.
        retry: first make due again at once what was left out before.
    """

    config: Config
    site: GitHubSettings
    watch: WatchSettings
    archives: tuple[str, ...] = ()
    once: bool = False
    seconds: float | None = None
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """How a watch has ended.

    Attributes:
        left_out: what was not read of what the feeds told, and why.
        waiting: pushes that wait in the ledger, whoever queued them.
        in_hand: those of them that another process has in hand, or had when it died.
        alive: findings of this watch whose tokens are not known to be dead.
        alive_earlier: findings of others, before or beside it, of which the same is true.
        undecided: findings of this watch that are too unsure to be disabled unless a person says
            so; they do not count as alive.
        answered_well: whether nothing that was due failed or was given up.
        lacks: what is not configured, so that it is not done about findings, or not as meant.
        refused: the credentials that GitHub refused at the end.
        began_at, ended_at: when.
    """

    figures: Figures
    left_out: tuple[Skip, ...] = ()
    waiting: int = 0
    in_hand: int = 0
    alive: int = 0
    alive_earlier: int = 0
    undecided: tuple[Entry, ...] = ()
    answered_well: bool = True
    lacks: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()
    began_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def status(self) -> int:
        """3 if something was not read or a token may be alive, else 1 for news, else 0."""
        if self.left_out or self.alive or self.alive_earlier or not self.answered_well:
            return 3
        return 1 if self.figures.news else 0

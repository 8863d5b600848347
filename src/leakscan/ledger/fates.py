"""What became of pushes, counted."""

from __future__ import annotations

from dataclasses import dataclass, field

from leakscan.push import PushState

UNKNOWN = "unknown"
"""The trouble of what was skipped, failed or not read whole without one."""


@dataclass(slots=True)
class Fates:
    """What became of some pushes; each is counted once.

    Attributes:
        whole: scanned, all that it brought.
        partial: scanned, but something of it was not read; by trouble.
        skipped: not scanned, for a reason that does not pass; by trouble.
        failed: to be tried again; by trouble.
        gave_up: failed too often, or not looked at in time; by trouble.
        waiting: no look has ended yet.
        in_hand: being looked at.
    """

    whole: int = 0
    partial: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    gave_up: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    in_hand: int = 0

    @property
    def scanned(self) -> int:
        """Those that were scanned, whole or in part."""
        return self.whole + sum(self.partial.values())

    @property
    def seen(self) -> int:
        """All of them."""
        others = (self.skipped, self.failed, self.gave_up)
        ended = self.scanned + sum(sum(one.values()) for one in others)
        return ended + self.waiting + self.in_hand

    def add(self, state: PushState, trouble: str, count: int, *, is_partial: bool) -> None:
        """Count pushes that have the same fate.

        Args:
            state: how far they have got.
            trouble: why no further, in one word; empty for none.
            count: how many they are.
            is_partial: whether something of what was scanned was not read.
        """
        by_trouble = {
            PushState.SCANNED: self.partial,
            PushState.SKIPPED: self.skipped,
            PushState.FAILED: self.failed,
            PushState.GAVE_UP: self.gave_up,
        }
        if state is PushState.SCANNED and not is_partial:
            self.whole += count
        elif state in by_trouble:
            counts, word = by_trouble[state], trouble or UNKNOWN
            counts[word] = counts.get(word, 0) + count
        elif state is PushState.SEEN:
            self.waiting += count
        else:
            self.in_hand += count

"""Say how late a watch was, and how much of all that happens its feed shows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_Z = 1.96
"""Standard deviations on either side that hold 95 % of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How many seconds passed.

    Attributes:
        pushes: of how many.
        median, p95: what half, and 95 %, of them did not exceed.
        longest: of all.
    """

    pushes: int
    median: int
    p95: int
    longest: int


@dataclass(frozen=True, slots=True)
class Share:
    """How many of some pushes that we know from elsewhere a feed had told of.

    Where the two tell independently of each other, the feed tells of as large a share of all that
    happens (Lincoln and Petersen's estimate: https://en.wikipedia.org/wiki/Mark_and_recapture).

    Attributes:
        known: pushes that we know from elsewhere.
        told: those of them that the feed told of.
        low, high: where the true share lies with 95 % confidence, of chance alone (Wilson's
            interval).
    """

    known: int
    told: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The estimate, from 0 to 1."""
        return self.told / self.known


def lag_of(counts: Mapping[int, int]) -> Lag | None:
    """Sum up how many pushes took how many seconds; ``None`` if there are none."""
    total = sum(counts.values())
    if not total:
        return None
    ordered = sorted(counts.items())

    def reached(share: float) -> int:
        passed = 0
        for seconds, pushes in ordered:
            passed += pushes
            if passed >= share * total:
                return seconds
        return ordered[-1][0]

    return Lag(total, reached(0.5), reached(0.95), ordered[-1][0])


def share_of(known: int, told: int) -> Share | None:
    """Estimate a share; ``None`` if nothing is known."""
    if not known:
        return None
    share, spread = told / known, _Z**2 / known
    middle = (share + spread / 2) / (1 + spread)
    radius = _Z / (1 + spread) * math.sqrt(share * (1 - share) / known + spread / (4 * known))
    return Share(known, told, max(0.0, middle - radius), min(1.0, middle + radius))

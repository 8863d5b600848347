"""What an owner is told about one leaked token, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.ledger.words import Owner

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Notice", "Owner", "Place"]


@dataclass(frozen=True, slots=True)
class Place:
    """One place where the token was seen; all texts are a stranger's, and redacted.

    Attributes:
        kind: the surface, as in `model.Kind`.
        url: link to the exact line, where that is known.
    """

    kind: str
    repository: str
    commit: str | None = None
    path: str | None = None
    line: int | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """What there is to tell about one finding.

    Attributes:
        fingerprint: the finding's, 64 hex digits.
        rule: name of the family of tokens, such as ``Replicate API token``.
        redacted: the token's first and last characters.
        token_name: what its owner called it, if the hook said so.
        found_at: when it was first seen (UTC).
        disabled_at: when it was disabled (UTC); ``None`` if it had been disabled before.
        exposure: `model.PUBLIC`, or another sign of compromise in words.
        places: the first places where it was seen; ``place_count`` counts all of them.
    """

    fingerprint: str
    rule: str
    issuer: str
    redacted: str
    token_name: str | None
    found_at: datetime
    disabled_at: datetime | None
    exposure: str
    places: tuple[Place, ...]
    place_count: int

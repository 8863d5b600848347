"""Sightings for tests of what suppresses them."""

from __future__ import annotations

from typing import Any

from leakscan.model import ChecksumVerdict, Confidence, Kind, Location, Match, Secret
from leakscan.sources.sighting import Sighting

RULE = "replicate-api-token"


def seen(
    token: str, path: str | None = "a.env", *, repository: str = "/srv/app", **fields: Any
) -> Sighting:
    """Make a sighting of a token in a file; fields are those of the match and the sighting."""
    rule, allowed = fields.pop("rule", RULE), fields.pop("allowed", None)
    confidence = fields.pop("confidence", Confidence.HIGH)
    unknown = ChecksumVerdict.UNKNOWN
    match = Match(rule, Secret(token), 0, 1, 1, confidence, unknown, allowed=allowed)
    return Sighting(match, Location(Kind.BLOB, repository, path=path, line=1, column=1), **fields)

"""The places of a finding, as hooks and owners are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakscan.ledger.entries import sightings_of
from leakscan.respond.notice import Place

if TYPE_CHECKING:
    from sqlalchemy import Connection


def places_of(connection: Connection, finding: int, limit: int) -> tuple[Place, ...]:
    """Return the first places: what is still there, then the oldest."""
    return tuple(
        Place(seen.kind, seen.repository, seen.commit, seen.path, seen.line, seen.url)
        for seen in sightings_of(connection, finding, limit)
    )

"""What the ledger knows of a finding as plain JSON values (docs/ledger.md)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from leakscan.ledger.standing import standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leakscan.ledger.words import Action, Entry, Sighting

SCHEMA = "leakscan-findings/v1"

Document = dict[str, Any]


def entry_document(
    entry: Entry, owed: Sequence[Action], places: Sequence[Sighting] | None = None
) -> Document:
    """Return one finding, with its actions, and its places if they are given."""
    document = {**_plain(entry), "standing": standing(entry, owed).value}
    document["actions"] = [_plain(action) for action in owed]
    if places is not None:
        document["sightings"] = [_plain(place) for place in places]
    return document


def _plain(row: Entry | Action | Sighting) -> Document:
    """Return a row as JSON knows it: times as text, in UTC."""
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in asdict(row).items()
    }

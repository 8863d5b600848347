"""Write down where secrets were seen."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, delete, exists, select

from leakscan.ledger.tables import findings, insert_into, sightings
from leakscan.model import PROVISIONAL, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from leakscan.model import Finding, Location


@dataclass(frozen=True, slots=True)
class Seen:
    """By which run, when, and how the secrets got out."""

    run: int
    moment: datetime
    exposure: str


def record_sightings(
    connection: Connection, found: Iterable[Finding], numbers: Mapping[str, int], seen: Seen
) -> None:
    """Record the places of findings; those that are there already are only seen again.

    Args:
        connection: inside of the transaction that has recorded the findings.
        found: the findings, in one order for all who record.
        numbers: of the findings, by fingerprint.
        seen: what all of the sightings have in common.
    """
    rows = {
        (numbers[finding.fingerprint], place_digest(location)): location
        for finding in found
        for location in finding.locations
    }
    if not rows:
        return
    same = {
        "exposure": seen.exposure,
        "first_run_id": seen.run,
        "last_run_id": seen.run,
        "first_seen_at": seen.moment,
        "last_seen_at": seen.moment,
    }
    upsert = insert_into(connection, sightings)
    given = upsert.excluded
    latest = ("last_run_id", "last_seen_at", "current", "url", "note")
    was_public = sightings.c.exposure == PUBLIC
    upsert = upsert.on_conflict_do_update(
        index_elements=[sightings.c.finding_id, sightings.c.place],
        set_={name: given[name] for name in latest}
        | {"exposure": case((was_public, PUBLIC), else_=given.exposure)},
    )
    connection.execute(
        upsert.returning(sightings.c.id),  # with that, SQLAlchemy sends many rows a statement
        [
            {"finding_id": finding, "place": place, **_columns(location), **same}
            for (finding, place), location in rows.items()
        ],
    )


def drop_provisional(connection: Connection, ids: Collection[int]) -> None:
    """Delete the places of findings that say too little, where there is a better one.

    Args:
        connection: inside of a transaction.
        ids: numbers of findings.
    """
    locked = select(findings.c.id).where(findings.c.id.in_(ids)).order_by(findings.c.id)
    connection.execute(locked.with_for_update())  # in one order for all, before their places
    better = sightings.alias("better")
    connection.execute(
        delete(sightings).where(
            sightings.c.finding_id.in_(ids),
            sightings.c.note == PROVISIONAL,
            exists().where(
                better.c.finding_id == sightings.c.finding_id,
                better.c.repository == sightings.c.repository,
                better.c.note.is_distinct_from(PROVISIONAL),
            ),
        )
    )


def place_digest(location: Location) -> str:
    """Return what tells one place from another: 32 hex digits of SHA-256.

    The repository is part of it, what may change (author, link, state) is not.
    """
    parts = (
        location.kind.value,
        location.repository,
        location.object,
        location.commit,
        location.path,
        location.line,
        location.column,
    )
    text = "\0".join("" if part is None else str(part) for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _columns(location: Location) -> dict[str, Any]:
    author = location.author
    return {
        "kind": location.kind.value,
        "repository": location.repository,
        "object": location.object,
        "commit": location.commit,
        "path": location.path,
        "line": location.line,
        "column": location.column,
        "author_name": author and author.name,
        "author_email": author and author.email,
        "committed_at": location.date,
        "current": location.current,
        "url": location.url,
        "note": location.note,
    }

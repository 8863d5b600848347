"""Which findings the watches of a ledger have seen, and which of them are old news."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, func, or_, select, union

from leakscan.ledger.batches import in_batches
from leakscan.ledger.duties import PENDING
from leakscan.ledger.tables import actions, findings, runs, sightings
from leakscan.ledger.words import ActionKind, ActionState, FindingState

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from leakscan.ledger.engine import Ledger

WATCH = "public pushes of "
"""What the target of a watch begins with in ``runs``; the site's name follows."""


@dataclass(frozen=True, slots=True)
class Watched:
    """Findings that watches have seen in some time.

    Attributes:
        findings: different ones, wherever they were: in pushes and in the texts of events.
        new: those of them that nothing had found before.
    """

    findings: int = 0
    new: int = 0


def watched(connection: Connection, since: datetime, until: datetime) -> Watched:
    """Count what watches have seen from ``since`` until before ``until``.

    A place counts at the time when it was seen first, and at that when it was seen last.
    """
    watches = select(runs.c.id).where(runs.c.target.startswith(WATCH, autoescape=True))

    def is_within(moment: ColumnElement[datetime], run: ColumnElement[int]) -> ColumnElement[bool]:
        return and_(moment >= since, moment < until, run.in_(watches))

    seen, places = select(sightings.c.finding_id), sightings.c
    both = union(
        seen.where(is_within(places.first_seen_at, places.first_run_id)),
        seen.where(is_within(places.last_seen_at, places.last_run_id)),
    ).subquery()
    first = is_within(findings.c.first_seen_at, findings.c.first_run_id)
    new = select(func.count()).select_from(findings).where(first)
    return Watched(
        connection.execute(select(func.count()).select_from(both)).scalar_one(),
        connection.execute(new).scalar_one(),
    )


def settled(ledger: Ledger, ids: Collection[int], run: int) -> dict[int, str]:
    """Return those of some findings that are old news, for nothing is left to be done about them.

    A person has resolved them, or every hook that was to be asked has answered.

    Args:
        ledger: where they are.
        ids: their numbers.
        run: the watch that has found them; what it found first is news.

    Returns:
        Their fingerprints by their numbers.

    Raises:
        LeakscanError: the database failed.
    """
    of_hook = and_(actions.c.finding_id == findings.c.id, actions.c.kind == ActionKind.DISABLE)
    is_asked = exists().where(of_hook)
    is_open = exists().where(of_hook, actions.c.state != ActionState.DONE)
    is_over = or_(findings.c.state == FindingState.RESOLVED, and_(is_asked, ~is_open))
    found: dict[int, str] = {}
    with ledger.reading() as connection:
        for some in in_batches(sorted(ids)):
            query = select(findings.c.id, findings.c.fingerprint)
            query = query.where(findings.c.id.in_(some), findings.c.first_run_id != run, is_over)
            rows = connection.execute(query)
            found.update((row.id, row.fingerprint) for row in rows)
    return found


def pending(ledger: Ledger) -> int:
    """Count all findings that a hook has still to be asked about, whoever found them.

    What was given up is not among them: the team was told of it.

    Raises:
        LeakscanError: the database failed.
    """
    query = (
        select(func.count(actions.c.finding_id.distinct()))
        .join(findings, findings.c.id == actions.c.finding_id)
        .where(
            findings.c.state == FindingState.OPEN,
            actions.c.kind == ActionKind.DISABLE,
            actions.c.state.in_(PENDING),
        )
    )
    with ledger.reading() as connection:
        return connection.execute(query).scalar_one()

"""Have what was left out looked at again, at once: somebody has mended what was wrong.

A push goes back from its end into the queue before it is pruned, never after, and so is counted
once: as failed until the next look, and then as that ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, update

from leakscan.ledger.batches import BATCH
from leakscan.ledger.engine import now
from leakscan.ledger.left_out import is_left_out
from leakscan.ledger.push_lanes import read_in_order
from leakscan.ledger.push_tables import feeds, pushes
from leakscan.push import PushState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Column, ColumnElement, Select

    from leakscan.ledger.engine import Ledger

_ENDED = (PushState.SCANNED, PushState.SKIPPED, PushState.GAVE_UP)
_AS_WAITING = {"attempts": 0}
_AS_FAILED = {
    "state": PushState.FAILED,
    "attempts": 0,
    # Never null: by that `PushQueue.release` tells one that failed from one that only waits.
    "why": func.coalesce(pushes.c.why, "not all of it was read"),
    "is_partial": False,
    "ended_at": None,
    "ended_lag": None,
}


@dataclass(frozen=True, slots=True)
class _Range:
    """Pushes to be made due that stand side by side in an index.

    Attributes:
        condition: which they are; none that was made due before, so that two who do this at once
            come to an end.
        at: the column by which they stand there.
        values: what they get, besides when they are due.
    """

    condition: ColumnElement[bool]
    at: Column[datetime]
    values: dict[str, Any]

    def query(self) -> Select[Any]:
        """Return the query for their numbers and places, the last first."""
        latest = pushes.c.due_at.desc(), pushes.c.happened_at.desc()
        return select(pushes.c.id, self.at).where(self.condition).order_by(*latest)


def retry_pushes(ledger: Ledger, host: str, since: datetime | None = None) -> int:
    """Make the pushes of a site due at once that were left out, or given back until later.

    Their attempts begin anew.  What somebody has in hand is none of them.  Done in batches: what
    is interrupted can be done again, also by two at once.

    Args:
        ledger: where they are.
        host: name of the site.
        since: only those of which feeds told then or later: what is older than the watch keeps
            pushes would only be given up (`PushQueue.abandon`).  ``None`` for all.

    Returns:
        How many; those that were made due before and not begun since are among them.

    Raises:
        LeakscanError: the database failed; what was made due stays so.
    """
    due, attempts = pushes.c.due_at, pushes.c.attempts
    meant = pushes.c.host == host
    if since is not None:
        meant = and_(meant, pushes.c.seen_at >= since)
    with ledger.reading() as connection:
        moment = now(connection)
        ready = select(func.count()).where(meant, due <= moment, attempts == 0)
        ready = ready.where(pushes.c.state == PushState.FAILED)
        count = connection.scalar(ready) or 0
    return count + sum(_retry(ledger, moment, some) for some in _ranges(meant, moment))


def retry_feeds(ledger: Ledger, names: Collection[str]) -> int:
    """Make those of some feeds due at once that failed, unless somebody asks them now.

    Returns:
        How many.

    Raises:
        LeakscanError: the database failed; none is changed.
    """
    with ledger.writing() as connection:
        moment = now(connection)
        query = select(feeds.c.name).where(
            feeds.c.name.in_(names), feeds.c.failures > 0, feeds.c.ticket.is_(None)
        )
        query = query.order_by(feeds.c.name).with_for_update(skip_locked=True)
        failed = connection.scalars(query).all()
        again = update(feeds).where(feeds.c.name.in_(failed))
        connection.execute(again.values(due_at=moment))
    return len(failed)


def _ranges(meant: ColumnElement[bool], moment: datetime) -> Iterator[_Range]:
    """Yield where such pushes stand, of those that are meant."""
    due = pushes.c.due_at
    for state in _ENDED:
        is_ended = and_(meant, pushes.c.state == state, due.is_(None), is_left_out(pushes))
        yield _Range(is_ended, pushes.c.happened_at, _AS_FAILED)
    is_not_ready = or_(due > moment, pushes.c.attempts > 0)
    has_failed = and_(meant, pushes.c.state == PushState.FAILED, is_not_ready)
    yield _Range(has_failed, due, _AS_FAILED)
    waits = and_(meant, pushes.c.state == PushState.SEEN, due > moment)
    yield _Range(waits, due, _AS_WAITING)


def _retry(ledger: Ledger, moment: datetime, some: _Range) -> int:
    """Make due what is in a range; return how many.

    They are looked for without a lock, for there may be millions of others among them.
    """
    count, query = 0, some.query()
    while True:
        with ledger.reading() as connection:
            read_in_order(connection)
            rows = connection.execute(query.limit(BATCH)).all()
        count += _make_due(ledger, moment, some, [number for number, _ in rows])
        if len(rows) < BATCH:
            return count
        query = some.query().where(some.at <= rows[-1][1])


def _make_due(ledger: Ledger, moment: datetime, some: _Range, ids: Sequence[int]) -> int:
    """Make pushes due, but for what has become of them since they were found; return how many."""
    if not ids:
        return 0
    still = select(pushes.c.id).where(pushes.c.id.in_(ids), some.condition)
    with ledger.writing() as connection:
        # Locked in one order by all, so that nobody waits in a circle.
        ours = connection.scalars(still.order_by(pushes.c.id).with_for_update()).all()
        change = update(pushes).where(pushes.c.id.in_(ours))
        connection.execute(change.values(due_at=moment, **some.values))
    return len(ours)

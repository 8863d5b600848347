"""Have what was left out looked at again, at once: somebody has mended what was wrong.

A push goes back from its end into the queue before it is pruned, never after, and so is counted
once: as failed until the next look, and then as that ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, update

from leakscan.ledger.batches import BATCH
from leakscan.ledger.engine import now
from leakscan.ledger.left_out import is_left_out
from leakscan.ledger.push_lanes import read_in_order
from leakscan.ledger.push_tables import feeds, pushes
from leakscan.push import PushState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from sqlalchemy import Column, Select

    from leakscan.ledger.engine import Ledger

_ENDED = (PushState.SCANNED, PushState.SKIPPED, PushState.GAVE_UP)
_WAITING = {"attempts": 0}
_FAILED = {
    "state": PushState.FAILED,
    "attempts": 0,
    "why": func.coalesce(pushes.c.why, "not all of it was read"),
    "is_partial": False,
    "ended_at": None,
    "ended_lag": None,
}


def retry_pushes(ledger: Ledger, host: str) -> int:
    """Make the pushes of a site due at once that were left out, or given back until later.

    Their attempts begin anew.  What somebody has in hand is none of them.  Done in batches: what
    is interrupted can be done again, also by two at once.

    Returns:
        How many; those that were made due before and not begun since are among them.

    Raises:
        LeakscanError: the database failed; what was made due stays so.
    """
    due, attempts = pushes.c.due_at, pushes.c.attempts
    with ledger.reading() as connection:
        moment = now(connection)
        ready = select(func.count()).where(pushes.c.host == host, due <= moment, attempts == 0)
        ready = ready.where(pushes.c.state == PushState.FAILED)
        count = connection.scalar(ready) or 0
    return count + sum(_retry(ledger, moment, *lane) for lane in _lanes(host, moment))


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
        connection.execute(again.values(due_at=moment, failures=0))
    return len(failed)


def _lanes(
    host: str, moment: datetime
) -> Iterator[tuple[Select[Any], Column[datetime], dict[str, Any]]]:
    """Yield queries for such pushes, by which column they go, the latest first, and new values.

    Each reads one range of an index in its order.  It finds none that was made due before, so that
    two who do this at once come to an end.
    """
    due, happened = pushes.c.due_at, pushes.c.happened_at
    query = select(pushes.c.id, happened).where(pushes.c.host == host, due.is_(None))
    query = query.where(is_left_out(pushes)).order_by(due.desc(), happened.desc())
    for state in _ENDED:
        yield query.where(pushes.c.state == state), happened, _FAILED
    query = select(pushes.c.id, due).where(pushes.c.host == host).order_by(due.desc())
    is_not_ready = or_(due > moment, pushes.c.attempts > 0)
    yield query.where(pushes.c.state == PushState.FAILED, is_not_ready), due, _FAILED
    yield query.where(pushes.c.state == PushState.SEEN, due > moment), due, _WAITING


def _retry(
    ledger: Ledger,
    moment: datetime,
    lane: Select[Any],
    at: Column[datetime],
    values: dict[str, Any],
) -> int:
    """Make due what is in a lane, but for what somebody else has locked; return how many."""
    count, rest = 0, lane
    while True:
        with ledger.writing() as connection:
            read_in_order(connection)
            rows = connection.execute(rest.limit(BATCH).with_for_update(skip_locked=True)).all()
            some = update(pushes).where(pushes.c.id.in_([number for number, _ in rows]))
            connection.execute(some.values(due_at=moment, **values))
        count += len(rows)
        if len(rows) < BATCH:
            return count
        rest = lane.where(at <= rows[-1][1])

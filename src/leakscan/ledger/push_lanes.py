"""Choose which pushes are looked at next."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select, text

from leakscan.ledger.push_tables import pushes
from leakscan.ledger.queue import LONGEST_DELAY, LONGEST_LEASE
from leakscan.push import PushState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Select

SHARE = 0.25
"""Of what is handed out, to those that wait longest, and again to those to be tried again: a leak
of this minute matters most, and yet nothing waits for ever."""


def choose(connection: Connection, moment: datetime, limit: int) -> list[int]:
    """Lock up to ``limit`` pushes that nobody has in hand and that may be begun.

    First those that a dead process has left, then a share of those to be tried again, a share of
    the oldest, and else the newest.

    Args:
        connection: in a transaction that writes.
        moment: now, by the ledger's clock.
        limit: how many at most.

    Returns:
        Their numbers, in this order.
    """
    read_in_order(connection)
    share = int(limit * SHARE + random.random())  # noqa: S311 - of one at a time, now and then one
    taken: list[int] = []
    for lanes, most in (
        ((left_behind(moment),), limit),
        (delayed(moment), share),
        ((oldest(),), share),
        ((newest(),), limit),
        (delayed(moment), limit),
    ):
        free = min(most, limit - len(taken))
        for lane in lanes:
            if free > 0:
                query = lane.where(pushes.c.id.not_in(taken)).limit(free)
                found = connection.scalars(query.with_for_update(skip_locked=True)).all()
                taken += found
                free -= len(found)
    return taken


def read_in_order(connection: Connection) -> None:
    """Have PostgreSQL read indexes in their order for the rest of a transaction.

    Pushes go through states in which few are at a time.  A scan that makes a bitmap of such a
    range first wades each time through the traces of all that was ever in it, until they are
    vacuumed; one in order marks them as dead for the next.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(text("SET LOCAL enable_bitmapscan = off"))


def left_behind(moment: datetime) -> Select[Any]:
    """Return the query for what a process had in hand when it died; few are in hand at a time."""
    lease = pushes.c.lease_until
    is_over = or_(lease <= moment, lease > moment + LONGEST_LEASE)
    query = select(pushes.c.id).where(pushes.c.state == PushState.SCANNING, is_over)
    return query.order_by(pushes.c.due_at, pushes.c.happened_at)


def delayed(moment: datetime) -> Iterator[Select[Any]]:
    """Yield the queries for what was to wait until now: failed, or given back.

    What is to wait longer than anything ever is was written before the clock was set back.
    """
    due = pushes.c.due_at
    for state in (PushState.FAILED, PushState.SEEN):
        for is_due in (due <= moment, due > moment + LONGEST_DELAY):
            yield select(pushes.c.id).where(pushes.c.state == state, is_due).order_by(due)


def oldest() -> Select[Any]:
    """Return the query for what may be begun at once, the oldest first."""
    return _fresh().order_by(pushes.c.due_at, pushes.c.happened_at)


def newest() -> Select[Any]:
    """Return the query for what may be begun at once, the newest first.

    ``due_at`` is null in all of them; that it is named lets PostgreSQL read the index in order.
    """
    return _fresh().order_by(pushes.c.due_at.desc(), pushes.c.happened_at.desc())


def waiting() -> Iterator[Select[Any]]:
    """Yield the queries for all that waits: what may be begun at once, and what is to wait."""
    yield _fresh()
    for state in (PushState.FAILED, PushState.SEEN):
        yield select(pushes.c.id).where(pushes.c.state == state, pushes.c.due_at.is_not(None))


def _fresh() -> Select[Any]:
    return select(pushes.c.id).where(pushes.c.state == PushState.SEEN, pushes.c.due_at.is_(None))

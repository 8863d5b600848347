"""Choose which pushes are looked at next."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from leakscan.ledger.leases import LONGEST_DELAY, is_over
from leakscan.ledger.push_outcomes import MAX_BEGUN
from leakscan.ledger.push_tables import pushes
from leakscan.push import PushState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Select

SHARE = 0.25
"""Of what is handed out, to those that wait longest, and again to those to be tried again: a leak
of this minute matters most, and yet nothing waits for ever."""


def choose(
    connection: Connection, host: str, moment: datetime, limit: int
) -> tuple[list[int], list[int]]:
    """Lock up to ``limit`` pushes of one site that nobody has in hand and that may be begun.

    First those that a dead process has left, then a share of those to be tried again, a share of
    the oldest, and else the newest.

    Args:
        connection: in a transaction that writes.
        host: name of the site.
        moment: now, by the ledger's clock.
        limit: how many at most.

    Returns:
        Their numbers, in this order; and those of pushes that processes have left too often.
    """
    read_in_order(connection)
    share = int(limit * SHARE + random.random())  # noqa: S311 - of one at a time, now and then one
    worn = _locked(connection, left_behind(host, moment, is_worn=True), limit)
    taken: list[int] = []
    for lanes, most in (
        ((left_behind(host, moment),), limit),
        (delayed(host, moment), share),
        ((oldest(host),), share),
        ((newest(host),), limit),
        (delayed(host, moment), limit),
    ):
        free = min(most, limit - len(taken))
        for lane in lanes:
            if free > 0:
                found = _locked(connection, lane.where(pushes.c.id.not_in(taken)), free)
                taken += found
                free -= len(found)
    return taken, worn


def read_in_order(connection: Connection) -> None:
    """Have PostgreSQL read indexes in their order for the rest of a transaction.

    Pushes go through states in which few are at a time.  A scan that makes a bitmap of such a
    range first wades each time through the traces of all that was ever in it, until they are
    vacuumed; one in order marks them as dead for the next.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(text("SET LOCAL enable_bitmapscan = off"))


def left_behind(host: str, moment: datetime, *, is_worn: bool = False) -> Select[Any]:
    """Return the query for what a process had in hand when it died; few are in hand at a time.

    Args:
        host: name of the site.
        moment: now, by the ledger's clock.
        is_worn: rather those that may not be begun any more, for that has come too often.
    """
    attempts = pushes.c.attempts
    often = attempts >= MAX_BEGUN if is_worn else attempts < MAX_BEGUN
    return (
        _of(host, PushState.SCANNING)
        .where(is_over(pushes.c.lease_until, moment), often)
        .order_by(pushes.c.due_at, pushes.c.happened_at)
    )


def delayed(host: str, moment: datetime) -> Iterator[Select[Any]]:
    """Yield the queries for what was to wait until now: failed, or given back.

    What is to wait longer than anything ever is was written before the clock was set back.
    """
    due = pushes.c.due_at
    for state in (PushState.FAILED, PushState.SEEN):
        for is_due in (due <= moment, due > moment + LONGEST_DELAY):
            yield _of(host, state).where(is_due).order_by(due)


def oldest(host: str) -> Select[Any]:
    """Return the query for what may be begun at once, the oldest first."""
    return _fresh(host).order_by(pushes.c.due_at, pushes.c.happened_at)


def newest(host: str) -> Select[Any]:
    """Return the query for what may be begun at once, the newest first.

    ``due_at`` is null in all of them; that it is named lets PostgreSQL read the index in order.
    """
    return _fresh(host).order_by(pushes.c.due_at.desc(), pushes.c.happened_at.desc())


def waiting(host: str) -> Iterator[Select[Any]]:
    """Yield the queries for all that waits: what may be begun at once, and what is to wait."""
    yield _fresh(host)
    for state in (PushState.FAILED, PushState.SEEN):
        yield _of(host, state).where(pushes.c.due_at.is_not(None))


def _fresh(host: str) -> Select[Any]:
    return _of(host, PushState.SEEN).where(pushes.c.due_at.is_(None))


def _locked(connection: Connection, lane: Select[Any], limit: int) -> list[int]:
    """Lock the first of a lane, but for what somebody else has locked."""
    return list(connection.scalars(lane.limit(limit).with_for_update(skip_locked=True)))


def _of(host: str, state: PushState) -> Select[Any]:
    return select(pushes.c.id).where(pushes.c.host == host, pushes.c.state == state)

"""Which pushes were not read whole although somebody may still be able to read them.

The same notion as that of a watch's reasons (cli/watch_reasons.py), for the rows of the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, literal, or_, select, tuple_

from leakscan.ledger.hour_tables import push_hours
from leakscan.ledger.prune import hour_of
from leakscan.ledger.push_tables import pushes
from leakscan.push import PushState
from leakscan.trouble import NOTHING_TO_SEE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import ColumnElement, RowMapping, Table

    from leakscan.ledger.engine import Ledger

_PAGE = 1000
_ORDER = (pushes.c.seen_at, pushes.c.happened_at, pushes.c.id)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A push that was not read whole; its texts are strangers', redacted.

    Attributes:
        state: scanned (in part), skipped, failed or gave-up.
        trouble: why, in one word, if it is known.
        why: the same in a sentence, likewise.
        due_at: when it is tried again; ``None`` for never.
        findings: the most that one look had.
        The others are as in `leakscan.push.Push`, and the columns of ``pushes``.
    """

    kind: str
    host: str
    repository: str
    ref: str
    head: str | None
    happened_at: datetime
    seen_at: datetime
    feed: str
    state: PushState
    trouble: str | None
    why: str | None
    via: str | None
    attempts: int
    due_at: datetime | None
    findings: int


def is_left_out(table: Table) -> ColumnElement[bool]:
    """Return the condition for it.

    Args:
        table: ``pushes``, or their sums by the hour.
    """
    state, trouble = table.c.state, table.c.trouble
    return or_(
        state.in_((PushState.FAILED, PushState.GAVE_UP)),
        and_(state == PushState.SCANNED, table.c.is_partial),
        and_(state == PushState.SKIPPED, or_(trouble.is_(None), trouble.not_in(NOTHING_TO_SEE))),
    )


def left_out(ledger: Ledger, since: datetime, until: datetime) -> Iterator[LeftOut]:
    """Yield those of which feeds first told from ``since`` until before ``until``.

    Those told of last first.  However many they are, few are in memory; each page is a transaction,
    so that whoever reads slowly stands in nobody's way.

    Raises:
        LeakscanError: the database failed.
    """
    columns = [pushes.c[one.name] for one in fields(LeftOut)]
    query = select(pushes.c.id, *columns).where(
        pushes.c.seen_at >= since, pushes.c.seen_at < until, is_left_out(pushes)
    )
    query = query.order_by(*(column.desc() for column in _ORDER)).limit(_PAGE)
    page = query
    while True:
        with ledger.reading() as connection:
            rows = connection.execute(page).mappings().all()
            some = [_of(row) for row in rows]
        yield from some
        if len(rows) < _PAGE:
            return
        last = [literal(rows[-1][column], column.type) for column in _ORDER]
        # The first of the two lets the database begin there in its index.
        page = query.where(pushes.c.seen_at <= last[0], tuple_(*_ORDER) < tuple_(*last))


def count_left_out(ledger: Ledger, since: datetime, until: datetime) -> int:
    """Count those of which feeds first told from ``since`` until before ``until``.

    Raises:
        LeakscanError: the database failed.
    """
    query = select(func.count()).where(
        pushes.c.seen_at >= since, pushes.c.seen_at < until, is_left_out(pushes)
    )
    with ledger.reading() as connection:
        return int(connection.execute(query).scalar_one())


def left_out_by_hour(ledger: Ledger, since: datetime, until: datetime) -> int:
    """Count those of that time of which nothing is known any more but sums by the hour.

    Raises:
        LeakscanError: the database failed.
    """
    hour = push_hours.c.hour
    query = select(func.coalesce(func.sum(push_hours.c.pushes), 0)).where(
        hour >= hour_of(since), hour < until, is_left_out(push_hours)
    )
    with ledger.reading() as connection:
        return int(connection.execute(query).scalar_one())


def _of(row: RowMapping) -> LeftOut:
    values = {one.name: row[one.name] for one in fields(LeftOut)}
    return LeftOut(**values | {"state": PushState(values["state"])})

"""Turn old pushes and polls into sums by the hour, so that a watch of years fits on a disk.

A push is known again only while its row is there: keep them for as long as a feed may tell of it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from leakscan.ledger.hour_tables import lag_hours, poll_hours, push_hours, told_hours
from leakscan.ledger.push_tables import COSTS, polls, pushes
from leakscan.ledger.tables import insert_into

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection, RowMapping, Select, Table

    from leakscan.ledger.engine import Ledger

KEPT = timedelta(days=30)
"""How far GitHub's feeds reach back.
Source: https://docs.github.com/en/rest/activity/events"""

_PAGE = 1000
_PUSH_KEY = ("host", "kind", "feed", "state", "trouble", "via", "is_partial")
_PUSH_SUMS = (*COSTS, "findings")
_POLL_SUMS = ("read", "repeated", "malformed", "pushes", "fresh", "requests")
_TOLD_KEY = ("by_feed", "by_list", "by_archive")


def prune(ledger: Ledger, before: datetime) -> int:
    """Count and delete the pushes that were ended, and the polls, of which we know since long.

    Each page is one transaction, between which others get theirs.  What waits is kept.

    Args:
        ledger: where they are.
        before: those that were seen, or made, before.

    Returns:
        How many pushes and polls were deleted.

    Raises:
        LeakscanError: the database failed; what was deleted is counted.
    """
    old_pushes = select(pushes).where(pushes.c.ended_at.is_not(None), pushes.c.seen_at < before)
    old_polls = select(polls).where(polls.c.at < before)
    count = _prune(ledger, old_pushes.order_by(pushes.c.seen_at), _total_pushes, pushes)
    return count + _prune(ledger, old_polls.order_by(polls.c.at), _total_polls, polls)


def hour_of(moment: datetime) -> datetime:
    """Return the start of the hour, in UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def coarse(seconds: int) -> int:
    """Return a number to its first two digits: at most 5 % off, and few different ones."""
    unit = int(10 ** max(0, len(str(seconds)) - 2))
    return (seconds + unit // 2) // unit * unit


def _prune(
    ledger: Ledger,
    old: Select[Any],
    total: Callable[[Connection, Sequence[RowMapping]], None],
    table: Table,
) -> int:
    count = 0
    while True:
        with ledger.writing() as connection:
            page = old.limit(_PAGE).with_for_update(skip_locked=True)
            rows = connection.execute(page).mappings().all()
            total(connection, rows)
            connection.execute(delete(table).where(table.c.id.in_([row["id"] for row in rows])))
        count += len(rows)
        if len(rows) < _PAGE:
            return count


def _total_pushes(connection: Connection, rows: Sequence[RowMapping]) -> None:
    sums, lags, told = _Sums(), _Sums(), _Sums()
    for row in rows:
        hour = hour_of(row["seen_at"])
        key = ("" if row[name] is None else row[name] for name in _PUSH_KEY)
        sums.add((hour, *key), {"pushes": 1} | {name: row[name] for name in _PUSH_SUMS})
        for until in ("seen", "ended"):
            seconds = row[f"{until}_lag"]
            if seconds is not None:
                lags.add((hour, until, coarse(seconds)), {"pushes": 1})
        tellers = (row[name] for name in _TOLD_KEY)
        told.add((hour_of(row["happened_at"]), *tellers), {"pushes": 1})
    sums.store(connection, push_hours, ("hour", *_PUSH_KEY))
    lags.store(connection, lag_hours, ("hour", "until", "seconds"))
    told.store(connection, told_hours, ("hour", *_TOLD_KEY))


def _total_polls(connection: Connection, rows: Sequence[RowMapping]) -> None:
    sums = _Sums()
    for row in rows:
        values = {"polls": 1, "failed": int(row["has_failed"]), "gaps": int(row["is_gap"])}
        key = (hour_of(row["at"]), row["feed"])
        sums.add(key, values | {name: row[name] for name in _POLL_SUMS})
    sums.store(connection, poll_hours, ("hour", "feed"))


class _Sums:
    """Sums of numbers by a key."""

    def __init__(self) -> None:
        self._sums: dict[tuple[Any, ...], dict[str, int]] = {}

    def add(self, key: tuple[Any, ...], values: Mapping[str, int]) -> None:
        """Add numbers to those of a key."""
        known = self._sums.setdefault(key, dict.fromkeys(values, 0))
        for name, value in values.items():
            known[name] += value

    def store(self, connection: Connection, table: Table, key: Sequence[str]) -> None:
        """Add all to the rows of a table; in one order for all, so that none wait in a circle."""
        rows = [
            dict(zip(key, values, strict=True)) | sums
            for values, sums in sorted(self._sums.items(), key=lambda item: item[0])
        ]
        if not rows:
            return
        insert = insert_into(connection, table)
        numbers = [name for name in rows[0] if name not in key]
        more = {name: table.c[name] + insert.excluded[name] for name in numbers}
        upsert = insert.on_conflict_do_update(
            index_elements=[table.c[name] for name in key], set_=more
        )
        connection.execute(upsert, rows)

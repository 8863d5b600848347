"""What a watch has and has not looked at in some time, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, case, cast, func, select

from leakscan.ledger.batches import in_batches
from leakscan.ledger.fates import Fates
from leakscan.ledger.hour_tables import lag_hours, poll_hours, push_hours, told_hours
from leakscan.ledger.prune import hour_of
from leakscan.ledger.push_tables import polls, pushes
from leakscan.ledger.shares import Lag, Share, lag_of, share_of
from leakscan.ledger.watched import Watched, watched
from leakscan.push import PushState
from leakscan.storage import StrangeRowError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import Column, ColumnElement, Connection, Row, Select

    from leakscan.ledger.engine import Ledger


@dataclass(frozen=True, slots=True)
class PollSums:
    """What polls of feeds have brought; the columns of ``poll_hours`` say what each is."""

    polls: int = 0
    failed: int = 0
    read: int = 0
    repeated: int = 0
    malformed: int = 0
    pushes: int = 0
    fresh: int = 0
    requests: int = 0
    gaps: int = 0


@dataclass(frozen=True, slots=True)
class Costs:
    """What looking at pushes took and brought; the columns of ``pushes`` say what each is."""

    objects: int = 0
    bytes: int = 0
    received: int = 0
    git_requests: int = 0
    api_requests: int = 0
    findings: int = 0


@dataclass(frozen=True, slots=True)
class FeedTrouble:
    """Why a feed could not be asked, or not be read to its end, when that was so last.

    Attributes:
        at: when that was.
        why: in a sentence, redacted.
        is_over: whether it has answered since.
    """

    at: datetime
    why: str
    is_over: bool


@dataclass(frozen=True, slots=True)
class WatchCoverage:
    """What was and was not looked at, of the pushes that feeds first told of in some time.

    Attributes:
        since, until: that time; of what was pruned, whole hours.
        total: what became of all of them.
        by_kind, by_feed: the same by kind of push, and by the feed that told first.
        by_via: how many were last looked at by ``git`` and by ``api``.
        costs: all attempts together, also later ones.
        seen_lag: from a push until we were told.
        ended_lag: from a push until it was scanned.  Neither counts what an archive told first.
        watched: the findings that watches have seen in that time.
        polls: by feed, of the polls in that time.
        troubles: by feed that has failed in that time, the last failure; of what was pruned it is
            not known any more.
        of_archive: the share of the pushes that happened in that time and that archives know,
            which live feeds told of as well; ``None`` if one of them knows nothing.
        of_list: the share of those that the watch list's feeds told of, which the public feed
            told of as well; ``None`` likewise.
    """

    since: datetime
    until: datetime
    total: Fates
    by_kind: Mapping[str, Fates]
    by_feed: Mapping[str, Fates]
    by_via: Mapping[str, int]
    costs: Costs
    seen_lag: Lag | None
    ended_lag: Lag | None
    watched: Watched
    polls: Mapping[str, PollSums]
    troubles: Mapping[str, FeedTrouble]
    of_archive: Share | None
    of_list: Share | None


def coverage(ledger: Ledger, since: datetime, until: datetime) -> WatchCoverage:
    """Sum up a time, from ``since`` until before ``until``.

    Raises:
        LeakscanError: the database failed.
    """
    with ledger.reading() as connection:
        time = _Time(connection, since, until)
        total, by_kind, by_feed, by_via, costs = _fates(time)
        return WatchCoverage(
            since=since,
            until=until,
            total=total,
            by_kind=by_kind,
            by_feed=by_feed,
            by_via=by_via,
            costs=costs,
            seen_lag=_lag(time, "seen", pushes.c.seen_lag),
            ended_lag=_lag(time, "ended", pushes.c.ended_lag),
            watched=watched(connection, since, until),
            polls=_polls(time),
            troubles=_troubles(time),
            **_shares(time),
        )


@dataclass(frozen=True, slots=True)
class _Time:
    """A time to sum up; what was pruned is known by the hour only."""

    connection: Connection
    since: datetime
    until: datetime

    def rows(self, query: Select[*tuple[Any, ...]], moment: Column[datetime]) -> Iterable[Any]:
        """Ask for what is dated in this time, or in hours of it."""
        start = hour_of(self.since) if moment.name == "hour" else self.since
        return self.connection.execute(query.where(moment >= start, moment < self.until))


def _fates(
    time: _Time,
) -> tuple[Fates, dict[str, Fates], dict[str, Fates], dict[str, int], Costs]:
    total, costs = Fates(), Costs()
    by_kind: dict[str, Fates] = {}
    by_feed: dict[str, Fates] = {}
    by_via: Counter[str] = Counter()
    names = [one.name for one in fields(Costs)]
    for table, moment, number in (
        (pushes, pushes.c.seen_at, func.count()),
        (push_hours, push_hours.c.hour, _sum(push_hours.c.pushes)),
    ):
        key = [table.c[name] for name in ("kind", "feed", "state", "trouble", "via", "is_partial")]
        sums = [_sum(table.c[name]) for name in names]
        for row in time.rows(select(*key, number, *sums).group_by(*key), moment):
            kind, feed, state, trouble, via, is_partial, count, *spent = row
            some = (total, by_kind.setdefault(kind, Fates()), by_feed.setdefault(feed, Fates()))
            for fates in some:
                fates.add(_state(state), trouble or "", count, is_partial=is_partial)
            if via:
                by_via[via] += count
            values = zip(names, spent, strict=True)
            costs = Costs(**{name: getattr(costs, name) + value for name, value in values})
    return total, by_kind, by_feed, dict(by_via), costs


def _lag(time: _Time, until: str, column: Column[int]) -> Lag | None:
    """Sum up lags: to the second of what is still there, to two digits of what was pruned."""
    live = select(column, func.count()).where(column.is_not(None)).group_by(column)
    old = select(lag_hours.c.seconds, _sum(lag_hours.c.pushes))
    old = old.where(lag_hours.c.until == until).group_by(lag_hours.c.seconds)
    counts: Counter[int] = Counter()
    for query, moment in ((live, pushes.c.seen_at), (old, lag_hours.c.hour)):
        for seconds, count in time.rows(query, moment):
            counts[seconds] += count
    return lag_of(counts)


def _polls(time: _Time) -> dict[str, PollSums]:
    names = [one.name for one in fields(PollSums)]
    counted = {
        "polls": func.count(),
        "failed": _sum(case((polls.c.has_failed, 1), else_=0)),
        "gaps": _sum(case((polls.c.is_gap, 1), else_=0)),
    }
    live = [counted[name] if name in counted else _sum(polls.c[name]) for name in names]
    old = [_sum(poll_hours.c[name]) for name in names]
    sums: dict[str, PollSums] = {}
    for table, moment, columns in (
        (polls, polls.c.at, live),
        (poll_hours, poll_hours.c.hour, old),
    ):
        query = select(table.c.feed, *columns).group_by(table.c.feed)
        for feed, *values in time.rows(query, moment):
            known = sums.get(feed, PollSums())
            pairs = zip(names, values, strict=True)
            sums[feed] = PollSums(**{name: getattr(known, name) + value for name, value in pairs})
    return sums


def _troubles(time: _Time) -> dict[str, FeedTrouble]:
    latest = select(polls.c.feed, func.max(polls.c.id).label("id")).group_by(polls.c.feed)
    last = {row.feed: row.id for row in time.rows(latest, polls.c.at)}
    failures = latest.where(polls.c.why.is_not(None))
    numbers = {row.feed: row.id for row in time.rows(failures, polls.c.at)}
    query = select(polls.c.id, polls.c.at, polls.c.why)
    rows: dict[int, Row[Any]] = {}
    for some in in_batches(sorted(numbers.values())):
        found = time.connection.execute(query.where(polls.c.id.in_(some)))
        rows |= {row.id: row for row in found}
    return {
        feed: FeedTrouble(rows[number].at, rows[number].why, last[feed] != number)
        for feed, number in numbers.items()
    }


def _shares(time: _Time) -> dict[str, Share | None]:
    """Estimate shares, where both sides know something of the time."""
    live = archive = live_of_archive = listed = public = public_of_list = 0
    for table, moment, number in (
        (pushes, pushes.c.happened_at, func.count()),
        (told_hours, told_hours.c.hour, _sum(told_hours.c.pushes)),
    ):
        key = (table.c.by_feed, table.c.by_list, table.c.by_archive)
        rows = time.rows(select(*key, number).group_by(*key), moment)
        for by_feed, by_list, by_archive, count in rows:
            live += count * (by_feed or by_list)
            archive += count * by_archive
            live_of_archive += count * (by_archive and (by_feed or by_list))
            public += count * by_feed
            listed += count * by_list
            public_of_list += count * (by_list and by_feed)
    return {
        "of_archive": share_of(archive, live_of_archive) if live else None,
        "of_list": share_of(listed, public_of_list) if public else None,
    }


def _sum(column: ColumnElement[int]) -> ColumnElement[int]:
    """Return a sum as a whole number; PostgreSQL's would be a decimal one."""
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def _state(word: str) -> PushState:
    try:
        return PushState(word)
    except ValueError:
        raise StrangeRowError from None

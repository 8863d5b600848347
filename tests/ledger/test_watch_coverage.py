"""The figures of coverage are those that counting by hand gives."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, text

from leakscan.errors import LeakscanError
from leakscan.ledger.coverage import WatchCoverage, coverage
from leakscan.ledger.feeds import Feeds, PollNote
from leakscan.ledger.hour_tables import lag_hours, push_hours, told_hours
from leakscan.ledger.prune import coarse, prune
from leakscan.ledger.push_queue import PushQueue
from leakscan.ledger.push_tables import pushes
from leakscan.ledger.schema import open_ledger
from leakscan.ledger.shares import lag_of, share_of
from leakscan.push import PushKind, PushState
from leakscan.trouble import Trouble
from pushes import BUSY, HOST, NOON, SCANNED, a_push, look_at_all, some_pushes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.ledger.engine import Ledger
    from ledgers import Desk

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
COSTS = ("objects", "bytes", "received", "git_requests", "api_requests", "findings")
ENDED = ("scanned", "skipped", "gave-up")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """Give one ledger for all examples; each begins with an empty one."""
    ledger = open_ledger(str(tmp_path_factory.mktemp("shared") / "ledger.sqlite3"))
    yield ledger
    ledger.close()


def empty(ledger: Ledger) -> None:
    with ledger.writing() as connection:
        for table in (pushes, push_hours, lag_hours, told_hours):
            connection.execute(delete(table))


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw rows of pushes within a few hours."""
    count = draw(st.integers(0, 12))
    return [a_row(draw, number) for number in range(count)]


def a_row(draw: st.DrawFn, number: int) -> dict[str, Any]:
    push = a_push(number)
    moments = st.integers(0, 4 * 3600).map(lambda seconds: NOON + timedelta(seconds=seconds))
    state = draw(st.sampled_from(list(PushState)))
    feed = draw(st.sampled_from(["events", "org:acme", "archive:x", "search"]))
    is_live = feed in ("events", "org:acme")
    is_scanned = state is PushState.SCANNED
    lags = st.integers(0, 10**6)
    return {
        "identity": push.identity,
        "kind": draw(st.sampled_from(list(PushKind))).value,
        **{name: getattr(push, name) for name in ("host", "repository_id", "repository", "ref")},
        "happened_at": draw(moments),
        "seen_at": draw(moments),
        "feed": feed,
        "by_feed": draw(st.booleans()),
        "by_list": draw(st.booleans()),
        "by_archive": draw(st.booleans()),
        "state": state.value,
        "attempts": 1,
        "ended_at": NOON if state.value in ENDED else None,
        "via": draw(st.sampled_from([None, "git", "api"])),
        "trouble": draw(st.sampled_from([None, *[trouble.value for trouble in Trouble]])),
        "is_partial": is_scanned and draw(st.booleans()),
        **{name: draw(st.integers(0, 1 << 40)) for name in COSTS[:-1]},
        "findings": draw(st.integers(0, 3)),
        "seen_lag": draw(lags) if is_live else None,
        "ended_lag": draw(lags) if is_live and is_scanned else None,
    }


def fate(row: dict[str, Any]) -> tuple[str, str]:
    """Name what became of a push, and why, in the words of `Fates`."""
    trouble = row["trouble"] or "unknown"
    names = {"skipped": "skipped", "failed": "failed", "gave-up": "gave_up"}
    if row["state"] in names:
        return names[row["state"]], trouble
    if row["is_partial"]:
        return "partial", trouble
    return {"scanned": "whole", "seen": "waiting", "scanning": "in_hand"}[row["state"]], ""


def recount(some: list[dict[str, Any]]) -> dict[str, Any]:
    """Count fates as `Fates` does, by hand."""
    counted = Counter(fate(row) for row in some)
    result: dict[str, Any] = dict.fromkeys(("whole", "waiting", "in_hand"), 0)
    result |= {name: {} for name in ("partial", "skipped", "failed", "gave_up")}
    for (name, trouble), count in counted.items():
        if trouble:
            result[name][trouble] = count
        else:
            result[name] = count
    return result


def check(found: WatchCoverage, some: list[dict[str, Any]], pruned: list[dict[str, Any]]) -> None:
    """Compare coverage with rows, some of which were pruned before."""
    assert asdict(found.total) == recount(some)
    assert found.total.seen == len(some)
    assert found.total.scanned == sum(row["state"] == "scanned" for row in some)
    for kind in {row["kind"] for row in some}:
        assert asdict(found.by_kind[kind]) == recount([r for r in some if r["kind"] == kind])
    for feed in {row["feed"] for row in some}:
        assert asdict(found.by_feed[feed]) == recount([r for r in some if r["feed"] == feed])
    assert found.by_via == Counter(row["via"] for row in some if row["via"])
    assert asdict(found.costs) == {name: sum(row[name] for row in some) for name in COSTS}
    for lag, name in ((found.seen_lag, "seen_lag"), (found.ended_lag, "ended_lag")):
        values = sorted(
            coarse(row[name]) if row in pruned else row[name]
            for row in some
            if row[name] is not None
        )
        if not values:
            assert lag is None
            continue
        assert lag
        ranks = [math.ceil(share * len(values)) - 1 for share in (0.5, 0.95)]
        expected = [values[rank] for rank in ranks]
        assert [lag.pushes, lag.median, lag.p95, lag.longest] == [
            len(values),
            *expected,
            values[-1],
        ]


@settings(max_examples=60)
@given(histories(), st.integers(0, 4), st.integers(0, 4), st.integers(0, 4))
def test_it_is_what_counting_by_hand_gives(
    shared: Ledger, history: list[dict[str, Any]], begin: int, end: int, cut: int
) -> None:
    since, until, before = (NOON + number * HOUR for number in (begin, end, cut))
    empty(shared)
    if history:
        with shared.writing() as connection:
            connection.execute(insert(pushes), history)
    some = [row for row in history if since <= row["seen_at"] < until]
    told = [row for row in history if since <= row["happened_at"] < until]
    check(coverage(shared, since, until), some, [])
    check_shares(coverage(shared, since, until), told)
    pruned = [row for row in history if row["seen_at"] < before and row["state"] in ENDED]
    assert prune(shared, before) == len(pruned)
    check(coverage(shared, since, until), some, pruned)
    check_shares(coverage(shared, since, until), told)


def check_shares(found: WatchCoverage, told: list[dict[str, Any]]) -> None:
    live = [row for row in told if row["by_feed"] or row["by_list"]]
    archived = [row for row in told if row["by_archive"]]
    if live and archived:
        assert found.of_archive
        assert found.of_archive.known == len(archived)
        assert found.of_archive.told == sum(row in live for row in archived)
    else:
        assert found.of_archive is None
    public = [row for row in told if row["by_feed"]]
    listed = [row for row in told if row["by_list"]]
    if public and listed:
        assert found.of_list
        assert found.of_list.told == sum(row["by_feed"] for row in listed)
        assert found.of_list.share == found.of_list.told / len(listed)
    else:
        assert found.of_list is None


def test_of_nothing_nothing_is_said(desk: Desk) -> None:
    found = coverage(desk.ledger, NOON, NOON + DAY)
    assert found.total.seen == 0
    assert (found.by_kind, found.by_feed, found.by_via, found.polls) == ({}, {}, {}, {})
    assert (found.seen_lag, found.ended_lag, found.of_archive, found.of_list) == (None,) * 4


def test_it_counts_what_was_told_in_that_time(desk: Desk) -> None:
    queue = PushQueue(desk.ledger, HOST)
    queue.add(some_pushes(8))
    look_at_all(queue, SCANNED, 1)
    start = desk.now()
    queue.add([a_push(number) for number in range(8, 12)])
    look_at_all(queue, BUSY)
    found = coverage(desk.ledger, start, desk.now() + HOUR)
    assert (found.total.seen, dict(found.total.failed)) == (4, {"busy": 4})
    found = coverage(desk.ledger, start - HOUR, start)
    assert (found.total.seen, found.total.whole, found.costs.findings) == (8, 8, 8)
    assert found.costs.received == 8 * 50


def test_polls_are_summed_by_feed(desk: Desk) -> None:
    feeds = Feeds(desk.ledger)
    for number, name in enumerate(("events", "events", "org:acme")):
        (claim,) = feeds.claim([name])
        note = PollNote(read=100, repeated=10, malformed=1, requests=3, is_gap=not number)
        feeds.note_poll(claim, note, timedelta(0), "1", some_pushes(4))
    (claim,) = feeds.claim(["org:acme"])
    feeds.note_poll(claim, PollNote(trouble=Trouble.REFUSED, requests=1), timedelta(0))
    span = (desk.now() - HOUR, desk.now() + HOUR)
    found = coverage(desk.ledger, *span).polls
    for _ in range(2):
        assert asdict(found["events"]) == {
            "polls": 2,
            "failed": 0,
            "read": 200,
            "repeated": 20,
            "malformed": 2,
            "pushes": 8,
            "fresh": 4,
            "requests": 6,
            "gaps": 1,
        }
        assert (found["org:acme"].polls, found["org:acme"].failed) == (2, 1)
        prune(desk.ledger, desk.now() + HOUR)
        found = coverage(desk.ledger, *span).polls


def test_the_share_of_the_feed_is_estimated_from_who_else_told(desk: Desk) -> None:
    queue = PushQueue(desk.ledger, HOST)
    told = some_pushes(100)
    queue.add(told[:40])
    queue.add([replace(push, feed="org:acme") for push in told[30:50]])
    assert coverage(desk.ledger, NOON, NOON + DAY).of_archive is None
    queue.add([replace(push, feed="archive:2026-11-27-12") for push in told])
    found = coverage(desk.ledger, NOON, NOON + DAY)
    assert found.of_archive
    assert found.of_list
    assert (found.of_archive.known, found.of_archive.told, found.of_archive.share) == (100, 50, 0.5)
    assert (found.of_list.known, found.of_list.told, found.of_list.share) == (20, 10, 0.5)
    assert found.of_list.low < found.of_archive.low < 0.5 < found.of_archive.high
    assert coverage(desk.ledger, NOON - DAY, NOON).of_archive is None


def test_chance_is_told_of() -> None:
    """Figures of Wilson's interval as https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval."""
    share = share_of(10, 10)
    assert share
    assert (round(share.low, 3), share.high) == (0.722, 1.0)
    share = share_of(100, 30)
    assert share
    assert (round(share.low, 3), round(share.high, 3)) == (0.219, 0.396)
    assert share_of(0, 0) is None


def test_lags_are_told_by_their_rank() -> None:
    lag = lag_of({1: 19, 100: 1})
    assert lag
    assert (lag.median, lag.p95, lag.longest, lag.pushes) == (1, 1, 100, 20)
    lag = lag_of({1: 9, 100: 10})
    assert lag
    assert (lag.median, lag.p95) == (100, 100)
    assert lag_of({}) is None


def test_a_time_in_any_zone_is_that_time(desk: Desk) -> None:
    queue = PushQueue(desk.ledger, HOST)
    queue.add([a_push()])
    moment = desk.now().astimezone()
    found = coverage(desk.ledger, moment - HOUR, moment + HOUR)
    assert found.total.seen == 1
    assert isinstance(found.since, datetime)
    assert found.since.astimezone(UTC) == moment.astimezone(UTC) - HOUR


def test_what_leakscan_never_writes_is_one_clear_line(desk: Desk) -> None:
    PushQueue(desk.ledger, HOST).add([a_push()])
    with desk.ledger.writing() as connection:
        connection.execute(text("UPDATE pushes SET state = 'lost'"))
    with pytest.raises(LeakscanError, match="never writes"):
        coverage(desk.ledger, desk.now() - HOUR, desk.now() + HOUR)

"""What is pruned is still counted, and what is still needed is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from leakscan.ledger.coverage import WatchCoverage, coverage
from leakscan.ledger.feeds import Feeds, PollNote
from leakscan.ledger.hour_tables import lag_hours, poll_hours, push_hours, told_hours
from leakscan.ledger.prune import coarse, hour_of, prune
from leakscan.ledger.push_queue import PushQueue
from leakscan.ledger.push_tables import polls, pushes
from leakscan.push import Look, PushKind, PushState
from leakscan.trouble import Trouble
from ledgers import Desk
from pushes import BUSY, GONE, HOST, NOON, SCANNED, a_push, look_at_all, rows, some_pushes, states

DAY = timedelta(days=1)
PARTIAL = Look(PushState.SCANNED, Trouble.TOO_LONG, "more than 60 s", via="api", api_requests=4)


def all_time(desk: Desk) -> WatchCoverage:
    """Return the coverage of all time; of what is to come, nothing is known."""
    return coverage(desk.ledger, NOON - timedelta(days=9000), desk.now() + DAY)


def some_history(desk: Desk) -> None:
    """Have pushes of every fate, and polls."""
    queue, feeds = PushQueue(desk.ledger, HOST), Feeds(desk.ledger)
    told = [
        replace(push, feed=("events", "org:acme", "archive:x", "search")[number % 4])
        for number, push in enumerate(some_pushes(60))
    ]
    told[7] = replace(told[7], kind=PushKind.TAG, head=None, before=None)
    (claim,) = feeds.claim(["events"])
    note = PollNote(read=90, repeated=3, malformed=2, requests=3, is_gap=True)
    feeds.note_poll(claim, note, timedelta(0), "1", told)
    (claim,) = feeds.claim(["events"])
    feeds.note_poll(claim, PollNote(why="HTTP 500", requests=1), timedelta(0))
    queue.add([replace(push, feed="archive:y") for push in told[:20]])
    looks = (SCANNED, PARTIAL, GONE, BUSY, Look(PushState.SKIPPED))
    claims = queue.claim(50).claims
    queue.finish([(claim, looks[claim.id % 5], claim.id % 3) for claim in claims], None)
    queue.claim(3)


def test_the_sums_are_the_same_before_and_after(desk: Desk) -> None:
    some_history(desk)
    before = all_time(desk)
    assert before.total.seen == 60
    counts = PushQueue(desk.ledger, HOST).counts()
    ended = 50 - counts[PushState.FAILED]
    assert prune(desk.ledger, desk.now() + DAY) == ended + 2
    after = all_time(desk)
    assert sorted(set(states(desk.ledger))) == ["failed", "scanning", "seen"]
    lags = {"seen_lag": before.seen_lag, "ended_lag": before.ended_lag}
    # Why a feed did not answer is told of single polls, which are forgotten.
    assert replace(after, **lags) == replace(before, until=after.until, troubles={})
    for was, now in ((before.seen_lag, after.seen_lag), (before.ended_lag, after.ended_lag)):
        assert was
        assert now
        assert was.pushes == now.pushes
        assert now.median == pytest.approx(was.median, rel=0.05)
        assert now.longest == pytest.approx(was.longest, rel=0.05)


def test_what_is_pruned_twice_is_counted_once(desk: Desk) -> None:
    some_history(desk)
    before = all_time(desk)
    for _ in range(3):
        prune(desk.ledger, desk.now() + DAY)
    assert all_time(desk).total == before.total


def test_more_is_added_to_an_hour_that_was_pruned(desk: Desk) -> None:
    queue = PushQueue(desk.ledger, HOST)
    for start in range(3):
        queue.add([a_push(start)])
        look_at_all(queue, SCANNED, 1)
        assert prune(desk.ledger, desk.now() + DAY) == 1
    assert all_time(desk).total.whole == 3
    assert all_time(desk).costs.findings == 3
    with desk.ledger.reading() as connection:
        told = connection.execute(select(func.sum(told_hours.c.pushes))).scalar_one()
        rows_of_hours = connection.execute(select(push_hours)).all()
    assert told == 3
    assert len(rows_of_hours) <= 2  # if the hour has struck meanwhile


def test_what_is_young_or_not_ended_is_kept(desk: Desk) -> None:
    some_history(desk)
    before = rows(desk.ledger)
    assert prune(desk.ledger, desk.now() - DAY) == 0
    assert rows(desk.ledger) == before
    waiting = [row for row in before if row.state in ("seen", "scanning", "failed")]
    prune(desk.ledger, desk.now() + DAY)
    assert rows(desk.ledger) == waiting


def test_what_was_pruned_is_not_known_any_more(desk: Desk) -> None:
    queue = PushQueue(desk.ledger, HOST)
    queue.add([a_push()])
    look_at_all(queue, SCANNED)
    prune(desk.ledger, desk.now() + DAY)
    assert queue.add([a_push()]) == 1


def test_more_than_a_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leakscan.ledger.prune._PAGE", 7)
    some_history(desk)
    before = all_time(desk)
    prune(desk.ledger, desk.now() + DAY)
    assert all_time(desk).total == before.total
    with desk.ledger.reading() as connection:
        assert connection.execute(select(func.count()).select_from(polls)).scalar_one() == 0
        for table in (push_hours, lag_hours, told_hours, poll_hours):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() > 0


def test_pruning_reads_no_more_than_it_deletes(tmp_path) -> None:
    with Desk.open(str(tmp_path / "ledger.sqlite3"), tmp_path / "key") as desk:
        old = select(pushes.c.id).where(pushes.c.ended_at.is_not(None), pushes.c.seen_at < NOON)
        query = old.order_by(pushes.c.seen_at).limit(5)
        with desk.ledger.reading() as connection:
            text = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
            plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all())
    assert "ix_pushes_seen_at" in plan
    assert "B-TREE" not in plan


@given(st.integers(0, 10**12))
def test_a_coarse_number_is_close_and_stays_as_it_is(seconds: int) -> None:
    assert abs(coarse(seconds) - seconds) <= seconds * 0.05
    assert coarse(coarse(seconds)) == coarse(seconds)
    assert coarse(seconds) < 100 or len(str(coarse(seconds)).rstrip("0")) <= 2


def test_coarse_numbers_keep_their_order() -> None:
    made = [coarse(seconds) for seconds in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) < 300


def test_hours_are_those_of_utc() -> None:
    from datetime import datetime, timezone

    kathmandu = timezone(timedelta(hours=5, minutes=45))
    assert hour_of(datetime(2026, 1, 1, 5, 50, 9, 7, kathmandu)) == datetime.fromisoformat(
        "2026-01-01T00:00:00Z"
    )

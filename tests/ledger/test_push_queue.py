"""Pushes are handed out to one process at a time, and end in one of their states."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from leakscan.ledger import push_lanes
from leakscan.ledger.push_outcomes import MAX_ATTEMPTS
from leakscan.ledger.push_queue import PushQueue
from leakscan.ledger.runs import start_run
from leakscan.ledger.schema import open_ledger
from leakscan.model import Skip
from leakscan.push import Look, PushState
from leakscan.trouble import Trouble
from pushes import (
    BUSY,
    GONE,
    NOON,
    SCANNED,
    a_push,
    look_at_all,
    pass_time,
    rows,
    some_pushes,
    states,
)

if TYPE_CHECKING:
    from ledgers import Desk

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def queue(desk: Desk) -> PushQueue:
    return PushQueue(desk.ledger)


def numbers(claims: list) -> list[int]:
    """Return which of `some_pushes` were claimed."""
    return [claim.push.repository_id - 1 for claim in claims]


def in_order(claims: list) -> list:
    """Return claims in the order of `some_pushes`."""
    return sorted(claims, key=lambda claim: claim.push.repository_id)


def test_what_is_claimed_is_nobody_elses(queue: PushQueue) -> None:
    queue.add(some_pushes(3))
    mine, theirs = queue.claim(2), queue.claim(9)
    assert sorted(numbers(mine + theirs)) == [0, 1, 2]
    assert [claim.attempts for claim in mine + theirs] == [1, 1, 1]
    assert queue.claim(9) == []
    assert queue.claim(0) == []
    assert states(queue.ledger) == ["scanning"] * 3


def test_the_newest_come_first_and_a_share_are_the_oldest(queue: PushQueue) -> None:
    queue.add(some_pushes(100))
    assert numbers(queue.claim(8)) == [0, 1, *range(99, 93, -1)]
    assert numbers(queue.claim(4)) == [2, 93, 92, 91]


def test_one_at_a_time_the_oldest_have_their_share_too(
    queue: PushQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_lanes, "random", random.Random(0))  # noqa: S311 - the same every time
    queue.add(some_pushes(400))
    oldest = sum(numbers(queue.claim(1))[0] < 200 for _ in range(100))
    assert 15 <= oldest <= 35


def test_what_is_to_be_tried_again_has_a_share_among_the_new(queue: PushQueue) -> None:
    queue.add(some_pushes(40))
    failing = queue.claim(20)
    queue.finish([(claim, BUSY, 0) for claim in failing], None)
    pass_time(queue.ledger, DAY)
    claims = queue.claim(8)
    assert [claim.attempts for claim in claims] == [2, 2, 1, 1, 1, 1, 1, 1]
    assert len(queue.claim(100)) == 32


def test_what_a_dead_process_held_is_free_when_its_lease_ends(queue: PushQueue) -> None:
    queue.add(some_pushes(2))
    queue.claim(9)
    pass_time(queue.ledger, timedelta(seconds=50))
    assert queue.claim(9) == []
    pass_time(queue.ledger, timedelta(seconds=20))
    assert [claim.attempts for claim in queue.claim(9)] == [2, 2]


def test_a_queue_that_is_opened_again_is_the_same(url: str) -> None:
    ledger = open_ledger(url)
    queue = PushQueue(ledger)
    queue.add(some_pushes(3))
    queue.finish([(claim, SCANNED, 0) for claim in queue.claim(1)], None)
    (held,) = queue.claim(1)
    ledger.close()
    queue = PushQueue(open_ledger(url))
    assert sorted(states(queue.ledger)) == ["scanned", "scanning", "seen"]
    assert queue.finish([(held, SCANNED, 0)], None) == 1  # a claim outlives a connection
    assert len(queue.claim(9)) == 1
    queue.ledger.close()


def test_a_lease_that_is_renewed_lasts(queue: PushQueue) -> None:
    queue.add(some_pushes(2))
    claims = queue.claim(9)
    pass_time(queue.ledger, timedelta(seconds=50))
    assert queue.renew(claims[:1]) == claims[:1]
    assert queue.renew([]) == []
    pass_time(queue.ledger, timedelta(seconds=50))
    assert numbers(queue.claim(9)) == numbers(claims[1:])


def test_who_has_lost_a_claim_changes_nothing(queue: PushQueue) -> None:
    queue.add(some_pushes(1))
    lost = queue.claim(1)
    pass_time(queue.ledger, 2 * MINUTE)
    queue.claim(1)
    before = rows(queue.ledger)
    assert queue.renew(lost) == []
    assert queue.finish([(lost[0], SCANNED, 1)], None) == 0
    queue.release(lost)
    assert rows(queue.ledger) == before


def test_what_is_given_back_was_not_attempted(queue: PushQueue) -> None:
    queue.add(some_pushes(2))
    queue.release(queue.claim(1), timedelta(seconds=10))
    queue.release(queue.claim(1))
    queue.release([])
    assert states(queue.ledger) == ["seen", "seen"]
    (claim,) = queue.claim(9)
    assert claim.attempts == 1
    pass_time(queue.ledger, timedelta(seconds=20))
    assert [claim.attempts for claim in queue.claim(9)] == [1]


def test_what_had_failed_and_is_given_back_has_still_failed(queue: PushQueue) -> None:
    queue.add(some_pushes(1))
    look_at_all(queue, BUSY)
    pass_time(queue.ledger, DAY)
    for delay in (timedelta(0), MINUTE):
        queue.release(queue.claim(1), delay)
        assert states(queue.ledger) == ["failed"]
    pass_time(queue.ledger, 2 * MINUTE)
    (claim,) = queue.claim(1)
    assert claim.attempts == 2


def test_what_was_read_is_written_down(desk: Desk, queue: PushQueue) -> None:
    run = start_run(desk.ledger, "public pushes of github.com", None, "check")
    queue.add([a_push()])
    (claim,) = queue.claim(1)
    look = Look(
        PushState.SCANNED, via="api", objects=3, bytes=5, received=7, git_requests=1, api_requests=2
    )
    assert queue.finish([(claim, look, 2)], run) == 1
    (row,) = rows(desk.ledger)
    assert (row.state, row.via, row.trouble, row.why) == ("scanned", "api", None, None)
    assert (row.objects, row.bytes, row.received) == (3, 5, 7)
    assert (row.git_requests, row.api_requests, row.findings, row.run_id) == (1, 2, 2, run)
    assert (row.is_partial, row.ticket, row.lease_until, row.due_at) == (False, None, None, None)
    assert row.seen_at <= row.ended_at
    assert 0 <= row.ended_lag - (row.ended_at - row.happened_at).total_seconds() + 1 <= 2
    assert queue.claim(9) == []


@pytest.mark.parametrize(
    "look",
    [
        Look(PushState.SCANNED, Trouble.TOO_LARGE, "more than 100 MB"),
        Look(PushState.SCANNED, skipped=(Skip("object 12", "it is damaged"),)),
    ],
)
def test_what_was_not_read_whole_says_so(queue: PushQueue, look: Look) -> None:
    queue.add([a_push()])
    look_at_all(queue, look)
    (row,) = rows(queue.ledger)
    assert (row.state, row.is_partial, row.why) == ("scanned", True, look.why)


@pytest.mark.parametrize("state", [PushState.SKIPPED, PushState.FAILED])
def test_what_is_gone_is_skipped_for_good(queue: PushQueue, state: PushState) -> None:
    queue.add([a_push()])
    look_at_all(queue, Look(state, Trouble.GONE, "HTTP 404"))
    (row,) = rows(queue.ledger)
    assert (row.state, row.trouble, row.why, row.is_partial) == (
        "skipped",
        "gone",
        "HTTP 404",
        False,
    )
    assert row.ended_at
    assert row.ended_lag is None
    pass_time(queue.ledger, DAY)
    assert queue.claim(9) == []


@pytest.mark.parametrize("trouble", [Trouble.BUSY, Trouble.UNREACHABLE, Trouble.BROKEN, None])
def test_what_may_pass_is_tried_again_for_about_a_day(
    queue: PushQueue, trouble: Trouble | None
) -> None:
    queue.add([a_push()])
    for attempt in range(1, MAX_ATTEMPTS + 1):
        (claim,) = queue.claim(9)
        assert claim.attempts == attempt
        queue.finish([(claim, Look(PushState.FAILED, trouble, received=10), 0)], None)
        (row,) = rows(queue.ledger)
        if row.state == "failed":
            assert queue.claim(9) == []
            assert row.ended_at is None
            assert queue.next_due() == row.due_at
            pass_time(queue.ledger, DAY)
    assert (row.state, row.attempts, row.received) == ("gave-up", 8, 80)
    assert row.why
    assert row.ended_at
    assert queue.claim(9) == []


def test_each_wait_is_longer_and_all_of_them_are_about_a_day(desk: Desk, queue: PushQueue) -> None:
    queue.add(some_pushes(20))
    sums = dict.fromkeys(range(20), 0.0)
    for attempt in range(1, MAX_ATTEMPTS):
        assert look_at_all(queue, BUSY) == 20
        most = min(20 * 4 ** (attempt - 1), DAY.total_seconds())
        waits = [(row.due_at - desk.now()).total_seconds() for row in rows(queue.ledger)]
        assert all(most / 2 - 5 <= wait <= most for wait in waits)
        assert len(set(waits)) > 10  # not all at once again
        sums = {number: sums[number] + wait for number, wait in enumerate(waits)}
        pass_time(queue.ledger, DAY)
    assert all(12 * 3600 < total < 36 * 3600 for total in sums.values())


@pytest.mark.parametrize(("asked", "waits"), [(3600.0, 3600), (1e9, 86400)])
def test_a_server_that_asks_for_time_gets_it(
    desk: Desk, queue: PushQueue, asked: float, waits: float
) -> None:
    queue.add([a_push()])
    look_at_all(queue, Look(PushState.FAILED, Trouble.BUSY, "HTTP 429", retry_after=asked))
    (row,) = rows(queue.ledger)
    assert waits - 5 <= (row.due_at - desk.now()).total_seconds() <= waits


def test_what_succeeds_at_last_keeps_its_costs_and_findings(queue: PushQueue) -> None:
    queue.add([a_push()])
    look_at_all(queue, Look(PushState.FAILED, Trouble.BUSY, "x", received=5, git_requests=1), 2)
    pass_time(queue.ledger, DAY)
    look_at_all(queue, Look(PushState.SCANNED, received=6, git_requests=1), 1)
    (row,) = rows(queue.ledger)
    assert (row.state, row.attempts, row.received, row.git_requests) == ("scanned", 2, 11, 2)
    assert (row.findings, row.trouble, row.why) == (2, None, None)


def test_what_kills_its_processes_is_given_up(queue: PushQueue) -> None:
    queue.add(some_pushes(2))
    for _ in range(MAX_ATTEMPTS):
        assert len(queue.claim(9)) == 2
        pass_time(queue.ledger, 2 * MINUTE)
    queue.add([a_push(5)])
    assert numbers(queue.claim(9)) == [5]
    first, second, _ = rows(queue.ledger)
    assert (first.state, second.state, first.ticket) == ("gave-up", "gave-up", None)
    assert "died" in first.why
    assert first.attempts == MAX_ATTEMPTS


def test_many_outcomes_at_once(queue: PushQueue) -> None:
    queue.add(some_pushes(1200))
    claims = queue.claim(1200)
    assert queue.renew(claims) == sorted(claims, key=lambda claim: claim.id)
    queue.release(claims[:100])
    looks = [(claim, (SCANNED, GONE, BUSY)[claim.id % 3], 0) for claim in claims]
    assert queue.finish(looks, None) == 1100
    counts = queue.counts()
    assert sum(counts.values()) == 1200
    assert counts[PushState.SEEN] == 100
    assert queue.finish(looks, None) == 0


def test_a_clock_that_is_set_back_keeps_nothing_waiting(queue: PushQueue) -> None:
    queue.add(some_pushes(3))
    failed, given_back, held = queue.claim(9)
    queue.finish([(failed, BUSY, 0)], None)
    queue.release([given_back], MINUTE)
    assert queue.claim(9) == []
    pass_time(queue.ledger, timedelta(days=-400))
    assert len(queue.claim(9)) == 3
    assert queue.finish([(held, SCANNED, 0)], None) == 0


def test_a_push_from_the_future_is_looked_at(queue: PushQueue) -> None:
    queue.add([a_push(happened_at=NOON + timedelta(days=4000))])
    look_at_all(queue, SCANNED)
    (row,) = rows(queue.ledger)
    assert (row.state, row.seen_lag, row.ended_lag) == ("scanned", 0, 0)


def test_what_waits_too_long_is_abandoned(
    desk: Desk, queue: PushQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakscan.ledger.push_queue.BATCH", 2)
    begun = desk.now()
    queue.add(some_pushes(8))
    told = desk.now()
    queue.add([a_push(8), a_push(9)])
    claims = in_order(queue.claim(10))
    queue.finish([(claims[0], BUSY, 0), (claims[1], SCANNED, 0)], None)
    queue.release(claims[2:3], MINUTE)
    queue.release([*claims[3:7], claims[8]])
    assert queue.abandon(begun) == 0
    assert queue.abandon(told) == 6
    after = rows(queue.ledger)
    assert [row.state for row in after] == [
        *("gave-up", "scanned"),
        *["gave-up"] * 5,
        *("scanning", "seen", "scanning"),
    ]
    assert (after[0].why, after[2].why) == ("HTTP 503", "it was not looked at in time")


def test_it_says_what_waits_and_until_when(queue: PushQueue) -> None:
    assert (queue.oldest_waiting(), queue.next_due()) == (None, None)
    queue.add(some_pushes(4))
    assert queue.oldest_waiting() == NOON
    assert queue.next_due() is None  # all may be begun now
    claims = in_order(queue.claim(4))
    queue.release(claims[3:])
    queue.finish([(claims[0], BUSY, 0), (claims[1], SCANNED, 0)], None)
    due = rows(queue.ledger)[0].due_at
    assert queue.next_due() == due
    assert queue.oldest_waiting() == NOON
    assert queue.counts() == {
        PushState.SEEN: 1,
        PushState.SCANNING: 1,
        PushState.SCANNED: 1,
        PushState.SKIPPED: 0,
        PushState.FAILED: 1,
        PushState.GAVE_UP: 0,
    }
    assert queue.counts(PushState.SEEN, PushState.SKIPPED) == {
        PushState.SEEN: 1,
        PushState.SKIPPED: 0,
    }
    pass_time(queue.ledger, timedelta(seconds=30))
    lease = rows(queue.ledger)
    assert queue.next_due() == min(row.lease_until for row in lease if row.lease_until)


def test_nothing_is_read_but_what_is_handed_out(desk: Desk, queue: PushQueue) -> None:
    """However many wait, each query reads one range of the index, in its order."""
    queue.add(some_pushes(5))
    with desk.ledger.writing() as connection:
        moment = desk.now()
        lanes = [push_lanes.oldest(), push_lanes.newest(), push_lanes.left_behind(moment)]
        lanes += push_lanes.delayed(moment)
        postgresql = connection.dialect.name != "sqlite"
        if postgresql:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_sort = off")
            connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
        for lane in lanes:
            query = str(lane.limit(4).compile(connection, compile_kwargs={"literal_binds": True}))
            explain = "EXPLAIN " if postgresql else "EXPLAIN QUERY PLAN "
            plan = " ".join(
                str(column) for row in connection.exec_driver_sql(explain + query) for column in row
            )
            assert "ix_pushes_state_due_at_happened_at" in plan
            assert "B-TREE" not in plan
            assert "Sort" not in plan

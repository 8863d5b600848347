"""What became of a look is written down, and one that failed is made again or given up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from leakscan.ledger.push_outcomes import MAX_ATTEMPTS, MAX_BEGUN
from leakscan.ledger.push_queue import Claimed, PushQueue
from leakscan.ledger.runs import start_run
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
)

if TYPE_CHECKING:
    from ledgers import Desk

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def test_what_was_read_is_written_down(desk: Desk, queue: PushQueue) -> None:
    run = start_run(desk.ledger, "public pushes of github.com", None, "check")
    queue.add([a_push()])
    (claim,) = queue.claim(1).claims
    look = Look(
        PushState.SCANNED, via="api", objects=3, bytes=5, received=7, git_requests=1, api_requests=2
    )
    assert queue.finish([(claim, look, 2)], run) == [claim.id]
    (row,) = rows(desk.ledger)
    assert (row.state, row.via, row.trouble, row.why) == ("scanned", "api", None, None)
    assert (row.objects, row.bytes, row.received) == (3, 5, 7)
    assert (row.git_requests, row.api_requests, row.findings, row.run_id) == (1, 2, 2, run)
    assert (row.is_partial, row.ticket, row.lease_until, row.due_at) == (False, None, None, None)
    assert row.seen_at <= row.ended_at
    assert 0 <= row.ended_lag - (row.ended_at - row.happened_at).total_seconds() + 1 <= 2
    assert queue.claim(9).claims == []


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
    assert queue.claim(9).claims == []


@pytest.mark.parametrize("trouble", [Trouble.BUSY, Trouble.UNREACHABLE, Trouble.BROKEN, None])
def test_what_may_pass_is_tried_again_for_about_a_day(
    queue: PushQueue, trouble: Trouble | None
) -> None:
    queue.add([a_push()])
    for attempt in range(1, MAX_ATTEMPTS + 1):
        (claim,) = queue.claim(9).claims
        assert claim.attempts == attempt
        queue.finish([(claim, Look(PushState.FAILED, trouble, received=10), 0)], None)
        (row,) = rows(queue.ledger)
        if row.state == "failed":
            assert queue.claim(9).claims == []
            assert row.ended_at is None
            assert row.due_at
            pass_time(queue.ledger, DAY)
    assert (row.state, row.attempts, row.received) == ("gave-up", 8, 80)
    assert row.why
    assert row.ended_at
    assert queue.claim(9).claims == []


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
    for _ in range(MAX_BEGUN):
        assert len(queue.claim(9).claims) == 2
        pass_time(queue.ledger, 2 * MINUTE)
    queue.add([a_push(5)])
    claimed = queue.claim(1)  # for which those that are given up leave room
    assert ([claim.push for claim in claimed.claims], claimed.given_up) == ([a_push(5)], 1)
    assert queue.claim(9) == Claimed(given_up=1)
    assert queue.claim(9) == Claimed()
    first, second, _ = rows(queue.ledger)
    assert (first.state, second.state, first.ticket) == ("gave-up", "gave-up", None)
    assert "died" in first.why
    assert first.attempts == MAX_BEGUN


def test_what_was_in_hand_when_processes_were_killed_is_read_at_last(queue: PushQueue) -> None:
    """A watch that is killed again and again takes pushes with it that are not to blame."""
    queue.add(some_pushes(256))
    for _ in range(MAX_ATTEMPTS + 1):
        assert len(queue.claim(256).claims) == 256
        pass_time(queue.ledger, 2 * MINUTE)
    assert look_at_all(queue, SCANNED) == 256
    assert {row.state for row in rows(queue.ledger)} == {"scanned"}


def test_many_outcomes_at_once(queue: PushQueue) -> None:
    queue.add(some_pushes(1200))
    claims = queue.claim(1200).claims
    assert queue.renew(claims) == claims
    queue.release(claims[:100])
    looks = [(claim, (SCANNED, GONE, BUSY)[claim.id % 3], 0) for claim in claims]
    assert queue.finish(looks, None) == [claim.id for claim in claims[100:]]
    counts = queue.counts()
    assert sum(counts.values()) == 1200
    assert counts[PushState.SEEN] == 100
    assert queue.finish(looks, None) == []


def test_a_push_from_the_future_is_looked_at(queue: PushQueue) -> None:
    queue.add([a_push(happened_at=NOON + timedelta(days=4000))])
    look_at_all(queue, SCANNED)
    (row,) = rows(queue.ledger)
    assert (row.state, row.seen_lag, row.ended_lag) == ("scanned", 0, 0)

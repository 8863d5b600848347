"""Pushes are handed out to one process at a time, the right ones first."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from leakscan.ledger import push_lanes
from leakscan.ledger.push_queue import PushQueue
from leakscan.ledger.schema import open_ledger
from leakscan.push import PushState
from pushes import (
    BUSY,
    HOST,
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


def numbers(claims: list) -> list[int]:
    """Return which of `some_pushes` were claimed."""
    return [claim.push.repository_id - 1 for claim in claims]


def in_order(claims: list) -> list:
    """Return claims in the order of `some_pushes`."""
    return sorted(claims, key=lambda claim: claim.push.repository_id)


def test_what_is_claimed_is_nobody_elses(queue: PushQueue) -> None:
    queue.add(some_pushes(3))
    mine, theirs = queue.claim(2).claims, queue.claim(9).claims
    assert sorted(numbers(mine + theirs)) == [0, 1, 2]
    assert [claim.attempts for claim in mine + theirs] == [1, 1, 1]
    assert queue.claim(9).claims == []
    assert queue.claim(0).claims == []
    assert states(queue.ledger) == ["scanning"] * 3


@pytest.mark.parametrize("limit", [1, 40])
def test_pushes_of_another_site_are_for_its_own_watch(queue: PushQueue, limit: int) -> None:
    others = PushQueue(queue.ledger, "git.example.com")
    told = some_pushes(40, host=others.host, happened_at=NOON + DAY)
    queue.add([*some_pushes(3), *told])
    claims = [claim for _ in range(3) for claim in queue.claim(limit).claims]
    assert sorted(numbers(claims)) == [0, 1, 2]
    assert (queue.claim(limit).claims, queue.counts(PushState.SEEN)) == ([], {PushState.SEEN: 0})
    assert others.counts(PushState.SEEN) == {PushState.SEEN: 40}
    queue.finish([(claim, SCANNED, 0) for claim in claims], None)
    others.release(others.claim(1).claims, MINUTE)
    assert (queue.next_due(), others.next_due() is None) == (None, False)
    assert queue.abandon(rows(queue.ledger)[0].seen_at + DAY) == 0
    assert others.abandon(rows(queue.ledger)[0].seen_at + DAY) == 40


def test_the_newest_come_first_and_a_share_are_the_oldest(queue: PushQueue) -> None:
    queue.add(some_pushes(100))
    assert numbers(queue.claim(8).claims) == [0, 1, *range(99, 93, -1)]
    assert numbers(queue.claim(4).claims) == [2, 93, 92, 91]


def test_one_at_a_time_the_oldest_have_their_share_too(
    queue: PushQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_lanes, "random", random.Random(0))  # noqa: S311 - the same every time
    queue.add(some_pushes(400))
    oldest = sum(numbers(queue.claim(1).claims)[0] < 200 for _ in range(100))
    assert 15 <= oldest <= 35


def test_what_is_to_be_tried_again_has_a_share_among_the_new(queue: PushQueue) -> None:
    queue.add(some_pushes(40))
    failing = queue.claim(20).claims
    queue.finish([(claim, BUSY, 0) for claim in failing], None)
    pass_time(queue.ledger, DAY)
    claims = queue.claim(8).claims
    assert [claim.attempts for claim in claims] == [2, 2, 1, 1, 1, 1, 1, 1]
    assert len(queue.claim(100).claims) == 32


def test_what_a_dead_process_held_is_free_when_its_lease_ends(queue: PushQueue) -> None:
    queue.add(some_pushes(2))
    queue.claim(9)
    pass_time(queue.ledger, timedelta(seconds=50))
    assert queue.claim(9).claims == []
    pass_time(queue.ledger, timedelta(seconds=20))
    assert [claim.attempts for claim in queue.claim(9).claims] == [2, 2]


def test_a_queue_that_is_opened_again_is_the_same(url: str) -> None:
    ledger = open_ledger(url)
    queue = PushQueue(ledger, HOST)
    queue.add(some_pushes(3))
    queue.finish([(claim, SCANNED, 0) for claim in queue.claim(1).claims], None)
    (held,) = queue.claim(1).claims
    ledger.close()
    queue = PushQueue(open_ledger(url), HOST)
    assert sorted(states(queue.ledger)) == ["scanned", "scanning", "seen"]
    assert queue.finish([(held, SCANNED, 0)], None) == [held.id]  # a claim outlives a connection
    assert len(queue.claim(9).claims) == 1
    queue.ledger.close()


def test_a_lease_that_is_renewed_lasts(queue: PushQueue) -> None:
    queue.add(some_pushes(2))
    claims = queue.claim(9).claims
    pass_time(queue.ledger, timedelta(seconds=50))
    assert queue.renew(claims[:1]) == claims[:1]
    assert queue.renew([]) == []
    pass_time(queue.ledger, timedelta(seconds=50))
    assert numbers(queue.claim(9).claims) == numbers(claims[1:])


def test_who_has_lost_a_claim_changes_nothing(queue: PushQueue) -> None:
    queue.add(some_pushes(1))
    lost = queue.claim(1).claims
    pass_time(queue.ledger, 2 * MINUTE)
    queue.claim(1)
    before = rows(queue.ledger)
    assert queue.renew(lost) == []
    assert queue.finish([(lost[0], SCANNED, 1)], None) == []
    queue.release(lost)
    assert rows(queue.ledger) == before


def test_what_is_given_back_was_not_attempted(queue: PushQueue) -> None:
    queue.add(some_pushes(2))
    queue.release(queue.claim(1).claims, timedelta(seconds=10))
    queue.release(queue.claim(1).claims)
    queue.release([])
    assert states(queue.ledger) == ["seen", "seen"]
    (claim,) = queue.claim(9).claims
    assert claim.attempts == 1
    pass_time(queue.ledger, timedelta(seconds=20))
    assert [claim.attempts for claim in queue.claim(9).claims] == [1]


def test_what_had_failed_and_is_given_back_has_still_failed(queue: PushQueue) -> None:
    queue.add(some_pushes(1))
    look_at_all(queue, BUSY)
    pass_time(queue.ledger, DAY)
    for delay in (timedelta(0), MINUTE):
        queue.release(queue.claim(1).claims, delay)
        assert states(queue.ledger) == ["failed"]
    pass_time(queue.ledger, 2 * MINUTE)
    (claim,) = queue.claim(1).claims
    assert claim.attempts == 2


def test_a_clock_that_is_set_back_keeps_nothing_waiting(queue: PushQueue) -> None:
    queue.add(some_pushes(3))
    failed, given_back, held = queue.claim(9).claims
    queue.finish([(failed, BUSY, 0)], None)
    queue.release([given_back], MINUTE)
    assert queue.claim(9).claims == []
    pass_time(queue.ledger, timedelta(days=-400))
    assert len(queue.claim(9).claims) == 3
    assert queue.finish([(held, SCANNED, 0)], None) == []


def test_what_waits_too_long_is_abandoned(
    desk: Desk, queue: PushQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakscan.ledger.push_queue.BATCH", 2)
    begun = desk.now()
    queue.add(some_pushes(8))
    told = desk.now()
    queue.add([a_push(8), a_push(9)])
    claims = in_order(queue.claim(10).claims)
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


def test_it_says_how_many_are_in_which_state(queue: PushQueue) -> None:
    queue.add(some_pushes(4))
    claims = in_order(queue.claim(4).claims)
    queue.release(claims[3:])
    queue.finish([(claims[0], BUSY, 0), (claims[1], SCANNED, 0)], None)
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
    ids = {claim.id for claim in claims}
    assert queue.unended(ids) == ids - {claims[1].id}
    assert queue.unended(ids - {claims[0].id}) == {claims[2].id, claims[3].id}
    assert queue.unended([]) == set()


def test_it_says_how_many_are_begun_anew_or_left_by_the_dead(queue: PushQueue) -> None:
    PushQueue(queue.ledger, "git.example.com").add(some_pushes(1, host="git.example.com"))
    queue.add(some_pushes(3))
    first = queue.claim(3).claims
    assert queue.in_vain() == 0
    pass_time(queue.ledger, 2 * MINUTE)
    assert queue.in_vain() == 3  # their leases are over
    assert len(queue.claim(1).claims) == 1
    assert queue.in_vain() == 3  # one of them is begun anew
    assert queue.renew(first)
    assert queue.in_vain() == 1
    look_at_all(queue, SCANNED)
    queue.release(first)
    assert queue.in_vain() == 1


def test_it_says_when_what_was_given_back_is_due(queue: PushQueue) -> None:
    assert queue.next_due() is None
    queue.add(some_pushes(4))
    assert queue.next_due() is None  # all may be begun now
    claims = in_order(queue.claim(4).claims)
    queue.finish([(claims[0], BUSY, 0)], None)
    assert queue.next_due() is None
    queue.release(claims[1:2], 2 * MINUTE)
    queue.release(claims[2:3], MINUTE)
    due = rows(queue.ledger)[2].due_at
    assert queue.next_due() == due
    pass_time(queue.ledger, timedelta(seconds=90))
    assert queue.next_due() == due - timedelta(seconds=90)  # it is over
    assert sorted(numbers(queue.claim(9).claims)) == [0, 2, 3]
    assert queue.next_due() == rows(queue.ledger)[1].due_at


def test_nothing_is_read_but_what_is_handed_out(desk: Desk, queue: PushQueue) -> None:
    """However many wait, each query reads one range of the index, in its order."""
    queue.add(some_pushes(5))
    with desk.ledger.writing() as connection:
        moment = desk.now()
        lanes = [push_lanes.oldest(HOST), push_lanes.newest(HOST)]
        lanes += [push_lanes.left_behind(HOST, moment, is_worn=worn) for worn in (False, True)]
        lanes += push_lanes.delayed(HOST, moment)
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
            assert "ix_pushes_host_state_due_at_happened_at" in plan
            assert "B-TREE" not in plan
            assert "Sort" not in plan

"""What was left out is looked at again at once, and counted once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from leakscan.ledger.coverage import coverage
from leakscan.ledger.feeds import Feeds, PollNote
from leakscan.ledger.prune import prune
from leakscan.ledger.push_outcomes import MAX_ATTEMPTS
from leakscan.ledger.push_queue import PushQueue
from leakscan.ledger.push_retry import retry_feeds, retry_pushes
from leakscan.model import Skip
from leakscan.push import Look, PushState
from leakscan.trouble import Trouble
from pushes import (
    BUSY,
    GONE,
    HOST,
    NOON,
    SCANNED,
    a_push,
    look_at_all,
    pass_time,
    rows,
    some_pushes,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from leakscan.ledger.engine import Ledger
    from leakscan.ledger.fates import Fates
    from leakscan.ledger.push_queue import PushClaim
    from ledgers import Desk

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
PARTIAL = Look(PushState.SCANNED, skipped=(Skip("a.bin", "too large"),), received=5)
TOO_LARGE = Look(PushState.SKIPPED, Trouble.TOO_LARGE, "more than 200 MB")


def total(desk: Desk) -> Fates:
    return coverage(desk.ledger, desk.now() - DAY, desk.now() + DAY).total


def give_up(queue: PushQueue) -> None:
    for _ in range(MAX_ATTEMPTS):
        look_at_all(queue, BUSY)
        pass_time(queue.ledger, DAY)


def but_when(queue: PushQueue) -> list[dict[str, Any]]:
    """Return the rows, but for when they are due."""
    return [{**row._mapping, "due_at": None} for row in rows(queue.ledger)]


@pytest.mark.parametrize("look", [PARTIAL, TOO_LARGE, Look(PushState.SKIPPED), BUSY])
def test_what_was_left_out_is_begun_anew_at_once(queue: PushQueue, look: Look) -> None:
    queue.add([a_push()])
    look_at_all(queue, look, 3)
    assert queue.claim(9).claims == []
    assert retry_pushes(queue.ledger, HOST) == 1
    (row,) = rows(queue.ledger)
    assert (row.state, row.ended_at, row.ended_lag, row.is_partial) == ("failed", None, None, False)
    assert row.why
    (claim,) = queue.claim(9).claims
    assert (claim.push, claim.attempts) == (a_push(), 1)
    queue.finish([(claim, SCANNED, 1)], None)
    (row,) = rows(queue.ledger)
    assert (row.state, row.is_partial, row.trouble, row.why) == ("scanned", False, None, None)
    assert (row.findings, row.received) == (3, look.received + 50)
    assert row.ended_at
    assert row.ended_lag is not None


def test_what_was_given_up_has_all_its_attempts_again(queue: PushQueue) -> None:
    queue.add([a_push()])
    give_up(queue)
    assert retry_pushes(queue.ledger, HOST) == 1
    assert look_at_all(queue, BUSY) == 1
    (row,) = rows(queue.ledger)
    assert (row.state, row.attempts) == ("failed", 1)
    pass_time(queue.ledger, DAY)
    give_up(queue)
    (row,) = rows(queue.ledger)
    assert (row.state, row.attempts) == ("gave-up", MAX_ATTEMPTS)


def test_what_is_due_already_has_all_its_attempts_again(queue: PushQueue) -> None:
    queue.add(some_pushes(3))
    look_at_all(queue, BUSY)
    pass_time(queue.ledger, DAY)
    for _ in range(2):
        assert retry_pushes(queue.ledger, HOST) == 3
        assert {row.attempts for row in rows(queue.ledger)} == {0}
    assert len(queue.claim(9).claims) == 3


def test_what_was_given_back_until_later_is_begun_at_once(queue: PushQueue) -> None:
    """As when no credential was left."""
    queue.add(some_pushes(2))
    queue.release(queue.claim(1).claims, delay=HOUR)
    assert retry_pushes(queue.ledger, HOST) == 1
    assert {row.state for row in rows(queue.ledger)} == {"seen"}
    assert len(queue.claim(9).claims) == 2


@pytest.mark.parametrize("look", [PARTIAL, TOO_LARGE, BUSY])
@pytest.mark.parametrize("is_due", [False, True])
def test_what_would_only_be_given_up_for_its_age_stays(
    queue: PushQueue, look: Look, is_due: bool
) -> None:
    queue.add([a_push()])
    look_at_all(queue, look)
    (row,) = rows(queue.ledger)
    if is_due:
        assert retry_pushes(queue.ledger, HOST, row.seen_at) == 1
        (row,) = rows(queue.ledger)
    assert retry_pushes(queue.ledger, HOST, row.seen_at + timedelta(seconds=1)) == 0
    assert rows(queue.ledger) == [row]
    assert retry_pushes(queue.ledger, HOST, row.seen_at) == 1


@pytest.mark.parametrize(
    "look",
    [SCANNED, GONE, *(Look(PushState.SKIPPED, one) for one in (Trouble.BLOCKED, Trouble.EMPTY))],
)
def test_what_was_read_or_cannot_be_stays_as_it_is(queue: PushQueue, look: Look) -> None:
    queue.add([a_push()])
    look_at_all(queue, look)
    queue.add([a_push(1)])  # waits
    before = rows(queue.ledger)
    assert retry_pushes(queue.ledger, HOST) == 0
    assert rows(queue.ledger) == before


def test_what_is_in_hand_or_of_another_site_stays_as_it_is(desk: Desk, queue: PushQueue) -> None:
    other = PushQueue(desk.ledger, "ghe.example.com")
    other.add([a_push(9, host="ghe.example.com")])
    look_at_all(other, TOO_LARGE)
    queue.add([a_push()])
    look_at_all(queue, BUSY)
    pass_time(desk.ledger, DAY)
    (claim,) = queue.claim(1).claims
    before = rows(desk.ledger)
    assert retry_pushes(desk.ledger, HOST) == 0
    assert rows(desk.ledger) == before
    assert queue.finish([(claim, SCANNED, 0)], None) == [claim.id]


def test_each_is_counted_once_with_what_became_of_it_last(desk: Desk, queue: PushQueue) -> None:
    looks = (SCANNED, PARTIAL, GONE, BUSY, TOO_LARGE)
    queue.add(some_pushes(50))
    claims = queue.claim(50).claims
    queue.finish([(claim, looks[n % 5], 0) for n, claim in enumerate(claims)], None)
    before = total(desk)
    assert retry_pushes(desk.ledger, HOST) == 30
    prune(desk.ledger, desk.now() + DAY)  # not what is tried again
    during = total(desk)
    assert (during.seen, during.whole, during.skipped) == (50, 10, {"gone": 10})
    assert during.failed == {"unknown": 10, "busy": 10, "too-large": 10}
    look_at_all(queue, SCANNED)
    for _ in range(2):
        after = total(desk)
        assert (after.seen, after.whole, after.skipped) == (before.seen, 40, {"gone": 10})
        assert (after.partial, after.failed) == ({}, {})
        prune(desk.ledger, desk.now() + DAY)


def test_what_is_given_back_after_that_still_waits(queue: PushQueue) -> None:
    queue.add([a_push()])
    look_at_all(queue, PARTIAL)
    retry_pushes(queue.ledger, HOST)
    queue.release(queue.claim(1).claims)
    (row,) = rows(queue.ledger)
    assert (row.state, row.attempts) == ("failed", 0)
    assert len(queue.claim(9).claims) == 1


def test_what_is_looked_at_in_vain_then_is_given_up_when_it_is_old(queue: PushQueue) -> None:
    queue.add([a_push()])
    look_at_all(queue, PARTIAL)
    retry_pushes(queue.ledger, HOST)
    assert queue.abandon(NOON + 9000 * DAY) == 1
    (row,) = rows(queue.ledger)
    assert (row.state, row.why) == ("gave-up", "not all of it was read")


def test_many_are_made_due_in_batches_and_twice_is_as_once(queue: PushQueue) -> None:
    queue.add(some_pushes(1203))
    assert look_at_all(queue, TOO_LARGE) == 1000
    assert look_at_all(queue, TOO_LARGE) == 203
    assert retry_pushes(queue.ledger, HOST) == 1203
    once = but_when(queue)
    assert retry_pushes(queue.ledger, HOST) == 1203
    assert but_when(queue) == once
    assert len(queue.claim(1203).claims) == 1203


def test_two_at_once_and_those_who_look_do_each_once(queue: PushQueue) -> None:
    queue.add(some_pushes(900))
    look_at_all(queue, TOO_LARGE)
    done: Counter[int] = Counter()

    def look(_: int) -> None:
        claims = queue.claim(20).claims
        done.update(queue.finish([(claim, SCANNED, 0) for claim in claims], None))

    with ThreadPoolExecutor(4) as pool:
        retries = [pool.submit(retry_pushes, queue.ledger, HOST) for _ in range(2)]
        list(pool.map(look, range(40)))
        assert sum(one.result(60) for one in retries) >= 900  # what is due already, both may count
    while claims := queue.claim(500).claims:
        done.update(queue.finish([(claim, SCANNED, 0) for claim in claims], None))
    assert (len(done), set(done.values())) == (900, {1})
    assert {(row.state, row.attempts) for row in rows(queue.ledger)} == {("scanned", 1)}


def test_nobody_waits_while_such_pushes_are_looked_for(desk: Desk, queue: PushQueue) -> None:
    """However many there are among which they stand."""
    queue.add(some_pushes(3))
    look_at_all(queue, TOO_LARGE)
    numbers = count(100)
    on_search(desk.ledger, lambda: queue.add([a_push(next(numbers))]))
    assert retry_pushes(desk.ledger, HOST) == 3
    assert next(numbers) > 101


def test_what_is_taken_before_it_is_made_due_stays_as_it_is(desk: Desk, queue: PushQueue) -> None:
    queue.add(some_pushes(3))
    look_at_all(queue, PARTIAL)
    taken: list[PushClaim] = []

    def take() -> None:
        if not taken and retry_pushes(desk.ledger, HOST):
            taken.extend(queue.claim(2).claims)

    on_search(desk.ledger, take)
    assert retry_pushes(desk.ledger, HOST) == 1  # which the other has made due, and left
    assert sorted(row.state for row in rows(desk.ledger)) == ["failed", "scanning", "scanning"]
    assert len(queue.finish([(claim, SCANNED, 0) for claim in taken], None)) == 2


def on_search(ledger: Ledger, act: Callable[[], object]) -> None:
    """Have something done whenever pushes have been looked for that may be made due."""
    inner: list[None] = []

    def searched(_connection: object, _cursor: object, text: str, *_: object) -> None:
        is_search = text.startswith("SELECT pushes.id, ") and " LIMIT " in text
        if is_search and not inner:
            inner.append(None)  # what it does itself is not meant
            act()
            inner.clear()

    event.listen(ledger.engine, "after_cursor_execute", searched)


def test_a_feed_that_failed_is_asked_at_once(desk: Desk) -> None:
    asked = Feeds(desk.ledger)
    for name, note in (("events", PollNote(why="HTTP 500")), ("search", PollNote())):
        (claim,) = asked.claim([name])
        asked.note_poll(claim, note, HOUR, cursor="7")
    (claim,) = asked.claim(["org:acme"])
    asked.note_poll(claim, PollNote(why="HTTP 500"), timedelta(0))
    (held,) = asked.claim(["org:acme"])
    names = ["events", "search", "org:acme"]
    assert asked.claim(names) == []
    assert retry_feeds(desk.ledger, ["search", "repo:acme/app"]) == 0
    for _ in range(2):
        assert retry_feeds(desk.ledger, names) == 1
    (claim,) = asked.claim(names)
    assert (claim.name, claim.cursor, claim.failures) == ("events", "7", 1)  # it has not answered
    assert asked.renew([held]) == [held]

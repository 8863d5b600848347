"""The list of pushes that were left out has all of them, each once, and no others."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from leakscan.ledger.left_out import LeftOut, count_left_out, left_out, left_out_by_hour
from leakscan.ledger.prune import prune
from leakscan.model import Skip
from leakscan.push import Look, PushState
from leakscan.trouble import Trouble
from pushes import BUSY, NOON, SCANNED, a_push, look_at_all, some_pushes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leakscan.ledger.engine import Ledger
    from leakscan.ledger.push_queue import PushQueue
    from ledgers import Desk

DAY = timedelta(days=1)
PARTIAL = Look(PushState.SCANNED, skipped=(Skip("a.bin", "too large"),), via="api")
LOOKS = (
    SCANNED,
    PARTIAL,
    Look(PushState.SCANNED, Trouble.TOO_LARGE, "more than 200 MB"),
    BUSY,
    *(Look(PushState.SKIPPED, trouble) for trouble in (*Trouble, None)),
)


def look_at_each(queue: PushQueue, looks: Sequence[Look]) -> None:
    """Look at as many new pushes, the first of which is `a_push(0)`."""
    queue.add(some_pushes(len(looks)))
    claims = sorted(queue.claim(len(looks)).claims, key=lambda claim: claim.push.happened_at)
    queue.finish([(claim, look, 2) for claim, look in zip(claims, looks, strict=True)], None)


def all_left_out(ledger: Ledger) -> list[LeftOut]:
    return list(left_out(ledger, NOON - 9000 * DAY, NOON + 9000 * DAY))


def test_it_is_what_somebody_may_still_be_able_to_read(queue: PushQueue) -> None:
    look_at_each(queue, LOOKS)
    queue.add([a_push(100)])  # waits
    listed = all_left_out(queue.ledger)
    assert Counter(one.state for one in listed) == {
        PushState.SCANNED: 2,
        PushState.FAILED: 1,
        PushState.SKIPPED: len(Trouble) + 1 - 3,
    }
    troubles = {one.trouble for one in listed if one.state is PushState.SKIPPED}
    assert troubles == {*Trouble, None} - {Trouble.GONE, Trouble.BLOCKED, Trouble.EMPTY}


def test_it_is_counted_as_it_is_listed(queue: PushQueue) -> None:
    look_at_each(queue, LOOKS)
    (one, *others) = listed = all_left_out(queue.ledger)
    assert others
    span = NOON - 9000 * DAY, NOON + 9000 * DAY
    assert count_left_out(queue.ledger, *span) == len(listed)
    assert count_left_out(queue.ledger, span[0], one.seen_at) == 0
    assert count_left_out(queue.ledger, one.seen_at, span[1]) == len(listed)


def test_what_was_given_up_is_listed_too(queue: PushQueue) -> None:
    queue.add(some_pushes(2))
    queue.abandon(NOON + 9000 * DAY)
    listed = all_left_out(queue.ledger)
    assert {(one.state, one.why) for one in listed} == {
        (PushState.GAVE_UP, "it was not looked at in time")
    }
    assert len(listed) == 2


def test_each_says_which_it_is_and_why(queue: PushQueue) -> None:
    look_at_each(queue, [BUSY, PARTIAL])
    partial, failed = all_left_out(queue.ledger)  # the newest first
    push = a_push(0)
    assert (failed.repository, failed.ref, failed.head) == (push.repository, push.ref, push.head)
    assert (failed.happened_at, failed.feed, failed.kind) == (push.happened_at, "events", "push")
    assert (failed.state, failed.trouble, failed.why) == (PushState.FAILED, "busy", "HTTP 503")
    assert (failed.attempts, failed.via, failed.findings) == (1, "git", 2)
    assert failed.due_at
    assert (partial.state, partial.why, partial.due_at) == (PushState.SCANNED, None, None)


def test_pages_leave_none_out_and_tell_none_twice(
    queue: PushQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakscan.ledger.left_out._PAGE", 7)
    for start in (0, 30):  # each told in one moment
        told = [a_push(number, happened_at=NOON) for number in range(start, start + 30)]
        queue.add(told[:14] + some_pushes(start + 30)[start + 14 :])
    look_at_all(queue, BUSY)
    listed = all_left_out(queue.ledger)
    assert len({one.repository for one in listed}) == len(listed) == 60
    moments = [(one.seen_at, one.happened_at) for one in listed]
    assert moments == sorted(moments, reverse=True)
    assert len(set(moments)) < 60


def test_a_time_is_that_of_the_sums(desk: Desk, queue: PushQueue) -> None:
    queue.add(some_pushes(3))
    start = desk.now()
    queue.add([a_push(number) for number in range(3, 8)])
    end = desk.now()
    look_at_all(queue, BUSY)
    assert len(list(left_out(desk.ledger, start, end))) == 5
    assert len(list(left_out(desk.ledger, start - DAY, start))) == 3
    assert list(left_out(desk.ledger, end, end + DAY)) == []


def test_what_was_pruned_is_counted(desk: Desk, queue: PushQueue) -> None:
    look_at_each(queue, LOOKS)
    span = desk.now() - DAY, desk.now() + DAY
    before = len(list(left_out(desk.ledger, *span)))
    assert left_out_by_hour(desk.ledger, *span) == 0
    prune(desk.ledger, desk.now() + DAY)
    (failed,) = left_out(desk.ledger, *span)  # for it waits
    assert failed.state is PushState.FAILED
    assert left_out_by_hour(desk.ledger, *span) == before - 1
    assert left_out_by_hour(desk.ledger, span[0] - DAY, span[0]) == 0
    assert left_out_by_hour(desk.ledger, span[1], span[1] + DAY) == 0


def test_pages_are_read_in_the_order_of_an_index(
    desk: Desk, queue: PushQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a long list is read once, and not once a page."""
    if desk.ledger.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL chooses by the numbers of rows")
    monkeypatch.setattr("leakscan.ledger.left_out._PAGE", 2)
    look_at_each(queue, [BUSY] * 3)
    asked: list[tuple[str, Any]] = []
    event.listen(
        desk.ledger.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, text, values, *_: asked.append((text, values)),
    )
    assert len(all_left_out(desk.ledger)) == 3
    pages = [one for one in asked if one[0].startswith("SELECT")]
    assert len(pages) == 2
    assert "pushes.seen_at <= ?" in pages[1][0]  # it begins where the first has ended
    with desk.ledger.reading() as connection:
        for text, values in pages:
            plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all())
            assert "ix_pushes_seen_at" in plan
            assert "USE TEMP B-TREE FOR ORDER BY" not in plan  # but of the last terms

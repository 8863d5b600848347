"""A feed is asked by one watch at a time, and moves on only with what it told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, select, text

from leakscan.errors import LeakscanError
from leakscan.ledger.feeds import Feeds, PollNote
from leakscan.ledger.push_tables import feeds as feeds_table
from leakscan.ledger.push_tables import polls
from leakscan.trouble import Trouble
from pushes import NOON, pass_time, rows, some_pushes

if TYPE_CHECKING:
    from ledgers import Desk

MINUTE = timedelta(minutes=1)


@pytest.fixture
def feeds(desk: Desk) -> Feeds:
    return Feeds(desk.ledger)


def poll_rows(feeds: Feeds) -> list:
    with feeds.ledger.reading() as connection:
        return list(connection.execute(select(polls).order_by(polls.c.id)))


def feed_row(feeds: Feeds) -> Any:
    """Return the one feed's row."""
    with feeds.ledger.reading() as connection:
        return connection.execute(select(feeds_table)).one()


def test_a_feed_is_asked_by_one_at_a_time(feeds: Feeds) -> None:
    assert feeds.claim([]) == []
    first = feeds.claim(["events", "org:acme"])
    assert [(claim.name, claim.cursor, claim.failures) for claim in first] == [
        ("events", None, 0),
        ("org:acme", None, 0),
    ]
    assert [claim.name for claim in feeds.claim(["events", "search"])] == ["search"]


def test_a_clock_that_was_ahead_keeps_no_feed_from_being_asked(feeds: Feeds) -> None:
    (claim,) = feeds.claim(["events"])
    feeds.note_poll(claim, PollNote(), MINUTE)
    assert feeds.claim(["events"]) == []
    with feeds.ledger.writing() as connection:
        ahead = timedelta(hours=12)
        connection.execute(
            feeds_table.update().values(
                polled_at=feed_row(feeds).polled_at + ahead, due_at=feed_row(feeds).due_at + ahead
            )
        )
    assert len(feeds.claim(["events"])) == 1


def test_those_that_come_first_are_taken_first_and_no_more_than_wanted(feeds: Feeds) -> None:
    names = ["user:z", "events", "org:acme", "user:ada"]
    assert [claim.name for claim in feeds.claim(names[1:2], 0)] == []
    assert [claim.name for claim in feeds.claim(names, 2)] == names[:2]
    assert [claim.name for claim in feeds.claim(names, 2)] == names[2:]
    assert feeds.claim(names, 2) == []


def test_a_look_for_what_is_due_changes_nothing_where_nothing_is(feeds: Feeds) -> None:
    """Two thousand are looked for four times a second."""
    feeds.claim(["events", "search"])
    statements: list[str] = []

    def keep(*arguments: Any) -> None:
        statements.append(arguments[2])

    event.listen(feeds.ledger.engine, "before_cursor_execute", keep)
    assert feeds.claim(["events", "search"], 5) == []
    event.remove(feeds.ledger.engine, "before_cursor_execute", keep)
    assert any(word.startswith("SELECT") for word in statements)
    assert not [word for word in statements if word.startswith(("INSERT", "UPDATE"))]


def test_what_keeps_feeds_from_being_asked_is_known(feeds: Feeds) -> None:
    names = ["events", "org:acme", "user:ada"]
    assert feeds.waits([]) == feeds.waits(names) == {}
    for claim in feeds.claim(names[:2]):
        why = "it is down" if claim.name == "org:acme" else None
        feeds.note_poll(claim, PollNote(why=why), 2 * MINUTE)
    feeds.claim(["user:ada"])
    waits = feeds.waits([*names, "search"])
    assert sorted(waits) == names
    assert 60 < waits["events"].seconds <= 120
    assert 60 < waits["org:acme"].seconds <= 120
    assert 240 < waits["user:ada"].seconds <= 300  # until its lease ends
    assert waits["events"].failure is waits["user:ada"].failure is None
    failure = waits["org:acme"].failure
    assert failure
    assert failure.why == "it is down"
    assert 0 <= failure.ago < 30
    assert 60 < failure.due_in <= 120


def test_a_feed_has_failed_until_it_answers_and_waits_only_while_it_does(feeds: Feeds) -> None:
    for word in ("down", "busy", None):
        (claim,) = feeds.claim(["org:acme"])
        feeds.note_poll(claim, PollNote(why=word), MINUTE)
        failure = feeds.waits(["org:acme"])["org:acme"].failure
        assert (failure and failure.why) == word
        pass_time(feeds.ledger, MINUTE)
        assert feeds.waits(["org:acme"]) == {}


def test_the_last_failures_of_many_feeds_are_found_by_an_index(feeds: Feeds) -> None:
    if feeds.ledger.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL reads small tables whole")
    asked: list[tuple[str, Any]] = []

    def keep(*arguments: Any) -> None:
        asked.append(arguments[2:4])

    event.listen(feeds.ledger.engine, "before_cursor_execute", keep)
    feeds.waits(["org:acme"])
    event.remove(feeds.ledger.engine, "before_cursor_execute", keep)
    ((statement, values),) = [one for one in asked if "polls" in one[0]]
    with feeds.ledger.reading() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    assert any("ix_polls_feed_id" in row.detail for row in plan)


def test_many_that_ask_at_once_share_without_overlap(feeds: Feeds) -> None:
    names = [f"org:acme{number}" for number in range(40)]
    with ThreadPoolExecutor(6) as pool:
        taken = [
            claim.name
            for claims in pool.map(lambda _: feeds.claim(names), range(6))
            for claim in claims
        ]
    assert sorted(taken) == sorted(names)


def test_a_poll_is_noted_with_its_pushes_and_moves_the_feed_on(feeds: Feeds) -> None:
    (claim,) = feeds.claim(["events"])
    note = PollNote(
        read=300,
        repeated=20,
        malformed=1,
        requests=3,
        is_gap=True,
        oldest_at=NOON,
        newest_at=NOON + MINUTE,
    )
    assert feeds.note_poll(claim, note, MINUTE, "page 3", some_pushes(5)) == 5
    assert feeds.claim(["events"]) == []
    pass_time(feeds.ledger, MINUTE)
    (claim,) = feeds.claim(["events"])
    assert claim.cursor == "page 3"
    assert feeds.note_poll(claim, PollNote(read=7), MINUTE, None, some_pushes(7)) == 2
    assert feed_row(feeds).cursor == "page 3"
    first, second = poll_rows(feeds)
    assert (first.read, first.repeated, first.malformed, first.requests) == (300, 20, 1, 3)
    assert (first.pushes, first.fresh, first.is_gap) == (5, 5, True)
    assert (first.oldest_at, first.newest_at) == (NOON, NOON + MINUTE)
    assert (second.pushes, second.fresh, second.is_gap) == (7, 2, False)
    assert len(rows(feeds.ledger)) == 7


def test_what_a_dead_process_asked_is_asked_again(feeds: Feeds) -> None:
    (lost,) = feeds.claim(["events"])
    pass_time(feeds.ledger, timedelta(minutes=4))
    assert feeds.claim(["events"]) == []
    assert feeds.waits(["events"])
    pass_time(feeds.ledger, timedelta(minutes=2))
    (claim,) = feeds.claim(["events"])
    # What was told is true all the same.
    assert feeds.note_poll(lost, PollNote(), MINUTE, "too late", some_pushes(2)) == 2
    assert (feed_row(feeds).cursor, feed_row(feeds).ticket) == (None, claim.ticket)
    assert feeds.note_poll(claim, PollNote(), MINUTE, "mine", some_pushes(2)) == 0
    assert (feed_row(feeds).cursor, feed_row(feeds).ticket) == ("mine", None)


def test_a_lease_that_is_renewed_lasts(feeds: Feeds) -> None:
    claims = feeds.claim(["events", "search"])
    pass_time(feeds.ledger, timedelta(minutes=4))
    assert feeds.renew(claims[:1]) == claims[:1]
    assert feeds.renew([]) == []
    pass_time(feeds.ledger, timedelta(minutes=4))
    assert [claim.name for claim in feeds.claim(["events", "search"])] == ["search"]
    assert feeds.renew(claims) == claims[:1]


def test_what_is_given_back_is_as_due_as_before(feeds: Feeds) -> None:
    claims = feeds.claim(["events"])
    feeds.release(claims)
    feeds.release([])
    (again,) = feeds.claim(["events"])
    feeds.release(claims)  # no longer theirs
    assert feeds.claim(["events"]) == []
    assert again.ticket != claims[0].ticket


def test_failures_are_counted_until_it_answers(feeds: Feeds) -> None:
    failed = PollNote(trouble=Trouble.BUSY, why="HTTP 503", requests=1)
    for count in range(3):
        (claim,) = feeds.claim(["events"])
        assert claim.failures == count
        feeds.note_poll(claim, failed, MINUTE)
        pass_time(feeds.ledger, MINUTE)
    (claim,) = feeds.claim(["events"])
    feeds.note_poll(claim, PollNote(), MINUTE, "1")
    pass_time(feeds.ledger, MINUTE)
    assert feeds.claim(["events"])[0].failures == 0
    assert [(row.trouble, row.why) for row in poll_rows(feeds)] == [("busy", "HTTP 503")] * 3 + [
        (None, None)
    ]


def test_no_feed_is_kept_waiting_for_longer_than_a_day(feeds: Feeds) -> None:
    (claim,) = feeds.claim(["events"])
    feeds.note_poll(claim, PollNote(), timedelta(days=400))
    assert 23 * 3600 < feeds.waits(["events"])["events"].seconds <= 24 * 3600


def test_a_clock_that_is_set_back_keeps_no_feed_waiting(feeds: Feeds) -> None:
    claims = feeds.claim(["events", "search"])
    feeds.note_poll(claims[0], PollNote(), MINUTE)
    assert feeds.claim(["events", "search"]) == []
    pass_time(feeds.ledger, timedelta(days=-400))
    assert len(feeds.claim(["events", "search"])) == 2


def test_what_cannot_be_noted_does_not_move_the_feed_on(feeds: Feeds) -> None:
    """Pushes and cursor are one transaction."""
    (claim,) = feeds.claim(["events"])
    with feeds.ledger.writing() as connection:
        connection.execute(text("ALTER TABLE polls RENAME TO gone"))
    with pytest.raises(LeakscanError):
        feeds.note_poll(claim, PollNote(), MINUTE, "page 3", some_pushes(5))
    assert rows(feeds.ledger) == []
    assert (feed_row(feeds).cursor, feed_row(feeds).ticket) == (None, claim.ticket)

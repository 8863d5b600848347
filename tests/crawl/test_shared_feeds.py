"""Feeds that several watches share: each is asked by one of them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from engine_stage import Told, Watch, a_poll, some_feeds
from sqlalchemy import event, select

from leakscan.cli.watch_reasons import left_out
from leakscan.crawl.feed_lanes import MOST_LOOKED_AT
from leakscan.ledger.feeds import Feeds, PollNote
from leakscan.ledger.push_retry import retry_feeds
from leakscan.ledger.push_tables import feeds
from leakscan.model import Skip
from ledgers import Desk
from postgres import running_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from leakscan.ledger.engine import Ledger


@contextmanager
def statements_to(ledger: Ledger) -> Iterator[list[str]]:
    """Keep what a ledger's database is asked."""
    statements: list[str] = []

    def keep(*arguments: Any) -> None:
        statements.append(arguments[2])

    event.listen(ledger.engine, "before_cursor_execute", keep)
    yield statements
    event.remove(ledger.engine, "before_cursor_execute", keep)


def test_a_feed_that_another_watch_asks_is_left_to_that_one(watch: Watch) -> None:
    others = Feeds(watch.ledgers.ledger)
    others.note_poll(*others.claim(["repo:acme/app1"]), PollNote(), timedelta(0))
    others.claim(["repo:acme/app1"])
    watch.feeds = [Told("repo:acme/app1", []), Told("events", [])]
    engine = watch.engine(once=False)
    watch.feeds[1].then = engine.stop
    engine.run()
    assert watch.feeds[0].cursors == []
    assert list(left_out(engine.desk.figures)) == []


def test_a_feed_that_answers_another_watch_is_no_trouble_any_more(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakscan.crawl.feeding.AGAIN", 0.0)
    others = Feeds(watch.ledgers.ledger)
    (claim,) = others.claim(["org:acme"])
    others.note_poll(claim, PollNote(why="no route"), timedelta(minutes=5))
    watch.feeds = [Told("org:acme", [])]
    engine = watch.engine(once=False)
    feed = engine.desk.figures.feeds["org:acme"]
    engine.feeding.ask_those_due()
    assert feed.trouble
    retry_feeds(watch.ledgers.ledger, ["org:acme"])
    held = others.claim(["org:acme"])
    engine.feeding.ask_those_due()
    assert feed.trouble  # it is asked, and has not answered yet
    others.note_poll(*held, PollNote(), timedelta(minutes=5))
    engine.feeding.ask_those_due()
    assert feed.trouble is None
    assert watch.feeds[0].cursors == []
    assert watch.listener.said[1:] == ["feed org:acme answers again"]


def test_a_run_that_ends_waits_for_the_feed_of_a_watch_that_died(watch: Watch) -> None:
    Feeds(watch.ledgers.ledger, lease=timedelta(seconds=3)).claim(["events"])
    watch.feeds = [Told("events", [a_poll()])]
    figures = watch.run()
    assert (watch.feeds[0].cursors, list(left_out(figures))) == ([None], [])


def test_a_run_that_ends_does_not_wait_for_ever_for_another_watch(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakscan.crawl.feeding.LEASE", timedelta(seconds=1))
    monkeypatch.setattr("leakscan.crawl.feeding.AGAIN", 0.1)
    others = Feeds(watch.ledgers.ledger)
    others.note_poll(*others.claim(["events"]), PollNote(), timedelta(0))
    others.claim(["events", "archive:x", "search"])
    watch.feeds = [Told("events", []), Told("archive:x", []), Told("search", [])]
    figures = watch.run()
    assert not any(feed.cursors for feed in watch.feeds)
    why = "another watch has it in hand, or died with it"  # the first has told of the last minutes
    assert list(left_out(figures)) == [Skip("2 feeds, such as archive:x", why)]
    assert watch.listener.remarks == []


def test_what_a_dead_watch_holds_is_no_all_clear_for_one_that_is_stopped(watch: Watch) -> None:
    others = Feeds(watch.ledgers.ledger)
    others.claim(["events"])
    watch.feeds = [Told("events", []), Told("org:acme", [])]
    engine = watch.engine(once=False)
    watch.feeds[1].then = engine.stop
    engine.run()
    assert [skip.what for skip in left_out(engine.desk.figures)] == ["feed events"]


def test_a_note_of_a_feed_that_two_watches_share_is_said_once(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakscan.crawl.feeding.AGAIN", 0.0)
    note = "events was not read to its end"
    watch.feeds = [Told("events", [replace(a_poll(wait=0), note=note)] * 3)]
    engine = watch.engine(once=False)
    (lane, *_), others = engine.feeding.feeders.lanes, Feeds(watch.ledgers.ledger)
    for polls in range(3):
        engine.feeding.ask_those_due()
        engine.feeding.answered([engine.inbox.get(timeout=30)])  # type: ignore[list-item]  # no push
        assert engine.desk.figures.feeds["events"].polls == polls + 1
        held = others.claim(["events"])
        engine.feeding.ask_those_due()
        assert not lane.held
        others.release(held)
    assert watch.listener.said == [note]


def test_many_feeds_that_others_ask_take_few_statements_and_one_remark(watch: Watch) -> None:
    watch.feeds = some_feeds(MOST_LOOKED_AT)
    others = Feeds(watch.ledgers.ledger)
    for claim in others.claim([feed.name for feed in watch.feeds]):
        others.note_poll(claim, PollNote(), timedelta(minutes=5))
    engine = watch.engine()
    with statements_to(watch.ledgers.ledger) as statements:
        engine.feeding.ask_those_due()
    assert engine.feeding.is_over
    assert len(statements) < 10
    count = f"{MOST_LOOKED_AT} feeds, such as repo:acme/app0,"
    said = f"{count} are not due yet, and are not asked"
    assert watch.listener.remarks == [said]


def test_where_all_are_asked_nothing_is_put_off(watch: Watch) -> None:
    watch.feeds = some_feeds(2)
    engine = watch.engine()
    with statements_to(watch.ledgers.ledger) as statements:
        engine.feeding.ask_those_due()
    assert [feed.name for feed in watch.feeds] == [*engine.feeding.feeders.lanes[2].held]
    assert not [statement for statement in statements if "polls" in statement]


def test_a_claim_that_comes_second_puts_no_feed_off_that_is_free(tmp_path: Path) -> None:
    with (
        running_postgres() as database,
        Desk.open(database(), tmp_path / "ledger.key") as desk,
    ):
        watch = Watch(desk, feeds=some_feeds(20))
        names = [feed.name for feed in watch.feeds]
        Feeds(desk.ledger).release(Feeds(desk.ledger).claim(names))
        engine = watch.engine(once=False)
        *_, lane, _ = engine.feeding.feeders.lanes
        with desk.ledger.writing() as connection:  # another watch is claiming the same ones
            query = select(feeds.c.name).where(feeds.c.name.in_(names[: lane.room]))
            connection.execute(query.with_for_update()).all()
            engine.feeding.ask_those_due()
            assert not lane.held
        engine.feeding.ask_those_due()
        assert len(lane.held) == lane.threads + lane.ahead
        engine.feeding.close()

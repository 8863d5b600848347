"""Many feeds: few threads ask them, none waits behind an archive, and limits pass."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from engine_stage import Told, a_poll, run_beside, wait_until
from sqlalchemy import select, update

from leakscan.cli.watch_reasons import left_out
from leakscan.crawl.feed_turns import MOST_LOOKED_AT, FeedTurns
from leakscan.crawl.feeders import ARCHIVES, LANES, NAMED, PUBLIC
from leakscan.crawl.feeding import SOON
from leakscan.ledger.feeds import Feeds, PollNote
from leakscan.ledger.push_tables import feeds
from leakscan.trouble import Trouble, TroubleError
from pushes import a_push

if TYPE_CHECKING:
    from engine_stage import Watch


def some_feeds(count: int) -> list[Told]:
    return [Told(f"repo:acme/app{number}", [a_poll(a_push(number))]) for number in range(count)]


def limit(seconds: float, requests: int = 0) -> TroubleError:
    error = TroubleError(Trouble.BUSY, f"900 calls a minute: wait {seconds} s", "", seconds)
    error.requests = requests
    return error


def claimed(watch: Watch) -> int:
    with watch.ledgers.ledger.reading() as connection:
        return len(connection.execute(select(feeds).where(feeds.c.ticket.is_not(None))).all())


def test_few_threads_ask_all_feeds_and_each_once(watch: Watch) -> None:
    watch.feeds = some_feeds(MOST_LOOKED_AT + 50)
    before = set(threading.enumerate())
    engine = watch.engine()
    feeders = {thread for thread in threading.enumerate() if "-feeds-" in thread.name} - before
    assert len(feeders) == NAMED.threads
    engine.run()
    assert {len(feed.cursors) for feed in watch.feeds} == {1}
    assert engine.desk.figures.scanned == len(watch.feeds)


def test_no_more_feeds_are_claimed_than_can_be_asked_soon(watch: Watch) -> None:
    watch.feeds = some_feeds(40)
    for feed in watch.feeds:
        feed.gate.clear()
    engine = watch.engine()

    def look_on() -> None:
        wait_until(lambda: sum(len(feed.cursors) for feed in watch.feeds) == NAMED.threads)
        wait_until(lambda: claimed(watch) == NAMED.threads + NAMED.ahead)
        turns = [feed.asked_at for feed in engine.desk.figures.feeds.values()]
        assert sum(at is not None for at in turns) == NAMED.threads + NAMED.ahead
        for feed in watch.feeds:
            feed.gate.set()

    run_beside(engine, look_on)
    assert engine.desk.figures.scanned == 40


def test_nothing_waits_behind_archives(watch: Watch) -> None:
    archives = [Told(f"archive:{number}", []) for number in range(ARCHIVES.threads + 1)]
    for archive in archives:
        archive.gate.clear()
    search, public = Told("search", [a_poll()]), Told("events", [a_poll(a_push(2))])
    watch.feeds = [*archives, search, public, *some_feeds(1)]
    engine = watch.engine(once=False, parting=0.1)

    def look_on() -> None:
        wait_until(lambda: sum(len(archive.cursors) for archive in archives) == ARCHIVES.threads)
        wait_until(lambda: engine.desk.figures.scanned == 2 and bool(search.cursors))
        engine.stop()

    run_beside(engine, look_on)
    assert archives[-1].cursors == []
    whys = [skip.why for skip in left_out(engine.desk.figures)]
    asked, unasked = "it had not answered when the watch ended", "it had not been asked when"
    assert whys.count(asked) == ARCHIVES.threads
    assert [why for why in whys if why != asked] == [f"{unasked} the watch ended"]
    for archive in archives:
        archive.gate.set()


def test_a_feed_that_another_watch_asks_is_left_to_that_one(watch: Watch) -> None:
    Feeds(watch.ledgers.ledger).claim(["repo:acme/app1"])
    watch.feeds = [Told("repo:acme/app1", []), Told("events", [])]
    engine = watch.engine(once=False)
    watch.feeds[1].then = engine.stop
    engine.run()
    assert watch.feeds[0].cursors == []
    assert list(left_out(engine.desk.figures)) == []


def test_what_many_feeds_fail_for_is_said_of_one(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakscan.crawl.feeding.SHORTEST_WAIT", 0.0)
    down = TroubleError(Trouble.UNREACHABLE, "no route")
    watch.feeds = some_feeds(20)
    for feed in watch.feeds:
        feed.answers[:0] = [down, down]
    gone = TroubleError(Trouble.GONE, "no such account")
    watch.feeds.append(Told("org:acme", [gone] * 10_000))
    engine = watch.engine(once=False)

    def look_on() -> None:
        wait_until(lambda: engine.desk.figures.scanned == 20)
        engine.stop()

    run_beside(engine, look_on)
    said = [line for line in watch.listener.said if line != "feed org:acme: no such account"]
    assert len(said) == len(watch.listener.said) - 1
    again = {line.split()[1] for line in said if line.endswith(" answers again")}
    named = {line.split()[1][:-1] for line in said if line.endswith(": no route")}
    assert (len(said), named) == (2 * len(again), again)
    assert 1 <= len(named) < 10


def test_a_feed_that_answers_another_watch_is_no_trouble_any_more(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakscan.crawl.feeding.AGAIN", 0.02)
    others = Feeds(watch.ledgers.ledger)
    (claim,) = others.claim(["org:acme"])
    others.note_poll(claim, PollNote(why="no route"), timedelta(minutes=5))
    watch.feeds = [Told("org:acme", [])]
    engine = watch.engine(once=False)
    feed = engine.desk.figures.feeds["org:acme"]

    def look_on() -> None:
        wait_until(lambda: feed.trouble is not None)
        with watch.ledgers.ledger.writing() as connection:
            connection.execute(update(feeds).values(failures=0))
        wait_until(lambda: feed.trouble is None)
        engine.stop()

    run_beside(engine, look_on)
    assert watch.feeds[0].cursors == []
    assert watch.listener.said[1:] == ["feed org:acme answers again"]


def test_a_limit_that_passes_soon_is_no_trouble(watch: Watch) -> None:
    watch.feeds = some_feeds(20)
    for feed in watch.feeds[2:18]:
        feed.answers[:0] = [limit(0.05)] * 3
    figures = watch.run()
    assert (figures.scanned, list(left_out(figures))) == (20, [])
    assert watch.listener.said == [str(limit(0.05))]
    assert {row.trouble for row in watch.ledgers.rows("polls", "trouble")} == {None}


@pytest.mark.parametrize("error", [limit(SOON + 1), limit(0.05, requests=1)])
def test_a_limit_that_lasts_or_cost_a_call_is_trouble(watch: Watch, error: TroubleError) -> None:
    watch.feeds = [Told("org:acme", [error])]
    assert [skip.why for skip in left_out(watch.run())] == [str(error)]


def test_a_limit_that_does_not_pass_is_trouble_in_the_end(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told("org:acme", [limit(0.02)] * 10_000)
    watch.feeds = [told]
    monkeypatch.setattr("leakscan.crawl.feed_turns.LONGEST_LIMIT", 1.0)
    started = time.monotonic()
    figures = watch.run()
    assert time.monotonic() - started > 0.98
    assert len(told.cursors) > 1
    assert [skip.why for skip in left_out(figures)] == [str(limit(0.02))]


def test_a_lane_that_rests_is_not_asked(watch: Watch) -> None:
    watch.feeds = [
        Told("org:acme", [limit(SOON)]),
        Told("archive:x", [a_poll(wait=0)]),
        Told("events", [a_poll(wait=0)]),
    ]
    engine = watch.engine(once=False, parting=0.1)

    def look_on() -> None:
        wait_until(lambda: all(len(feed.cursors) > 1 for feed in watch.feeds[1:]))
        engine.stop()

    run_beside(engine, look_on)
    assert len(watch.feeds[0].cursors) == 1
    assert claimed(watch) == 0


def test_a_feed_says_that_it_answers_again_only_if_it_was_said_to_fail(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakscan.crawl.feeding.SHORTEST_WAIT", 0.0)
    down = TroubleError(Trouble.UNREACHABLE, "no route")
    told = Told("org:acme", [down, a_poll(wait=0), a_poll(wait=0), down, a_poll(wait=0)])
    watch.feeds = [told, Told("user:ada", [limit(0.05, requests=1), a_poll(wait=0)])]
    engine = watch.engine(once=False)

    def look_on() -> None:
        told = engine.desk.figures.feeds
        wait_until(lambda: told["org:acme"].polls >= 5 and told["user:ada"].polls >= 2)
        engine.stop()

    run_beside(engine, look_on)
    said = [line for line in watch.listener.said if "acme" in line]
    assert said == ["feed org:acme: no route", "feed org:acme answers again"] * 2
    assert len(watch.listener.said) == len(said) + 1


def test_whoever_has_waited_longest_comes_first_but_archives_are_read_to_their_end() -> None:
    for lane, names in (
        (NAMED, ["org:a", "org:b", "org:c"]),
        (ARCHIVES, ["archive:1", "archive:2"]),
    ):
        turns = FeedTurns(names)
        moment = time.monotonic()
        assert turns.due(lane, moment, ()) == names
        assert turns.due(lane, moment, names[:1]) == names[1:]
        turns.put_off(names[0], moment)
        expected = names if lane is ARCHIVES else [*names[1:], names[0]]
        assert turns.due(lane, moment, ()) == expected
        turns.put_off(names[0], moment + 1)
        assert turns.due(lane, moment, ()) == names[1:]
        for name in names:
            assert not turns.are_over
            turns.end(name)
            turns.put_off(name, moment)
        assert turns.are_over


def test_every_feed_has_its_lane_and_the_public_one_is_asked_first() -> None:
    turns = FeedTurns(["repo:a/b", "archive:x", "search", "org:a repositories", "events"])
    assert LANES[0] is PUBLIC
    due = [turns.due(lane, 1.0, ()) for lane in LANES]
    assert due == [["events"], ["search"], ["repo:a/b", "org:a repositories"], ["archive:x"]]

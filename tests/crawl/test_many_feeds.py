"""Many feeds: few threads ask them, none waits behind an archive, and limits pass."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from engine_stage import Told, a_poll, run_beside, some_feeds, wait_until
from sqlalchemy import select

from leakscan.cli.watch_reasons import left_out
from leakscan.crawl.feed_lanes import MOST_LOOKED_AT, SOON, lanes_of
from leakscan.ledger.feeds import FeedClaim
from leakscan.ledger.push_retry import retry_feeds
from leakscan.ledger.push_tables import feeds
from leakscan.trouble import Trouble, TroubleError
from pushes import a_push

if TYPE_CHECKING:
    from engine_stage import Watch

    from leakscan.crawl.engine import Engine

PUBLIC, _, NAMED, ARCHIVES = lanes_of(())


def limit(seconds: float, requests: int = 0) -> TroubleError:
    error = TroubleError(Trouble.BUSY, f"900 calls a minute: wait {seconds} s", "", seconds)
    error.requests = requests
    return error


def claimed(watch: Watch) -> int:
    with watch.ledgers.ledger.reading() as connection:
        return len(connection.execute(select(feeds).where(feeds.c.ticket.is_not(None))).all())


def make_due(watch: Watch, engine: Engine) -> None:
    """Let all feeds that failed be asked at once."""
    retry_feeds(watch.ledgers.ledger, [feed.name for feed in watch.feeds])
    for lane in engine.feeding.feeders.lanes:
        for name in lane.due_at:
            lane.put_off(name, 0.0)


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
        # Those that are claimed ahead are not asked yet.
        told = engine.desk.figures.feeds.values()
        wait_until(lambda: sum(feed.asked_at is not None for feed in told) == NAMED.threads)
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
    assert {skip.what: skip.why for skip in left_out(engine.desk.figures)} == {
        "4 feeds, such as archive:0": "it had not answered when the watch ended",
        f"feed {archives[-1].name}": "it had not been asked when the watch ended",
    }
    for archive in archives:
        archive.gate.set()


def test_a_watch_that_ends_early_says_once_what_it_has_not_asked(watch: Watch) -> None:
    watch.feeds = some_feeds(40)
    for feed in watch.feeds:
        feed.gate.clear()
    engine = watch.engine(once=False, parting=0.0)

    def look_on() -> None:
        wait_until(lambda: sum(len(feed.cursors) for feed in watch.feeds) == NAMED.threads)
        wait_until(lambda: claimed(watch) == NAMED.threads + NAMED.ahead)
        engine.stop()

    run_beside(engine, look_on)
    assert claimed(watch) == 0
    for feed in watch.feeds:
        feed.gate.set()
    assert {skip.what.partition(",")[0]: skip.why for skip in left_out(engine.desk.figures)} == {
        f"{NAMED.threads} feeds": "it had not answered when the watch ended",
        f"{40 - NAMED.threads} feeds": "it had not been asked when the watch ended",
    }
    # What was claimed ahead is not asked any more.
    answers = [engine.inbox.get(timeout=30) for _ in range(NAMED.threads)]
    assert len(answers) == sum(len(feed.cursors) for feed in watch.feeds) == NAMED.threads


def test_what_many_feeds_fail_for_is_said_of_one(watch: Watch) -> None:
    down = TroubleError(Trouble.UNREACHABLE, "no route")
    watch.feeds = some_feeds(20)
    for feed in watch.feeds:
        feed.answers[:0] = [down]
    watch.feeds.append(Told("org:acme", [TroubleError(Trouble.GONE, "no such account")] * 2))
    engine = watch.engine(once=False)

    def look_on() -> None:
        told = engine.desk.figures.feeds.values()
        wait_until(lambda: all(feed.trouble for feed in told))
        assert len(watch.listener.said) == 2
        make_due(watch, engine)
        wait_until(lambda: engine.desk.figures.scanned == 20)
        engine.stop()

    run_beside(engine, look_on)
    (fails,) = [line for line in watch.listener.said if line.endswith(": no route")]
    named = fails.removesuffix(": no route")
    assert sorted(watch.listener.said) == sorted(
        ["feed org:acme: no such account", fails, f"{named} answers again"]
    )


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
    monkeypatch.setattr("leakscan.crawl.feed_lanes.LONGEST_LIMIT", 1.0)
    started = time.monotonic()
    figures = watch.run()
    assert time.monotonic() - started > 0.98
    assert len(told.cursors) > 1
    assert [skip.why for skip in left_out(figures)] == [str(limit(0.02))]


def test_a_call_that_fails_ends_what_limits_have_kept_waiting(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakscan.crawl.feed_lanes.LONGEST_LIMIT", 0.5)
    gone = TroubleError(Trouble.GONE, "no such account")
    watch.feeds = [Told("org:acme", [limit(0.3), gone, limit(0.3), gone, limit(0.3)])]
    engine = watch.engine(once=False, first_wait=0.0)
    watch.feeds[0].then = engine.stop
    engine.run()
    assert {row.why for row in watch.ledgers.rows("polls", "why")} == {gone.what, None}
    assert len(watch.ledgers.rows("polls", "why")) == 3


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


def test_a_feed_says_that_it_answers_again_only_if_it_was_said_to_fail(watch: Watch) -> None:
    down = TroubleError(Trouble.UNREACHABLE, "no route")
    told = Told("org:acme", [down, a_poll(wait=0), a_poll(wait=0), down, a_poll(wait=0)])
    watch.feeds = [told, Told("user:ada", [limit(0.05, requests=1), a_poll(wait=0)])]
    engine = watch.engine(once=False, first_wait=0.0)

    def look_on() -> None:
        told = engine.desk.figures.feeds
        wait_until(lambda: told["org:acme"].polls >= 5 and told["user:ada"].polls >= 2)
        engine.stop()

    run_beside(engine, look_on)
    said = [line for line in watch.listener.said if "acme" in line]
    assert said == ["feed org:acme: no route", "feed org:acme answers again"] * 2
    assert len(watch.listener.said) == len(said) + 1


def test_whoever_has_waited_longest_comes_first_but_archives_are_read_to_their_end() -> None:
    for names in (["org:a", "org:b", "org:c"], ["archive:1", "archive:2"]):
        (lane,) = [lane for lane in lanes_of(names) if lane.due_at]
        moment = time.monotonic()
        assert lane.due(moment) == names
        lane.held[names[0]] = FeedClaim(names[0], None, "", 0)
        assert lane.due(moment) == names[1:]
        lane.held.clear()
        lane.put_off(names[0], moment)
        assert lane.due(moment) == (names if lane.reads_to_end else [*names[1:], names[0]])
        lane.put_off(names[0], moment + 1)
        assert lane.due(moment) == names[1:]
        for name in names:
            assert lane.due_at
            lane.end(name)
            lane.put_off(name, moment)
        assert not lane.due_at


def test_every_feed_has_its_lane_and_the_public_one_is_asked_first() -> None:
    lanes = lanes_of(["repo:a/b", "archive:x", "search", "org:a repositories", "events"])
    assert lanes[0].name == PUBLIC.name
    due = [lane.due(1.0) for lane in lanes]
    assert due == [["events"], ["search"], ["repo:a/b", "org:a repositories"], ["archive:x"]]

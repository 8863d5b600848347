"""Asking feeds, and writing down what they tell."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from engine_stage import Told, a_poll, an_event, run_beside, wait_until
from sqlalchemy import select

from leakscan.cli.watch_reasons import left_out
from leakscan.crawl.feeds.event_texts import Text
from leakscan.crawl.feeds.poll import Poll
from leakscan.crawl.pace import LONGEST_REST
from leakscan.ledger.push_tables import feeds
from leakscan.model import Skip
from leakscan.push import PushKind
from leakscan.trouble import Trouble, TroubleError
from pushes import a_push, some_pushes

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine_stage import Watch


def feed_rows(watch: Watch) -> list[Any]:
    with watch.ledgers.ledger.reading() as connection:
        return list(connection.execute(select(feeds)))


def cursors(watch: Watch) -> dict[str, str | None]:
    return {row.name: row.cursor for row in feed_rows(watch)}


def test_what_feeds_tell_is_queued_before_they_move_on(watch: Watch) -> None:
    watch.feeds = [Told("events", [a_poll(*some_pushes(5), cursor="one")])]
    figures = watch.run()
    assert (figures.seen, figures.scanned) == (5, 5)
    assert watch.feeds[0].cursors == [None]
    assert cursors(watch) == {"events": "one"}
    (row,) = watch.ledgers.rows("polls")
    assert (row.read, row.pushes, row.fresh) == (5, 5, 5)


def test_a_feed_goes_on_from_its_cursor(watch: Watch) -> None:
    told = Told("events", [a_poll(a_push(n), cursor=str(n), wait=0) for n in range(3)])
    watch.feeds = [told]
    engine = watch.engine(once=False)
    told.then = engine.stop
    engine.run()
    assert told.cursors == [None, "0", "1", "2"]
    assert len(watch.ledgers.rows("pushes")) == 3


def test_a_feed_that_fails_is_said_once_and_the_others_go_on(watch: Watch) -> None:
    down = TroubleError(Trouble.UNREACHABLE, "no route", "check the network")
    watch.feeds = [
        Told("org:acme", [down]),
        Told("user:ada", [ValueError("x")]),
        Told("events", [a_poll(a_push(1))]),
    ]
    figures = watch.run()
    assert figures.scanned == 1
    unexpected, expected = sorted(watch.listener.said, key=lambda line: "no route" in line)
    assert expected == "feed org:acme: no route: check the network"
    assert unexpected.startswith("feed user:ada: internal error (ValueError in engine_stage.py:")
    assert {skip.what for skip in left_out(figures)} == {"feed org:acme", "feed user:ada"}
    why = {row.feed: row.why for row in watch.ledgers.rows("polls", "feed, why")}
    assert why["org:acme"] == "no route: check the network"
    assert why["events"] is None


def test_a_feed_that_has_just_failed_is_said_to_have_told_nothing(watch: Watch) -> None:
    watch.feeds = [Told("events", [TroubleError(Trouble.UNREACHABLE, "no route")])]
    watch.run()
    watch.listener.said.clear()
    watch.feeds = [Told("events", [])]
    figures = watch.run()
    assert watch.feeds[0].cursors == []
    said = r"no route \(\d s ago; asked again in \d+ s, or at once with --retry\)"
    assert re.fullmatch(said, figures.feeds["events"].trouble or "")
    assert watch.listener.said == [f"feed events: {figures.feeds['events'].trouble}"]
    assert [skip.what for skip in left_out(figures)] == ["feed events"]


def test_a_feed_that_answered_a_moment_ago_is_no_trouble(watch: Watch) -> None:
    watch.feeds = [Told("events", [a_poll()])]
    watch.run()
    figures = watch.run()
    assert (list(left_out(figures)), watch.listener.said) == ([], [])
    assert watch.listener.remarks == ["events is not due yet, and is not asked"]


def test_when_a_feed_was_asked_and_is_asked_again_is_known(watch: Watch) -> None:
    watch.feeds = [Told("events", [a_poll(wait=60)])]
    feed = watch.run().feeds["events"]
    assert feed.asked_at
    assert feed.again_at
    assert 59 < feed.again_at - feed.asked_at < 90


def test_a_watch_of_archives_alone_ends_when_they_are_over(watch: Watch) -> None:
    last = replace(a_poll(a_push(1)), is_over=True)
    watch.feeds = [Told("archive:x", [last])]
    engine = watch.engine(once=False)
    engine.run()
    assert (engine.was_stopped, engine.desk.figures.scanned) == (False, 1)


def test_an_archive_that_an_earlier_watch_has_read_is_over(watch: Watch) -> None:
    watch.feeds = [Told("archive:x", [replace(a_poll(), is_over=True)])]
    watch.run()
    watch.engine(once=False).run()  # to its end
    assert len(watch.feeds[0].cursors) == 1


def test_an_archive_that_could_not_be_read_is_asked_again_by_the_next_watch(watch: Watch) -> None:
    lost = TroubleError(Trouble.UNREACHABLE, "given up: an hour", "check the network")
    given_up = Poll(wait=3600, has_lost=True, trouble=lost, cursor="end", is_over=True)
    watch.feeds = [Told("archive:x", [given_up, given_up])]
    for polls in (1, 2):
        figures = watch.run()
        assert len(watch.feeds[0].cursors) == polls
        assert list(left_out(figures)) == [Skip("feed archive:x", str(lost))]
    assert watch.listener.said == [f"feed archive:x: {lost}"] * 2


def test_an_archive_that_is_stopped_half_way_is_no_all_clear(watch: Watch) -> None:
    half = Told("archive:x", [a_poll(wait=3600)])
    watch.feeds = [half, Told("archive:y", [replace(a_poll(), is_over=True)])]
    engine = watch.engine(once=False)

    def stop_when_both_have_answered() -> None:
        wait_until(lambda: len(watch.ledgers.rows("polls", "id")) == 2)
        engine.stop()

    run_beside(engine, stop_when_both_have_answered)
    why = "it was not read to its end by then"
    assert list(left_out(engine.desk.figures)) == [Skip("feed archive:x", why)]


def test_a_list_whose_later_page_failed_is_a_failure_until_it_is_read(watch: Watch) -> None:
    cut = TroubleError(Trouble.BUSY, "not read to its end: HTTP 502")
    first = replace(a_poll(a_push(1), wait=0), trouble=cut)
    watch.feeds = [Told("events", [first, first, a_poll(wait=0)])]
    engine = watch.engine(once=False)
    watch.feeds[0].then = engine.stop
    engine.run()
    assert watch.listener.said == [f"feed events: {cut}", "feed events answers again"]
    assert list(left_out(engine.desk.figures)) == []
    polls = watch.ledgers.rows("polls", "id, has_failed, pushes, why")
    assert [(row.has_failed, row.pushes) for row in polls] == [(True, 1), (True, 1)] + [
        (False, 0)
    ] * (len(polls) - 2)
    watch.feeds = [Told("repo:acme/app", [first])]
    assert [skip.why for skip in left_out(watch.run())] == [str(cut)]


def test_a_limit_that_is_every_feeds_is_said_once(watch: Watch) -> None:
    busy = TroubleError(
        Trouble.BUSY, "GitHub's secondary limit: no call before 20:15:03 UTC", "", 500
    )
    watch.feeds = [Told(name, [busy]) for name in ("events", "org:acme", "user:ada")]
    figures = watch.run()
    assert watch.listener.said == [str(busy)]
    assert {feed.trouble for feed in figures.feeds.values()} == {str(busy)}


def test_calls_that_failed_are_calls(watch: Watch) -> None:
    down = TroubleError(Trouble.UNREACHABLE, "no route")
    down.requests = 2
    watch.feeds = [Told("events", [down])]
    assert watch.run().feed_requests == 2
    (row,) = watch.ledgers.rows("polls", "requests")
    assert row.requests == 2


def test_no_feed_is_believed_that_wants_to_rest_for_a_day(watch: Watch) -> None:
    watch.feeds = [Told("events", [TroubleError(Trouble.BUSY, "busy", "", 86_400)])]
    watch.run()
    (row,) = feed_rows(watch)
    assert (row.due_at - datetime.now(UTC)).total_seconds() <= LONGEST_REST


@pytest.mark.parametrize("is_gap", [False, True])
def test_a_feed_that_failed_and_then_had_a_gap_has_lost_something(
    watch: Watch, is_gap: bool
) -> None:
    down = TroubleError(Trouble.UNREACHABLE, "no route")
    first, last = a_poll(cursor="1", wait=0), replace(a_poll(cursor="2", wait=0), gap=is_gap)
    told = Told("events", [first, down, down, last, a_poll(cursor="3", wait=0)])
    watch.feeds = [told]
    engine = watch.engine(once=False, first_wait=0.0)
    told.then = engine.stop
    engine.run()
    feed = engine.desk.figures.feeds["events"]
    assert (feed.trouble, feed.gaps, feed.has_lost) == (None, is_gap, is_gap)
    assert bool(list(left_out(engine.desk.figures))) == is_gap
    again = "feed events answers again"
    assert watch.listener.said == ["feed events: no route", again]


def test_a_secret_in_the_text_of_an_event_is_found(
    watch: Watch, new_token: Callable[[], str]
) -> None:
    event = replace(an_event(a_push(1)), push=None, texts=(Text("issue 1", None, new_token()),))
    watch.feeds = [Told("events", [Poll((event,), read=1, fresh=1, cursor="x")])]
    assert len(watch.run().findings) == 1
    assert len(watch.answered) == 1


def test_an_event_that_cannot_be_searched_does_not_stop_its_feed(
    watch: Watch, new_token: Callable[[], str]
) -> None:
    broken = Text("issue 1", None, None)  # type: ignore[arg-type]
    whole = Text("issue 2", None, new_token())
    events = (
        replace(an_event(a_push(1)), texts=(broken,)),
        replace(an_event(a_push(2)), texts=(whole,)),
    )
    watch.feeds = [Told("events", [Poll(events, read=2, fresh=2, cursor="x")])]
    figures = watch.run()
    assert (figures.scanned, len(figures.findings)) == (2, 1)
    assert [skip.why for skip in left_out(figures)] == ["1 of its events could not be understood"]
    assert cursors(watch) == {"events": "x"}
    (said,) = watch.listener.said
    assert said.startswith("an event could not be searched: internal error (TypeError in events")
    (row,) = watch.ledgers.rows("polls")
    assert (row.read, row.malformed, row.repeated, row.trouble) == (2, 1, 0, None)


def test_texts_that_look_like_secrets_are_redacted_in_the_queue(watch: Watch) -> None:
    known = a_push(1, ref="refs/heads/hide-me", default_branch="refs/heads/hide-me")
    unknown = a_push(2, kind=PushKind.BRANCH, ref="refs/heads/hide-me", head=None)
    watch.feeds = [Told("events", [a_poll(known, unknown)])]
    watch.shelf.errors = {
        "acme/app1": TroubleError(Trouble.GONE, "there is no refs/heads/hide-me here")
    }
    watch.run()
    rows = watch.ledgers.rows("pushes", "ref, default_branch, why")
    assert {tuple(row) for row in rows} == {
        ("refs/heads/***", None, "there is no refs/heads/*** here"),
        ("", None, None),  # all of it is looked at
    }

"""Feeds of events: what is news, what is a gap, and what is told again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from event_samples import a_push, asking
from event_site import Site, feed_of, told
from hypothesis import given, settings
from hypothesis import strategies as st

from leakscan.trouble import Trouble, TroubleError
from servers import Reply, Request, a_json, running_web

if TYPE_CHECKING:
    from leakscan.crawl.github.calls import GitHub


def test_only_news_are_told(site: Site, github: GitHub) -> None:
    feed = feed_of(github)
    site.happen(1, 2)
    first = feed.poll(None)
    assert (told(first), first.read, first.fresh, first.gap) == ([2, 1], 2, 2, False)
    site.happen(3)
    second = feed.poll(first.cursor)
    assert (told(second), second.read, second.fresh, second.gap) == ([3], 3, 1, False)
    assert [event.push and event.push.feed for event in second.events] == ["events"]


def test_nothing_new_costs_nothing(site: Site, github: GitHub) -> None:
    feed = feed_of(github)
    site.happen(1)
    first = feed.poll(None)
    again = feed.poll(first.cursor)
    assert (again.events, again.read, again.requests) == ((), 0, 0)
    assert again.cursor == first.cursor
    assert site.asked[-1][2]
    site.happen(2)
    assert told(feed.poll(again.cursor)) == [2]


def test_the_etag_survives_the_process(site: Site, github: GitHub) -> None:
    site.happen(1)
    cursor = feed_of(github).poll(None).cursor
    assert feed_of(github).poll(cursor).requests == 0


def test_events_whose_cursor_was_not_kept_are_told_again(site: Site, github: GitHub) -> None:
    feed = feed_of(github)
    site.happen(1)
    first = feed.poll(None)
    site.happen(2)
    lost = feed.poll(first.cursor)
    assert told(lost) == [2]
    assert told(feed.poll(first.cursor)) == [2]
    assert told(feed_of(github).poll(first.cursor)) == [2]


@pytest.mark.parametrize("links", [True, False])
def test_pages_are_read_until_one_is_known(site: Site, github: GitHub, links: bool) -> None:
    site.links = links
    feed = feed_of(github)
    site.happen(*range(1, 251))
    poll = feed.poll(None)
    assert (poll.read, poll.fresh, poll.requests, poll.gap) == (250, 250, 3, False)
    site.happen(*range(251, 261))
    poll = feed.poll(poll.cursor)
    assert (sorted(told(poll)), poll.requests) == (list(range(251, 261)), 2)


def test_an_event_on_the_third_page_among_known_ones_is_found(site: Site, github: GitHub) -> None:
    """Events come out of order: one that is late may stand between older ones."""
    feed = feed_of(github)
    site.happen(*range(1, 251))
    cursor = feed.poll(None).cursor
    site.events.insert(240, a_push(1000))
    site.events.insert(150, a_push(1001))
    site.events.insert(0, a_push(1002))
    assert sorted(told(feed.poll(cursor))) == [1000, 1001, 1002]


def test_no_more_than_three_pages(site: Site, github: GitHub) -> None:
    site.happen(*range(1, 501))
    assert feed_of(github).poll(None).read == 300


def test_what_moves_to_the_next_page_is_told_once(site: Site) -> None:
    site.happen(*range(1, 151))
    plain = site.reply

    def reply(request: Request) -> Reply:
        if "page=2" in request.path:
            site.happen(*range(200, 210))
        return plain(request)

    with running_web(reply) as web, asking(web.url.removesuffix("/hook")) as busy:
        poll = feed_of(busy).poll(None)
    assert (poll.read, poll.fresh) == (160, 150)


def test_a_gap_is_told(site: Site, github: GitHub) -> None:
    feed = feed_of(github)
    site.happen(*range(1, 301))
    first = feed.poll(None)
    assert not first.gap  # nobody knows what was before
    site.happen(*range(301, 601))
    assert feed.poll(first.cursor).gap
    assert feed_of(github).poll(first.cursor).gap  # in another process too
    poll = feed_of(github).poll(first.cursor)
    site.happen(*range(601, 890))
    assert not feed_of(github).poll(poll.cursor).gap


def test_a_short_list_has_no_gap(site: Site, github: GitHub) -> None:
    feed = feed_of(github)
    site.happen(1)
    cursor = feed.poll(None).cursor
    site.events = [a_push(2)]  # the old one is older than 30 days
    assert not feed.poll(cursor).gap


def test_ids_collide(site: Site, github: GitHub) -> None:
    feed = feed_of(github)
    site.happen(1)
    cursor = feed.poll(None).cursor
    site.events.insert(0, a_push(2) | {"id": a_push(1)["id"]})
    assert told(feed.poll(cursor)) == [2]


def test_malformed_events_are_counted_and_the_others_told(site: Site, github: GitHub) -> None:
    site.events = [a_push(1), {"id": "x"}, None, 5, [], a_push(2, head="?"), a_push(3)]
    feed = feed_of(github)
    poll = feed.poll(None)
    assert (told(poll), poll.read, poll.fresh, poll.malformed) == ([1, 3], 7, 2, 5)
    site.happen(4)
    assert feed.poll(poll.cursor).malformed == 0  # once each


def test_what_is_not_public_is_passed_over(site: Site, github: GitHub) -> None:
    """A member's token shows private events, too."""
    site.events = [a_push(1), a_push(2) | {"public": False}]
    feed = feed_of(github)
    poll = feed.poll(None)
    assert (told(poll), poll.read, poll.malformed) == ([1], 1, 0)
    site.events.insert(0, a_push(3) | {"public": False})
    assert (feed.poll(poll.cursor).events, feed.poll(poll.cursor).malformed) == ((), 0)


def test_a_page_that_fails_loses_nothing(site: Site, github: GitHub) -> None:
    feed = feed_of(github)
    site.happen(*range(1, 251))
    site.broken_pages = {2}
    first = feed.poll(None)
    assert (first.fresh, first.wait >= 60) == (100, True)
    assert first.note
    assert "502" in first.note
    site.broken_pages = set()
    assert sorted(told(feed.poll(first.cursor))) == list(range(1, 151))


def test_a_first_page_that_fails_is_an_error(site: Site, github: GitHub) -> None:
    site.broken_pages = {1}
    with pytest.raises(TroubleError) as caught:
        feed_of(github).poll(None)
    assert caught.value.trouble is Trouble.BUSY


def test_a_name_that_nobody_has_is_to_be_checked() -> None:
    with running_web(lambda _: a_json({}, 404)) as web, asking(web.url) as github:
        with pytest.raises(TroubleError) as caught:
            feed_of(github, "repo:acme/typo").poll(None)
        assert str(caught.value) == (
            "GitHub knows no public repo:acme/typo: check the name in watch.sources"
        )
        assert (caught.value.trouble, caught.value.requests) == (Trouble.GONE, 1)


@pytest.mark.parametrize("body", [{}, None, 5, "events"])
def test_an_answer_that_is_no_list(body: object) -> None:
    with running_web(lambda _: a_json(body)) as web, asking(web.url) as github:
        feed = feed_of(github)
        with pytest.raises(TroubleError) as caught:
            feed.poll(None)
    assert caught.value.trouble is Trouble.BROKEN


@pytest.mark.parametrize(
    ("asked", "chosen", "wait"),
    [("60", None, 60), ("90", None, 90), (None, None, 60), ("90", 5.0, 5), ("9999999", None, 60),
     ("999999", None, 3600), ("-5", None, 60), ("soon", None, 60), ("nan", None, 60)],
)  # fmt: skip
def test_the_interval_is_the_sites_unless_the_operator_says_otherwise(
    site: Site, github: GitHub, asked: str | None, chosen: float | None, wait: float
) -> None:
    site.interval = asked
    feed = feed_of(github, interval=chosen)
    poll = feed.poll(None)
    assert poll.wait == wait
    assert feed.poll(poll.cursor).wait == wait


@pytest.mark.parametrize(
    "cursor",
    ["", "{", "5", "null", "[]", '{"etag": 5, "known": 5}', '{"known": [5, null]}', "[" * 5000],
)
def test_a_cursor_of_another_version_says_nothing(site: Site, github: GitHub, cursor: str) -> None:
    site.happen(1)
    assert told(feed_of(github).poll(cursor)) == [1]


@settings(max_examples=25)
@given(st.data())
def test_every_event_that_the_list_held_is_told(data: st.DataObject) -> None:
    """Whatever comes in between, in whatever order, and whichever cursors are lost."""
    site, happened, known = Site(), set(), set()
    with running_web(site.reply) as web, asking(web.url.removesuffix("/hook")) as github:
        feed, cursor, number = feed_of(github), None, 0
        for _ in range(data.draw(st.integers(1, 5))):
            for _ in range(data.draw(st.integers(0, 90))):
                number += 1
                at = data.draw(st.integers(0, min(3, len(site.events))))
                site.events.insert(at, a_push(number))
                happened.add(number)
            site.broken_pages = {2} if data.draw(st.booleans()) else set()
            poll = feed.poll(cursor)
            if data.draw(st.booleans()):  # else a crash
                known |= set(told(poll))
                cursor = poll.cursor
            else:
                feed = feed_of(github)
        site.broken_pages = set()
        known |= set(told(feed.poll(cursor)))
    held = {event["repo"]["id"] - 1000 for event in site.events[:200]}
    assert happened & held <= known

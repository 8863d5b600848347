"""Feeds of events: what is news, what is a gap, and what is told again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from event_samples import a_push, asking
from event_site import Site, feed_of, told
from hypothesis import given, settings
from hypothesis import strategies as st

from leakscan.crawl.feeds.sources import feeds_of
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
def test_a_list_that_has_changed_is_read_to_its_end(
    site: Site, github: GitHub, links: bool
) -> None:
    site.links = links
    feed = feed_of(github)
    site.happen(*range(1, 251))
    poll = feed.poll(None)
    assert (poll.read, poll.fresh, poll.requests, poll.gap) == (250, 250, 3, False)
    site.happen(*range(251, 261))
    poll = feed.poll(poll.cursor)
    assert (sorted(told(poll)), poll.requests) == (list(range(251, 261)), 3)
    assert feed.poll(poll.cursor).requests == 0


@pytest.mark.parametrize("place", [0, 50, 99, 100, 150, 199, 200, 249])
@pytest.mark.parametrize("happens", [[1000], []], ids=["first page has news", "it has none"])
def test_an_event_that_is_late_is_found_wherever_it_stands(
    site: Site, github: GitHub, place: int, happens: list[int]
) -> None:
    """Events come out of order: one that is late may stand between older ones."""
    feed = feed_of(github)
    site.happen(*range(1, 251))
    cursor = feed.poll(None).cursor
    site.events.insert(place, a_push(1001))
    del site.events[10]  # as of a repository that was deleted
    site.happen(*happens)
    for each in (feed, feed_of(github)):
        assert sorted(told(each.poll(cursor))) == [*happens, 1001]


def test_what_came_late_behind_an_unchanged_page_is_told_with_the_next_change(
    site: Site, github: GitHub
) -> None:
    feed = feed_of(github)
    site.happen(*range(1, 251))
    poll = feed.poll(None)
    site.events.insert(150, a_push(1000))
    poll = feed.poll(poll.cursor)
    assert (poll.events, poll.requests) == ((), 0)
    site.happen(251)
    assert told(feed.poll(poll.cursor)) == [251, 1000]


def test_an_event_stays_known_as_long_as_it_is_in_the_list(site: Site, github: GitHub) -> None:
    """To every process, although one came late and a cursor does not hold more than a list."""
    site.happen(*range(1, 301))
    cursor = feed_of(github).poll(None).cursor
    site.events.insert(249, a_push(1000))
    site.happen(301)
    poll = feed_of(github).poll(cursor)
    assert told(poll) == [301, 1000]
    site.happen(*range(302, 353))
    poll = feed_of(github).poll(poll.cursor)
    assert sorted(told(poll)) == list(range(302, 353))
    site.events[:2] = site.events[1::-1]
    poll = feed_of(github).poll(poll.cursor)
    assert (told(poll), poll.read) == ([], 300)


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


def test_a_list_that_was_empty_may_have_a_gap(site: Site, github: GitHub) -> None:
    cursor = feed_of(github).poll(None).cursor
    site.happen(*range(1, 400))
    assert feed_of(github).poll(cursor).gap
    del site.events[200:]
    assert not feed_of(github).poll(cursor).gap  # it ends with the second page


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
    assert sum(event.is_malformed for event in poll.events) == 5  # they may hold texts
    site.happen(4)
    for each in (feed, feed_of(github)):
        again = each.poll(poll.cursor)
        assert (told(again), again.read, again.malformed) == ([4], 8, 0)  # once each


def test_malformed_events_are_told_apart_by_what_they_say(site: Site, github: GitHub) -> None:
    bodies = ["one", "two", "three"]
    site.events = [{"payload": {"body": body}} for body in bodies]
    site.events += [a_push(1) | {"id": None}, a_push(1, head=None) | {"id": None}]
    feed = feed_of(github)
    poll = feed.poll(None)
    texts = {text.text for event in poll.events for text in event.texts}
    assert (poll.read, poll.malformed) == (5, 5)
    assert texts >= set(bodies)
    site.happen(2)
    again = feed.poll(poll.cursor)
    assert (told(again), again.malformed, len(again.events)) == ([2], 0, 1)


def test_what_is_not_public_is_passed_over(site: Site, github: GitHub) -> None:
    """A member's token shows private events, too."""
    site.events = [a_push(1), a_push(2) | {"public": False}]
    feed = feed_of(github)
    poll = feed.poll(None)
    assert (told(poll), poll.read, poll.malformed) == ([1], 1, 0)
    site.events.insert(0, {"public": False, "type": 5})
    assert (feed.poll(poll.cursor).events, feed.poll(poll.cursor).malformed) == ((), 0)


def test_a_page_that_fails_loses_nothing(site: Site, github: GitHub) -> None:
    feed = feed_of(github)
    site.happen(*range(1, 251))
    site.broken_pages = {2}
    first = feed.poll(None)
    assert (first.fresh, first.wait >= 60) == (100, True)
    assert first.trouble
    assert (first.trouble.trouble, first.note) == (Trouble.BUSY, None)
    assert str(first.trouble).startswith("not read to its end: /events: GitHub answered 502")
    site.broken_pages = set()
    second = feed.poll(first.cursor)
    assert (sorted(told(second)), second.trouble) == (list(range(1, 151)), None)


def test_a_first_page_that_fails_is_an_error(site: Site, github: GitHub) -> None:
    site.broken_pages = {1}
    with pytest.raises(TroubleError) as caught:
        feed_of(github).poll(None)
    assert caught.value.trouble is Trouble.BUSY


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("repo:acme/typo", "GitHub knows no public repo:acme/typo: check the name of this source"),
        (
            "org:ada",
            (
                "GitHub knows no organisation ada: check the name of this source; is it a user?"
                " then write user:ada"
            ),
        ),
        ("user:typo", "GitHub knows no user typo: check the name of this source"),
    ],
)
def test_a_name_that_nobody_has_is_to_be_checked(source: str, said: str) -> None:
    with running_web(lambda _: a_json({}, 404)) as web, asking(web.url) as github:
        for feed in feeds_of([source], github):  # an account's repositories, too
            with pytest.raises(TroubleError) as caught:
                feed.poll(None)
            assert str(caught.value) == said
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
     ("0", None, 60), ("999999", None, 3600), ("-5", None, 60), ("soon", None, 60),
     ("nan", None, 60)],
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
                at = data.draw(st.integers(0, len(site.events)))
                site.events.insert(at, a_push(number))
                happened.add(number)
            site.broken_pages = data.draw(st.sampled_from([set(), set(), {2}, {3}]))
            poll = feed.poll(cursor)
            assert not known & set(told(poll))
            if data.draw(st.booleans()):  # else a crash
                known |= set(told(poll))
                cursor = poll.cursor
            else:
                feed = feed_of(github)
        site.broken_pages = set()
        site.happen(number + 1)  # or a first page that stays as it was hides what came late
        known |= set(told(feed.poll(cursor)))
    held = {event["repo"]["id"] - 1000 for event in site.events[:300]}
    assert happened & held <= known

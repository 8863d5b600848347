"""Feeds of events, and the lists of an account's repositories, from a server on the loopback."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from event_samples import HEAD, a_push, an_event, asking
from hypothesis import given, settings
from hypothesis import strategies as st

from leakscan.crawl.feeds.events import parse_event
from leakscan.crawl.feeds.repositories import GRACE, RepositoriesFeed, TellTale
from leakscan.crawl.feeds.search import SearchFeed
from leakscan.crawl.feeds.sources import feeds_of
from leakscan.errors import UsageError
from leakscan.push import PushKind
from leakscan.trouble import Trouble, TroubleError
from servers import Reply, Request, a_json, running_web

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.crawl.feeds.poll import Feed, Poll
    from leakscan.crawl.github.calls import GitHub

PAGE = 100


@dataclass
class Site:
    """A list of events, newest first, as GitHub serves it."""

    events: list[Any] = field(default_factory=list)
    interval: str | None = "60"
    links: bool = False
    broken_pages: set[int] = field(default_factory=set)
    asked: list[tuple[str, int, str | None]] = field(default_factory=list)

    def happen(self, *numbers: int) -> None:
        for number in numbers:
            self.events.insert(0, a_push(number))

    def reply(self, request: Request) -> Reply:
        url = urlsplit(request.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        page = int(query.get("page", 1))
        known = request.headers.get("if-none-match")
        self.asked.append((url.path, page, known))
        assert query["per_page"] == str(PAGE)
        if page in self.broken_pages:
            return 502, {}, b"<html>Bad gateway</html>"
        shown = self.events[(page - 1) * PAGE : page * PAGE]
        etag = f'W/"{hash(json.dumps(shown))}"'
        headers = {"etag": etag, **({"x_poll_interval": self.interval} if self.interval else {})}
        if self.links and self.events[page * PAGE :]:
            following = (
                f"http://{request.headers['host']}{url.path}?per_page={PAGE}&page={page + 1}"
            )
            headers["link"] = f'<{following}>; rel="next"'
        if known == etag:
            return a_json(None, 304, **headers)
        return a_json(shown, **headers)


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def github(site: Site) -> Iterator[GitHub]:
    with running_web(site.reply) as web, asking(web.url.removesuffix("/hook")) as github:
        yield github


def feed_of(github: GitHub, source: str = "events", interval: float | None = None) -> Feed:
    return feeds_of([source], github, ["q"], interval)[0]


def told(poll: Poll) -> list[int]:
    return [event.repository_id - 1000 for event in poll.events]


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


# Which feeds there are.


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        ("events", ["/events"]),
        ("org:acme", ["/orgs/acme/events", "/orgs/acme/repos"]),
        ("user:ada", ["/users/ada/events/public", "/users/ada/repos"]),
        ("repo:ada/app.js", ["/repos/ada/app.js/events"]),
    ],
)
def test_sources(site: Site, github: GitHub, source: str, paths: list[str]) -> None:
    feeds = feeds_of([source, source], github)
    for feed in feeds:
        feed.poll(None)
    assert [path for path, _, _ in site.asked] == paths
    assert feeds[0].name == source
    assert len({feed.name for feed in feeds}) == len(paths)


def test_search_is_a_source(github: GitHub) -> None:
    (feed,) = feeds_of(["search"], github, ["REPLICATE_API_TOKEN"])
    assert isinstance(feed, SearchFeed)
    with pytest.raises(UsageError, match="queries"):
        feeds_of(["search"], github)


@pytest.mark.parametrize(
    "source", ["", "event", "org:", "org:a/b", "user:../x", "repo:ada", "repo:ada/..", "repo:a/b/c",
               "repo:a/b?x", "team:x", "org:a\nb"],
)  # fmt: skip
def test_unknown_sources(github: GitHub, source: str) -> None:
    with pytest.raises(UsageError) as caught:
        feeds_of([source], github)
    assert "\n" not in str(caught.value)


# The list of repositories.

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


def a_repository(number: int, pushed_at: str | None, **fields: object) -> dict[str, Any]:
    usual = {
        "id": 1000 + number,
        "full_name": f"ada/app-{number}",
        "private": False,
        "default_branch": "trunk",
        "description": "An app",
        "created_at": "2020-01-01T00:00:00Z",
        "pushed_at": pushed_at,
    }
    return usual | fields


def repositories(github: GitHub, told: TellTale | None = None) -> RepositoriesFeed:
    return RepositoriesFeed("org:ada repositories", "/orgs/ada/repos", github,
                            told or TellTale(), NOW.timestamp)  # fmt: skip


def test_repositories_are_found_at_first_and_then_when_they_are_pushed_to(
    site: Site, github: GitHub
) -> None:
    feed = repositories(github)
    site.events = [a_repository(n, "2025-06-01T00:00:00Z") for n in (1, 2)]
    first = feed.poll(None)
    assert told(first) == [1, 2]
    push = first.events[0].push
    assert push
    assert (push.kind, push.ref, push.default_branch, push.before, push.head) == (
        PushKind.BRANCH, "refs/heads/trunk", "refs/heads/trunk", None, None,
    )  # fmt: skip
    assert push.happened_at == datetime(2025, 6, 1, tzinfo=UTC)
    again = feed.poll(first.cursor)
    assert again.events == ()
    site.events[1]["pushed_at"] = "2026-01-02T11:00:00Z"
    assert told(feed.poll(again.cursor)) == [2]


def test_what_events_told_is_not_told_again(site: Site, github: GitHub) -> None:
    (events, listed) = feeds_of(["org:ada"], github)
    site.events = [a_push(1)]  # 03:04:05
    events.poll(None)
    site.events = [
        a_repository(1, "2026-01-02T03:04:06Z"),
        a_repository(2, "2026-01-02T03:04:06Z"),
        a_repository(3, None),
    ]
    first = listed.poll(None)
    assert told(first) == [2, 3]
    site.events[0]["pushed_at"] = "2026-01-02T03:20:00Z"
    assert told(listed.poll(first.cursor)) == [1]


def test_an_event_is_waited_for(site: Site, github: GitHub) -> None:
    site.events = [a_repository(1, (NOW - GRACE / 2).isoformat())]
    feed = repositories(github)
    first = feed.poll(None)
    assert told(first) == []
    later = RepositoriesFeed(feed.name, "/orgs/ada/repos", github, TellTale(),
                             (NOW + GRACE).timestamp)  # fmt: skip
    assert told(later.poll(first.cursor)) == [1]


def test_private_and_malformed_repositories(site: Site, github: GitHub) -> None:
    good = a_repository(1, "2025-06-01T00:00:00Z")
    site.events = [
        good | {"id": 5, "private": True},
        good | {"full_name": "x"},
        good | {"id": None},
        good | {"pushed_at": "yesterday"},
        None,
        good | {"default_branch": "a b"},
    ]
    poll = repositories(github).poll(None)
    assert (poll.malformed, poll.read) == (5, 6)
    (event,) = poll.events
    assert event.push
    assert event.push.ref == "HEAD"


def test_the_list_that_is_remembered_is_bounded(site: Site, github: GitHub) -> None:
    site.links = True
    site.events = [a_repository(n, f"2025-06-{30 - n // 50:02}T00:00:00Z") for n in range(1200)]
    first = repositories(github).poll(None)
    assert (first.read, len(site.asked)) == (1000, 10)
    site.events.insert(0, a_repository(5000, "2025-07-01T00:00:00Z"))
    second = repositories(github).poll(first.cursor)
    assert (told(second), second.read) == ([5000], 100)
    assert second.cursor
    assert len(json.loads(second.cursor)) == 1000
    assert told(repositories(github).poll(second.cursor)) == []


def test_tell_tales() -> None:
    tale = TellTale()
    tale.note(parse_event(a_push(1, head=HEAD), "github.com", "x"))
    tale.note(parse_event(an_event(2), "github.com", "x"))
    pushed = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert tale.has_told(1001, pushed)
    assert not tale.has_told(1001, pushed.replace(hour=4))
    assert not tale.has_told(1002, pushed)  # starred only

"""The lists of an account's repositories: what no event told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from event_samples import HEAD, a_push, an_event
from event_site import Site, told

from leakscan.crawl.feeds.events import parse_event, scan_event
from leakscan.crawl.feeds.repositories import GRACE, RepositoriesFeed, TellTale
from leakscan.crawl.feeds.sources import feeds_of
from leakscan.detect import Detector
from leakscan.push import PushKind
from leakscan.rules import load_rules, select_rules
from leakscan.sources.sighting import Tally
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable

    from leakscan.crawl.github.calls import GitHub

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
    assert (poll.malformed, poll.fresh, poll.read) == (4, 1, 5)
    event, *others = poll.events
    assert event.push
    assert event.push.ref == "HEAD"
    assert [other.is_malformed for other in others] == [True] * 4


def test_a_token_in_a_repository_that_cannot_be_understood_is_found(
    site: Site, github: GitHub, new_token: Callable[[], str]
) -> None:
    shown, hidden = new_token(), new_token()
    odd = a_repository(1, "yesterday", description=shown, html_url="https://github.com/ada/app-1")
    site.events = [odd, odd | {"private": True, "description": hidden}]
    poll = repositories(github).poll(None)
    assert (poll.malformed, poll.fresh, poll.read) == (1, 0, 1)
    detector = Detector(select_rules(load_rules(), ()))
    (seen,) = (each for event in poll.events for each in scan_event(event, detector, Tally()))
    assert (seen.match.secret.reveal(), seen.location.url) == (shown, odd["html_url"])
    assert seen.location.path == "description of an event that could not be understood"


def test_the_list_that_is_remembered_is_bounded(site: Site, github: GitHub) -> None:
    site.links = True
    site.events = [a_repository(n, f"2025-06-{30 - n // 50:02}T00:00:00Z") for n in range(1200)]
    first = repositories(github).poll(None)
    assert (first.read, len(site.asked), first.gap) == (1000, 10, True)
    site.events.insert(0, a_repository(5000, "2025-07-01T00:00:00Z"))
    second = repositories(github).poll(first.cursor)
    assert (told(second), second.read, second.gap) == ([5000], 100, False)
    assert second.cursor
    assert len(json.loads(second.cursor)) == 1000
    assert told(repositories(github).poll(second.cursor)) == []


def test_pages_are_read_until_something_is_known(site: Site, github: GitHub) -> None:
    site.links = True
    site.events = [a_repository(n, "2025-06-01T00:00:00Z") for n in range(150)]
    first = repositories(github).poll(None)
    assert (first.read, first.gap) == (150, False)
    news = [a_repository(n, "2025-06-02T00:00:00Z") for n in range(1000, 1250)]
    site.events = news + site.events
    second = repositories(github).poll(first.cursor)
    assert (len(second.events), second.read, second.gap) == (250, 300, False)
    assert repositories(github).poll(second.cursor).read == 100


def test_a_later_page_that_fails_keeps_nothing_from_us(site: Site, github: GitHub) -> None:
    site.links = True
    site.events = [a_repository(0, "2025-06-01T00:00:00Z")]
    cursor = repositories(github).poll(None).cursor
    site.events = [a_repository(n, "2025-06-02T00:00:00Z") for n in range(1, 251)] + site.events
    site.broken_pages = {2}
    first = repositories(github).poll(cursor)
    assert (told(first), first.gap, first.cursor) == (list(range(1, 101)), False, cursor)
    assert first.trouble
    assert str(first.trouble).startswith("not read to its end: ")
    assert "502" in str(first.trouble)
    assert (first.requests, 60 <= first.wait < 900) == (2, True)
    site.broken_pages = set()
    second = repositories(github).poll(first.cursor)
    assert (told(second), second.trouble) == (list(range(1, 251)), None)


def test_a_first_page_that_fails_is_an_error_and_a_request(site: Site, github: GitHub) -> None:
    site.broken_pages = {1}
    with pytest.raises(TroubleError) as caught:
        repositories(github).poll(None)
    assert (caught.value.trouble, caught.value.requests) == (Trouble.BUSY, 1)


def test_more_news_than_pages_is_a_gap(site: Site, github: GitHub) -> None:
    site.links = True
    site.events = [a_repository(1, "2025-06-01T00:00:00Z")]
    cursor = repositories(github).poll(None).cursor
    news = [a_repository(n, "2025-06-02T00:00:00Z") for n in range(1000, 2001)]
    site.events = news + site.events
    poll = repositories(github).poll(cursor)
    assert (poll.read, poll.gap) == (1000, True)


def test_what_moves_to_the_next_page_is_not_known_from_before(site: Site, github: GitHub) -> None:
    site.links = True
    site.events = [a_repository(n, "2025-06-01T00:00:00Z") for n in range(250)]
    site.events.insert(100, site.events[99])
    poll = repositories(github).poll(None)
    assert (len(poll.events), poll.read) == (250, 251)


def test_tell_tales() -> None:
    tale = TellTale()
    tale.note(parse_event(a_push(1, head=HEAD), "github.com", "x"))
    tale.note(parse_event(an_event(2), "github.com", "x"))
    pushed = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert tale.has_told(1001, pushed)
    assert not tale.has_told(1001, pushed.replace(hour=4))
    assert not tale.has_told(1002, pushed)  # starred only

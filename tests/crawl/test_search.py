"""Code search, a page of a query at a time, from a server on the loopback."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from event_samples import HEAD, SEARCHED, asking

from leakscan.crawl.feeds.events import scan_event
from leakscan.crawl.feeds.search import FRAGMENTS, SearchFeed
from leakscan.detect import Detector
from leakscan.push import PushKind
from leakscan.rules import load_rules, select_rules
from leakscan.sources.sighting import Tally
from leakscan.trouble import Trouble, TroubleError
from servers import Reply, Request, a_json, running_web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leakscan.crawl.github.calls import GitHub

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


@dataclass
class Site:
    """Code search, with the results of each query."""

    results: dict[str, list[Any]] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    incomplete: bool = False
    asked: list[tuple[str, int]] = field(default_factory=list)
    accepts: set[str] = field(default_factory=set)

    def reply(self, request: Request) -> Reply:
        url = urlsplit(request.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        assert url.path == "/search/code"
        words, page, size = query["q"], int(query["page"]), int(query["per_page"])
        self.asked.append((words, page))
        self.accepts.add(request.headers["accept"])
        if words in self.refused:
            return a_json({"message": "Validation Failed"}, self.refused[words])
        found = self.results.get(words, [])
        return a_json(
            {
                "total_count": len(found),
                "incomplete_results": self.incomplete,
                "items": found[(page - 1) * size : page * size],
            }
        )


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def github(site: Site) -> Iterator[GitHub]:
    with running_web(site.reply) as web, asking(web.url.removesuffix("/hook")) as github:
        yield github


def feed_of(github: GitHub, *queries: str) -> SearchFeed:
    return SearchFeed("search", github, queries or ("one",), clock=NOW.timestamp)


def a_result(number: int, **fields: object) -> dict[str, Any]:
    item: dict[str, Any] = copy.deepcopy(SEARCHED["items"][0])
    item["repository"] |= {"id": 1000 + number, "full_name": f"ada/app-{number}"}
    item["html_url"] = f"https://github.com/ada/app-{number}/blob/{HEAD}/a/.env"
    return item | fields


def test_recorded_results(site: Site, github: GitHub) -> None:
    site.results["one"] = SEARCHED["items"]
    poll = feed_of(github).poll(None)
    assert (poll.read, poll.fresh, poll.malformed, poll.wait) == (3, 3, 0, 60)
    assert site.accepts == {FRAGMENTS}
    push = poll.events[0].push
    assert push
    assert (push.kind, push.repository, push.repository_id) == (
        PushKind.BRANCH, "jacquev6/MockMockMock", 6430524,
    )  # fmt: skip
    assert (push.ref, push.default_branch, push.before) == ("HEAD", "HEAD", None)
    assert push.head == "562a55542f55426f6853f3013309c85f402c359e"
    assert (push.happened_at, push.feed) == (NOW, "search")


def test_a_token_in_a_fragment_or_a_path_is_found_at_once(
    site: Site, github: GitHub, token: str
) -> None:
    item = a_result(1, path=f"keys/{token}")
    item["text_matches"][0]["fragment"] = f"export REPLICATE_API_TOKEN={token}\n"
    site.results["one"] = [item]
    (event,) = feed_of(github).poll(None).events
    detector = Detector(select_rules(load_rules(), ()))
    sightings = scan_event(event, detector, Tally(), "https://github.com")
    places = [seen.location for seen in sightings]
    assert {place.date for place in places} == {None}  # nobody knows since when it is there
    assert {place.path for place in places} == {
        "text matches fragment of a search result", "path of a search result",
    }  # fmt: skip
    assert {place.url for place in places} == {item["html_url"]}
    assert {place.repository for place in places} == {"https://github.com/ada/app-1"}


def test_one_page_of_one_query_a_poll_round_and_round(site: Site, github: GitHub) -> None:
    site.results = {"one": [a_result(n) for n in range(150)], "two": [a_result(500)]}
    feed, cursor = feed_of(github, "one", "two"), None
    told = []
    for _ in range(4):
        poll = feed.poll(cursor)
        told.append(len(poll.events))
        cursor = poll.cursor
    assert site.asked == [("one", 1), ("one", 2), ("two", 1), ("one", 1)]
    assert told == [100, 50, 1, 0]  # what is known is not told again
    assert feed_of(github, "one", "two").poll("0:2").read == 50  # goes on after a restart
    assert site.asked[-1] == ("one", 2)


def test_no_more_than_ten_pages(site: Site, github: GitHub) -> None:
    site.results = {"one": [a_result(n) for n in range(1200)]}
    feed, cursor = feed_of(github, "one", "two"), None
    for _ in range(11):
        cursor = feed.poll(cursor).cursor
    assert site.asked[9:] == [("one", 10), ("two", 1)]


def test_results_whose_cursor_was_not_kept_are_told_again(site: Site, github: GitHub) -> None:
    site.results = {"one": [a_result(1)]}
    feed = feed_of(github)
    assert len(feed.poll(None).events) == 1
    assert len(feed.poll(None).events) == 1


def test_a_file_that_changed_is_told_again(site: Site, github: GitHub) -> None:
    site.results = {"one": [a_result(1)]}
    feed = feed_of(github)
    cursor = feed.poll(None).cursor
    site.results = {"one": [a_result(1, sha="0" * 39 + "1")]}
    assert len(feed.poll(cursor).events) == 1


@pytest.mark.parametrize("status", [403, 422])
def test_a_refused_query_is_said_and_passed_over(site: Site, github: GitHub, status: int) -> None:
    site.refused, site.results = {"bad": status}, {"good": [a_result(1)]}
    first = feed_of(github, "bad", "good").poll(None)
    assert (first.events, first.has_lost) == ((), True)
    assert first.trouble
    assert (first.trouble.trouble, first.requests) == (Trouble.REFUSED, 1)
    assert "query 1" in str(first.trouble)
    assert "login" in str(first.trouble)
    second = feed_of(github, "bad", "good").poll(first.cursor)  # in another process
    assert (len(second.events), second.has_lost, second.trouble) == (1, False, None)
    third = feed_of(github, "bad", "good").poll(second.cursor)
    assert str(third.trouble) == str(first.trouble)


def test_a_refused_query_is_trouble_until_it_is_answered(site: Site, github: GitHub) -> None:
    site.refused, site.results = {"bad": 422}, {"good": [a_result(1)], "bad": [a_result(2)]}
    feed, cursor = feed_of(github, "bad", "good"), None
    for _ in range(4):
        poll = feed.poll(cursor)
        assert "query 1" in str(poll.trouble)
        cursor = poll.cursor
    site.refused = {}
    poll = feed.poll(cursor)
    assert (len(poll.events), poll.trouble) == (1, None)
    assert feed.poll(poll.cursor).trouble is None


def test_when_all_are_refused_it_goes_on_saying_so(site: Site, github: GitHub) -> None:
    site.refused = {"a": 422, "b": 422}
    cursor = feed_of(github, "a", "b").poll(None).cursor
    for _ in range(2):
        with pytest.raises(TroubleError, match="query 2") as caught:
            feed_of(github, "a", "b").poll(cursor)
        assert (caught.value.trouble, caught.value.requests) == (Trouble.REFUSED, 1)
    site.refused = {"a": 422}
    assert feed_of(github, "a", "b").poll(cursor).cursor == "2:1"


def test_a_token_that_is_refused_is_no_refused_query(site: Site, github: GitHub) -> None:
    site.refused = {"a": 401}
    with pytest.raises(TroubleError) as caught:
        feed_of(github, "a", "b").poll(None)
    assert caught.value.trouble is Trouble.BARRED


def test_malformed_results(site: Site, github: GitHub) -> None:
    private = a_result(2)
    private["repository"]["private"] = True
    site.results["one"] = [
        None, 5, {}, {"repository": {"full_name": "x", "id": 1}}, private,
        a_result(1, repository={"full_name": "ada/app", "id": "5"}), a_result(3, html_url=5),
    ]  # fmt: skip
    poll = feed_of(github).poll(None)
    assert (poll.read, poll.fresh, poll.malformed) == (6, 1, 5)  # what is private has not leaked
    event, *others = poll.events
    assert event.push
    assert event.push.head is None  # where the tip is, is looked up
    assert [other.is_malformed for other in others] == [True] * 5


def test_a_token_in_a_result_that_cannot_be_understood_is_found(
    site: Site, github: GitHub, new_token: Callable[[], str]
) -> None:
    shown, hidden = new_token(), new_token()
    odd, private = a_result(1, path=shown), a_result(2, path=hidden)
    odd["repository"]["id"] = private["repository"]["id"] = None
    private["repository"]["private"] = True
    site.results["one"] = [odd, private]
    poll = feed_of(github).poll(None)
    assert (poll.read, poll.fresh, poll.malformed) == (1, 0, 1)
    detector = Detector(select_rules(load_rules(), ()))
    (seen,) = (each for event in poll.events for each in scan_event(event, detector, Tally()))
    assert (seen.match.secret.reveal(), seen.location.url) == (shown, odd["html_url"])


@pytest.mark.parametrize("body", [[], None, {}, {"items": None}, {"items": {}}])
def test_an_answer_without_results(body: object) -> None:
    with running_web(lambda _: a_json(body)) as web, asking(web.url) as github:
        feed = feed_of(github)
        with pytest.raises(TroubleError) as caught:
            feed.poll(None)
    assert caught.value.trouble is Trouble.BROKEN


def test_incomplete_results_are_said(site: Site, github: GitHub) -> None:
    site.incomplete = True
    note = feed_of(github).poll(None).note
    assert note
    assert "query 1" in note


@pytest.mark.parametrize("cursor", ["", "x", "5:1", "0:0", "0:11", "-1:1", "0:1:1", "٣:1"])
def test_a_cursor_of_another_version_begins_anew(site: Site, github: GitHub, cursor: str) -> None:
    feed_of(github, "one", "two").poll(cursor)
    assert site.asked == [("one", 1)]

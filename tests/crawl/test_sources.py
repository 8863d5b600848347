"""Which feeds the operator's sources stand for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from leakscan.crawl.feeds.search import SearchFeed
from leakscan.crawl.feeds.sources import feeds_of
from leakscan.crawl.github.calls import GitHub
from leakscan.crawl.github.credentials import FixedToken
from leakscan.crawl.github.governor import Governor
from leakscan.crawl.source_names import check_sources
from leakscan.errors import UsageError
from servers import Reply, Request, running_web

if TYPE_CHECKING:
    from event_site import Site

    from leakscan.crawl.feeds.poll import Poll


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
    feeds = feeds_of([source, source.replace("acme", "ACME").replace("ada", "Ada")], github)
    for feed in feeds:
        feed.poll(None)
    assert [path for path, _, _ in site.asked] == paths
    assert feeds[0].name == source
    assert len({feed.name for feed in feeds}) == len(paths)


def test_more_feeds_than_may_ask_at_once(site: Site) -> None:
    """They wait for each other; none of them fails."""
    polls: list[Poll] = []
    gate = threading.Event()

    def reply(request: Request) -> Reply:
        gate.wait(60)
        return site.reply(request)

    with running_web(reply) as web:
        governor = Governor([FixedToken("env:A", "secret-a")], 2)
        github = GitHub(web.url.removesuffix("/hook"), governor, pytest.fail)
        feeds = feeds_of([f"org:acme-{number}" for number in range(10)], github)
        threads = [
            threading.Thread(target=lambda feed=feed: polls.append(feed.poll(None)))
            for feed in feeds
        ]
        for thread in threads:
            thread.start()
        gate.set()
        for thread in threads:
            thread.join()
        github.close()
    assert len(polls) == 20


def test_search_is_a_source(github: GitHub) -> None:
    (feed,) = feeds_of(["search"], github, ["REPLICATE_API_TOKEN"])
    assert isinstance(feed, SearchFeed)
    with pytest.raises(UsageError, match="queries"):
        feeds_of(["search"], github)


def test_a_feed_is_the_same_one_however_it_is_spelled(github: GitHub) -> None:
    names = {tuple(feed.name for feed in feeds_of([f"org:{n}"], github)) for n in ("Acme", "acme")}
    assert names == {("org:acme", "org:acme repositories")}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("event", "unknown source event: write events"),
        ("Search", "write search"),
        ("ORG:acme", "write org:acme"),
        ("orgs:acme", "write org:acme"),
        ("organisation: acme", "write org:acme"),
        ("users:ada", "write user:ada"),
        ("org:acme/app", "write repo:acme/app"),
        ("repository:acme/app", "write repo:acme/app"),
        ("acme/app", "write repo:acme/app"),
        ("acme", "write org:acme or user:acme"),
        ("https://github.com/acme/app", "write repo:acme/app"),
        ("https://github.com/acme/app.git", "write repo:acme/app"),
        ("https://github.com/acme/app/tree/main", "write repo:acme/app"),
        ("https://github.com/acme/", "write org:acme or user:acme"),
        ("git@github.com:acme/app.git", "write repo:acme/app"),
        ("team:x", "write events, search, org:NAME, user:NAME or repo:OWNER/NAME"),
        ("repo:ada", "write events, search, org:NAME, user:NAME or repo:OWNER/NAME"),
        ("https://me:hunter2@example.com/acme/app", "https://example.com/acme/app"),
        ("org:a\nb", "unknown source org:a\\nb: write events"),
    ],
)
def test_what_was_meant_is_told(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_sources(["events", text], "--source: ")
    assert str(caught.value).startswith("--source: ")
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_token_in_the_place_of_a_source_is_not_shown() -> None:
    with pytest.raises(UsageError) as caught:
        check_sources(["ghp_hunter2secret"])
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "source", ["", "event", "org:", "org:a/b", "user:../x", "repo:ada", "repo:ada/..", "repo:a/b/c",
               "repo:a/b?x", "team:x", "org:a\nb"],
)  # fmt: skip
def test_unknown_sources(github: GitHub, source: str) -> None:
    with pytest.raises(UsageError) as caught:
        feeds_of([source], github)
    assert "\n" not in str(caught.value)

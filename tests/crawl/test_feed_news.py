"""What is said of feeds, and how often."""

from __future__ import annotations

import pytest
from engine_stage import Listener

from leakscan.crawl.feed_news import FeedNews
from leakscan.crawl.figures import FeedFigures
from leakscan.ledger.feeds import FeedFailure

A, B, C = "repo:acme/a", "repo:acme/b", "repo:acme/c"


@pytest.fixture
def listener() -> Listener:
    """Keep what is said."""
    return Listener()


@pytest.fixture
def news(listener: Listener) -> FeedNews:
    """Tell of three feeds."""
    feeds = {name: FeedFigures() for name in (A, B, C)}
    return FeedNews(listener, lambda text: text.replace("hide-me", "***"), feeds)


def test_one_feed_is_named_for_what_all_fail_for(news: FeedNews, listener: Listener) -> None:
    for name in (A, B, A, B):
        news.failed(name, "no route")
    assert listener.said == [f"feed {A}: no route"]
    assert {feed.trouble for feed in news.feeds.values()} == {"no route", None}
    news.answered(B)
    news.answered(C)
    news.answered(A)
    assert listener.said[1:] == [f"feed {A} answers again"]
    assert {feed.trouble for feed in news.feeds.values()} == {None}


def test_another_is_named_when_the_first_answers_or_fails_for_something_else(
    news: FeedNews, listener: Listener
) -> None:
    for name in (A, B, C):
        news.failed(name, "no route")
    news.answered(A)
    news.failed(B, "no route")
    news.failed(B, "no login")
    news.failed(C, "no route")
    assert listener.said == [
        f"feed {A}: no route",
        f"feed {A} answers again",
        f"feed {B}: no route",
        f"feed {B}: no login",
        f"feed {C}: no route",
    ]


def test_a_feed_that_is_left_alone_says_so_once_for_all(news: FeedNews, listener: Listener) -> None:
    for number, name in enumerate((A, B, A, B)):
        news.left_alone(name, FeedFailure(number, 15 - number, "no route"))
    trouble = "no route (0 s ago; asked again in 15 s, or at once with --retry)"
    assert listener.said == [f"feed {A}: {trouble}"]
    assert [feed.trouble for feed in news.feeds.values()] == [trouble, trouble, None]
    news.failed(A, "no route")
    assert len(listener.said) == 1
    news.answered(A)
    assert listener.said[1:] == [f"feed {A} answers again"]


def test_what_is_known_of_a_feed_is_not_said_again_of_one_that_is_left_alone(
    news: FeedNews, listener: Listener
) -> None:
    news.failed(A, "no route")
    news.left_alone(A, FeedFailure(3, 12, "no route"))
    assert listener.said == [f"feed {A}: no route"]
    assert news.feeds[A].trouble == "no route"


def test_a_limit_is_every_feeds(news: FeedNews, listener: Listener) -> None:
    news.failed(A, "no route")
    for name in (A, B):
        news.limited("900 calls a minute", name)
    news.limited("900 calls a minute")
    assert listener.said == [f"feed {A}: no route", "900 calls a minute"]
    assert [feed.trouble for feed in news.feeds.values()] == ["900 calls a minute"] * 2 + [None]
    news.failed(C, "no route")
    assert listener.said[2:] == [f"feed {C}: no route"]
    news.answered(A)
    news.answered(B)
    assert listener.said[3:] == [f"feed {A} answers again"]


def test_a_note_is_said_again_when_it_was_gone(news: FeedNews, listener: Listener) -> None:
    for note in ("page 2 is missing", "page 2 is missing", None, "page 2 is missing"):
        news.note(A, note)
    assert listener.said == ["page 2 is missing"] * 2


def test_no_secret_is_said(news: FeedNews, listener: Listener) -> None:
    news.note(A, "hide-me")
    news.failed(B, "no hide-me")
    assert listener.said == ["***", f"feed {B}: no ***"]

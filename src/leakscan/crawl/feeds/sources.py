"""What to look at next: the feeds that the operator has chosen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from leakscan.crawl.feeds.event_feed import EventFeed
from leakscan.crawl.feeds.poll import Feed, Poll
from leakscan.crawl.feeds.repositories import RepositoriesFeed, TellTale
from leakscan.crawl.feeds.search import SearchFeed
from leakscan.crawl.names import ACCOUNT, REPOSITORY
from leakscan.errors import UsageError
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from leakscan.crawl.github.calls import GitHub

__all__ = ["Feed", "Poll", "feeds_of"]


def feeds_of(
    sources: Iterable[str],
    github: GitHub,
    queries: Sequence[str] = (),
    interval: float | None = None,
) -> tuple[Feed, ...]:
    """Make the feeds of sources; one that is named twice is polled once.

    An account is two feeds: its events, and the list of its repositories.

    Args:
        sources: ``events`` for all public ones, ``org:NAME``, ``user:NAME``, ``repo:OWNER/NAME``
            or ``search``.
        github: whom to ask.
        queries: of ``search``.
        interval: seconds between two polls if the operator chose them; ``None`` to do as the
            site asks.

    Raises:
        UsageError: a source is none of these.
    """
    feeds: dict[str, Feed] = {}
    for source in sources:
        for feed in _feeds(source, github, queries, interval):
            feeds.setdefault(feed.name, feed)
    return tuple(feeds.values())


def _feeds(
    source: str, github: GitHub, queries: Sequence[str], interval: float | None
) -> Iterator[Feed]:
    kind, _, name = source.partition(":")
    if source == "events":
        yield EventFeed(source, "/events", github, interval)
    elif source == "search" and queries:
        yield SearchFeed(source, github, queries)
    elif kind in ("org", "user") and re.fullmatch(ACCOUNT, name):
        told = TellTale()
        account = f"/{kind}s/{name}"
        events = f"{account}/events" if kind == "org" else f"{account}/events/public"
        yield EventFeed(source, events, github, interval, hear=told.note)
        yield RepositoriesFeed(f"{source} repositories", f"{account}/repos", github, told)
    elif kind == "repo" and re.fullmatch(REPOSITORY, name):
        yield EventFeed(source, f"/repos/{name}/events", github, interval)
    elif source == "search":
        raise UsageError("the source search has no queries", "set watch.search, or drop it")
    else:
        remedy = "use events, org:NAME, user:NAME, repo:OWNER/NAME or search"
        raise UsageError(f"unknown source {safe_text(source[:100])}", remedy)

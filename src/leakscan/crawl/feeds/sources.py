"""What to look at next: the feeds that the operator has chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakscan.crawl.feeds.event_feed import EventFeed
from leakscan.crawl.feeds.poll import Feed, Poll
from leakscan.crawl.feeds.repositories import RepositoriesFeed, TellTale
from leakscan.crawl.feeds.search import SearchFeed
from leakscan.crawl.source_names import check_sources, each_once, same
from leakscan.errors import UsageError

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
    """Make the feeds of sources; one that is named twice, in whatever case, is polled once.

    An account is two feeds: its events, and the list of its repositories.  Their names are in
    lower case, so that a feed is the same one in the ledger however it is spelled.

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
    sources = each_once(sources)
    check_sources(sources)
    if "search" in sources and not queries:
        raise UsageError("the source search has no queries", "set watch.search, or drop it")
    return tuple(
        feed for source in sources for feed in _feeds(same(source), github, queries, interval)
    )


def _feeds(
    source: str, github: GitHub, queries: Sequence[str], interval: float | None
) -> Iterator[Feed]:
    kind, _, name = source.partition(":")
    if kind == "events":
        yield EventFeed(source, "/events", github, interval)
    elif kind == "search":
        yield SearchFeed(source, github, queries)
    elif kind == "repo":
        yield EventFeed(source, f"/repos/{name}/events", github, interval)
    else:
        told = TellTale()
        account = f"/{kind}s/{name}"
        events = f"{account}/events" if kind == "org" else f"{account}/events/public"
        yield EventFeed(source, events, github, interval, hear=told.note)
        yield RepositoriesFeed(f"{source} repositories", f"{account}/repos", github, told)

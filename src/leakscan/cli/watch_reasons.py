"""Why a watch that has ended is no all-clear: one list for its exit status, its words, its record.

What nobody can read any more is no reason: it was not kept from this watch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakscan.cli.coverage_words import WHY
from leakscan.crawl.feed_news import cause
from leakscan.ledger.fates import UNKNOWN
from leakscan.model import Skip
from leakscan.trouble import NOTHING_TO_SEE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leakscan.crawl.figures import FeedFigures, Figures
    from leakscan.trouble import Trouble

_AGAIN = "tried again later, or at once with --retry"


def left_out(
    figures: Figures,
    unbegun: int = 0,
    unreached: tuple[str, str] | None = None,
    *,
    failed: int = 0,
    in_vain: int = 0,
) -> Iterator[Skip]:
    """Yield what was not read, or not to its end, and why; nothing if all was.

    Args:
        figures: of the watch.
        unbegun: pushes that waited when it was told to end.
        unreached: the server for which it did not wait any more, and why.
        failed: pushes in the ledger that other watches failed to read, and that are due again.
        in_vain: pushes that others have in hand, and that were begun before or have been left.
    """
    if unreached:
        yield Skip(*unreached)
    for number, why in (
        *((n, f"read in part: {WHY[trouble or UNKNOWN]}") for trouble, n in _partial(figures)),
        *((n, WHY[trouble]) for trouble, n in _skipped(figures)),
        (len(figures.failing), f"could not be read for now; {_AGAIN}"),
        (failed, f"failed in an earlier watch, or another one; {_AGAIN}"),
        (in_vain, "begun before in vain, and in hand of another watch or left by one that died"),
        (len(figures.given_back), "given back, to be looked at later"),
        (figures.given_up, "given up: each look failed, or they waited longer than watch.keep"),
        (unbegun, "wait in the queue, and the watch was told to end"),
    ):
        if number:
            yield Skip(_pushes(number), why)
    yield from _of_feeds(figures.feeds)


def _partial(figures: Figures) -> list[tuple[Trouble | None, int]]:
    return sorted(figures.partial.items(), key=lambda item: item[0] or UNKNOWN)


def _skipped(figures: Figures) -> Iterator[tuple[str, int]]:
    for trouble, number in sorted(figures.skipped.items()):
        if trouble not in NOTHING_TO_SEE:
            yield trouble, number


def _of_feeds(feeds: Mapping[str, FeedFigures]) -> Iterator[Skip]:
    """Yield what is wrong with feeds: once for all that it is wrong with."""
    alike: dict[str, list[Skip]] = {}
    for name, feed in sorted(feeds.items()):
        for why in _of_feed(feed):
            alike.setdefault(cause(why), []).append(Skip(name, why))
    for why, (first, *others) in alike.items():
        if others:
            yield Skip(f"{len(others) + 1:,} feeds, such as {first.what}", why)
        else:
            yield Skip(f"feed {first.what}", first.why)


def _of_feed(feed: FeedFigures) -> Iterator[str]:
    if feed.trouble:
        yield feed.trouble
    if feed.malformed:
        yield f"{feed.malformed:,} of its events could not be understood"
    if feed.unread:
        yield f"{feed.unread:,} of its events could not be read whole: {feed.why_unread}"
    if feed.has_lost and not feed.trouble:
        yield "some of what it had to tell is lost"


def _pushes(number: int) -> str:
    return "1 push" if number == 1 else f"{number:,} pushes"

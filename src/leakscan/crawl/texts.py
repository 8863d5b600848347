"""Search what people wrote in the events that feeds tell of; it costs no request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from leakscan.crawl.feeds.events import scan_event
from leakscan.crawl.looks.follow import internal_error
from leakscan.scan import collect
from leakscan.sources.sighting import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.crawl.feeds.events import Event
    from leakscan.crawl.feeds.poll import Poll
    from leakscan.crawl.looks.follow import Means
    from leakscan.detect import Detector
    from leakscan.model import ScanResult, Skip
    from leakscan.sources.sighting import Sighting


def search_texts(poll: Poll, detector: Detector, means: Means) -> tuple[ScanResult | None, Poll]:
    """Search what people wrote in the events of a poll.

    Returns:
        What was found, if anything was; and the poll, which counts an event that could not be
        searched as malformed, and one that could not be read whole as unread, so that these are
        told of and do not stop the feed.
    """
    tally = Tally()
    failed: list[tuple[Event, Exception]] = []
    unread: list[Skip] = []

    def sightings() -> Iterator[Sighting]:
        for event in poll.events:
            of_event = Tally()
            try:
                yield from tuple(scan_event(event, detector, of_event, means.site))
            except Exception as error:  # noqa: BLE001 - the next one may be searched
                failed.append((event, error))
            else:
                unread.extend(of_event.skipped[:1])
            tally.add(of_event)

    result = collect(
        means.site, sightings(), tally, means.rules, key=lambda: means.key, least=means.least
    )
    if failed:
        poll = _with_note(poll, f"an event could not be searched: {internal_error(failed[0][1])}")
        more = sum(not event.is_malformed for event, _ in failed)
        poll = replace(poll, fresh=poll.fresh - more, malformed=poll.malformed + more)
    if unread:
        what, why = unread[0].what, unread[0].why
        poll = _with_note(poll, f"an event could not be read whole: {what}: {why}")
        poll = replace(poll, unread=len(unread), why_unread=why)
    return result if result.findings else None, poll


def _with_note(poll: Poll, why: str) -> Poll:
    return replace(poll, note=f"{poll.note}; {why}" if poll.note else why)

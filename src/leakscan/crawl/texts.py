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
    from leakscan.model import ScanResult
    from leakscan.sources.sighting import Sighting


def search_texts(poll: Poll, detector: Detector, means: Means) -> tuple[ScanResult | None, Poll]:
    """Search what people wrote in the events of a poll.

    Returns:
        What was found, if anything was; and the poll, which counts an event that could not be
        searched as malformed, so that it is told of and does not stop the feed.
    """
    tally = Tally()
    failed: list[tuple[Event, Exception]] = []

    def sightings() -> Iterator[Sighting]:
        for event in poll.events:
            try:
                yield from tuple(scan_event(event, detector, tally, means.site))
            except Exception as error:  # noqa: BLE001 - the next one may be searched
                failed.append((event, error))

    result = collect(
        means.site, sightings(), tally, means.rules, key=lambda: means.key, least=means.least
    )
    if failed:
        why = f"an event could not be searched: {internal_error(failed[0][1])}"
        note = f"{poll.note}; {why}" if poll.note else why
        more = sum(not event.is_malformed for event, _ in failed)
        fresh, malformed = poll.fresh - more, poll.malformed + more
        poll = replace(poll, fresh=fresh, malformed=malformed, note=note)
    return result if result.findings else None, poll

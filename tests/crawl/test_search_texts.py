"""The texts of a poll are searched, and what cannot be searched is counted once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine_stage import Told, an_event

from leakscan.cli.watch_reasons import left_out
from leakscan.crawl.feeds.events import Text, read_event
from leakscan.crawl.feeds.poll import Poll
from pushes import a_push
from sealing import sealed_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine_stage import Watch

BROKEN = Text("issue 1", None, None)  # type: ignore[arg-type]  # it raises when it is encoded


def test_malformed_events_are_searched_and_counted_once(
    watch: Watch, new_token: Callable[[], str]
) -> None:
    odd = read_event({"body": new_token()}, "github.com", "events")
    events = (odd, replace(odd, texts=(BROKEN,)), replace(an_event(a_push(1)), texts=(BROKEN,)))
    poll = Poll(events, read=3, fresh=1, malformed=2, cursor="x", note="page 2 is missing")
    watch.feeds = [Told("events", [poll])]
    figures = watch.run()
    assert (len(figures.findings), figures.scanned) == (1, 1)
    (row,) = watch.ledgers.rows("polls")
    assert (row.read, row.malformed, row.repeated) == (3, 3, 0)
    (said,) = watch.listener.said
    assert said.startswith("page 2 is missing; an event could not be searched: internal error")


def test_an_event_that_cannot_be_read_whole_is_a_gap(
    watch: Watch, new_token: Callable[[], str]
) -> None:
    texts = (Text("issue 1", None, sealed_text()), Text("issue 2", None, new_token()))
    events = (
        replace(an_event(a_push(1)), texts=texts),
        replace(an_event(a_push(2)), texts=(Text("issue 3", None, "nothing"),)),
    )
    watch.feeds = [Told("events", [Poll(events, read=2, fresh=2, cursor="x")])]
    figures = watch.run()
    assert (len(figures.findings), figures.scanned) == (1, 2)
    (reason,) = left_out(figures)
    assert reason.what == "feed events"
    assert reason.why.startswith("1 of its events could not be read whole: of zip that is written")
    (row,) = watch.ledgers.rows("polls")
    assert (row.read, row.malformed, row.repeated) == (2, 1, 0)
    (said,) = watch.listener.said
    assert said.startswith("an event could not be read whole: issue 1 in ")

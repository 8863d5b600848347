"""What a feed is, and what it tells when it is polled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from leakscan.crawl.feeds.events import Event
    from leakscan.trouble import TroubleError

USUAL_WAIT = 60.0
"""Seconds between two polls where the site names no other interval.
Source: https://docs.github.com/en/rest/activity/events."""

LONGEST_WAIT = 3600.0
"""Seconds; an interval that the site names is not believed beyond."""


@dataclass(frozen=True, slots=True)
class Poll:
    """What one poll brought.

    Attributes:
        events: those that the feed had not told of before; malformed ones have texts, too.
        wait: seconds until the feed may be polled again; 0 for at once.
        read: how many events the answers held, repeats and malformed ones included; without those
            that are not public, which have not leaked.
        fresh: how many of them were new, and could be understood.
        malformed: how many could not.
        unread: how many have a text that could not be read whole, such as one that holds an archive
            that is encrypted.
        why_unread: the reason, of one of them.
        gap: whether events may have been lost: nothing that was known came after the new ones.
        has_lost: whether something that was asked for cannot be had: a file of an archive, a query.
        trouble: why it was not read to its end although it should have been, as a page, a query or
            a file of an archive could not be had.  What was read is told all the same.  It is true
            until a poll comes without one; that of an archive stands in its last poll again.
        note: what else there is to tell, worth a line and no more.
        cursor: where the feed has got to, to be handed back with the next poll.
        requests: how many requests it took; those answered 304 cost nothing and do not count.
        is_over: the feed has come to its end and need not be polled again.
    """

    events: tuple[Event, ...] = ()
    wait: float = USUAL_WAIT
    read: int = 0
    fresh: int = 0
    malformed: int = 0
    unread: int = 0
    why_unread: str = ""
    gap: bool = False
    has_lost: bool = False
    trouble: TroubleError | None = None
    note: str | None = None
    cursor: str | None = None
    requests: int = 0
    is_over: bool = False


class Feed(Protocol):
    """Something that tells what happened in public.  One thread polls it at a time."""

    @property
    def name(self) -> str:
        """Return what it is called, such as ``events`` or ``org:acme``; no two share one."""

    def poll(self, cursor: str | None) -> Poll:
        """Ask what is new.

        What a poll told counts as known only once its cursor is handed back: keep the cursor in
        the same transaction as the events, and a crash loses none.

        Args:
            cursor: that of the last poll; ``None`` for the first.

        Raises:
            TroubleError: nothing could be read.
        """

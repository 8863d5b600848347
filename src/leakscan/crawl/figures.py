"""What a watch has done so far, in numbers.  Only the desk changes them."""

from __future__ import annotations

import random
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leakscan.push import PushState
from leakscan.trouble import Trouble

if TYPE_CHECKING:
    from leakscan.crawl.feeds.poll import Poll
    from leakscan.push import Look

SAMPLE = 4096
"""Lags that are kept: the median of so many of a larger number is off by a percent or two."""


class Lags:
    """Seconds from a push to the end of the look at it: a sample of them, and the longest."""

    def __init__(self) -> None:
        self._sample: list[float] = []
        self._count = 0
        self._longest = 0.0
        self._random = random.Random(0)  # noqa: S311 - chooses which lags are kept

    def add(self, seconds: float) -> None:
        """Count one; less than nothing, by a clock that is wrong, counts as nothing."""
        seconds = max(0.0, seconds)
        self._count += 1
        self._longest = max(self._longest, seconds)
        if len(self._sample) < SAMPLE:
            self._sample.append(seconds)
        elif (place := self._random.randrange(self._count)) < SAMPLE:
            self._sample[place] = seconds

    def at(self, share: float) -> float | None:
        """Return the lag that a share (0 to 1) of them does not exceed; ``None`` without any."""
        if not self._sample:
            return None
        ordered = sorted(self._sample)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def longest(self) -> float | None:
        """The longest of all; ``None`` without any."""
        return self._longest if self._count else None


@dataclass(slots=True)
class FeedFigures:
    """How one feed is doing.

    Attributes:
        polls: how often it was asked.
        events: events in the answers, repeated ones too.
        fresh: pushes that it was the first to tell of.
        unread: events with a text that could not be read whole; ``why_unread`` says why the last
            one could not.
        gaps: answers after which it may have kept something from us.
        trouble: what is wrong with it now, on one line; ``None`` if nothing is.
        has_lost: whether something of an archive could not be read, or what a feed would have told
            while it failed.
        is_over: whether it has no more to tell, as an archive that was read to its end.
        asked_at, again_at: when it was asked last and is asked again, by the monotonic clock.
    """

    polls: int = 0
    events: int = 0
    fresh: int = 0
    malformed: int = 0
    unread: int = 0
    why_unread: str = ""
    gaps: int = 0
    trouble: str | None = None
    has_lost: bool = False
    is_over: bool = False
    asked_at: float | None = None
    again_at: float | None = None


@dataclass(slots=True)
class Figures:
    """What one watch has done.

    Attributes:
        seen: pushes that no watch had been told of before.
        repeated: those that one had.
        scanned: looked at, partly or whole.
        partial: of these, not read whole, by trouble.
        skipped: not looked at, by trouble.
        given_up: not looked at any more, although they may be there.
        failing: numbers of the pushes whose last look failed, and that are due again later.
        given_back: numbers of those whose claim was given back, and that still wait.
        in_hand: claims that workers hold now.
        findings: numbers of the ledger's findings that were seen.
        news: those of them that are new, or not known to be dead.
        objects, bytes: read, after decompression.
        received: bytes that came over the network for pushes.
        api_requests, git_requests: for pushes.
        feed_requests: API calls of the feeds.
        rests: by way, seconds for which its server rests now.
        looked_at: when the last looks ended, by the monotonic clock, for a rate.
    """

    seen: int = 0
    repeated: int = 0
    scanned: int = 0
    partial: Counter[Trouble | None] = field(default_factory=Counter)
    skipped: Counter[Trouble] = field(default_factory=Counter)
    given_up: int = 0
    failing: set[int] = field(default_factory=set)
    given_back: set[int] = field(default_factory=set)
    in_hand: int = 0
    findings: set[int] = field(default_factory=set)
    news: set[int] = field(default_factory=set)
    objects: int = 0
    bytes: int = 0
    received: int = 0
    api_requests: int = 0
    git_requests: int = 0
    feed_requests: int = 0
    lags: Lags = field(default_factory=Lags)
    feeds: dict[str, FeedFigures] = field(default_factory=dict)
    rests: dict[str, float] = field(default_factory=dict)
    looked_at: deque[float] = field(default_factory=lambda: deque(maxlen=512))

    def count(
        self, push: int, look: Look, lag: float | None, moment: float, *, is_last: bool = False
    ) -> None:
        """Count one look that has ended.

        Args:
            push: the ledger's number of the push.
            look: what became of it.
            lag: seconds from the push until now; ``None`` if no live feed told of it first.
            moment: now, by the monotonic clock.
            is_last: whether a look that fails is the last one.
        """
        self.objects += look.objects
        self.bytes += look.bytes
        self.received += look.received
        self.api_requests += look.api_requests
        self.git_requests += look.git_requests
        self.looked_at.append(moment)
        self.failing.discard(push)
        self.given_back.discard(push)
        if look.state is PushState.SCANNED:
            self.scanned += 1
            if look.skipped or look.trouble:
                self.partial[look.trouble] += 1
            if lag is not None:
                self.lags.add(lag)
        elif look.state is PushState.SKIPPED:
            self.skipped[look.trouble or Trouble.BROKEN] += 1
        elif is_last:
            self.given_up += 1
        else:
            self.failing.add(push)

    def count_poll(self, name: str, poll: Poll, pushes: int, fresh: int) -> None:
        """Count one answer of a feed.

        Args:
            name: of the feed; what is wrong with it is what was before it answered.
            poll: the answer.
            pushes: that it told of.
            fresh: those of them that nobody had told of before.
        """
        feed = self.feeds[name]
        feed.polls += 1
        feed.events += poll.read
        feed.fresh += fresh
        feed.malformed += poll.malformed
        feed.unread += poll.unread
        feed.why_unread = poll.why_unread or feed.why_unread
        feed.gaps += poll.gap
        was_down = feed.trouble is not None
        feed.has_lost |= poll.has_lost or (poll.gap and was_down)
        feed.is_over = poll.is_over
        self.seen += fresh
        self.repeated += pushes - fresh
        self.feed_requests += poll.requests

    def keep(self, waiting: set[int]) -> None:
        """Forget what failed or was given back here, and that another watch has ended since.

        Args:
            waiting: numbers of pushes that still wait, or are looked at.
        """
        self.failing &= waiting
        self.given_back &= waiting

    def rate(self, moment: float, span: float = 60.0) -> float:
        """Return the looks a second during the last ``span`` seconds."""
        recent = [at for at in self.looked_at if moment - at <= span]
        if len(recent) == self.looked_at.maxlen:
            span = max(moment - recent[0], 0.001)  # more than are remembered
        return len(recent) / span

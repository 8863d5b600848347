"""Ask the feeds when they are due, and write down what they tell."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from leakscan.crawl.feeds.archive import PREFIX
from leakscan.crawl.feeds.events import scan_event
from leakscan.crawl.figures import FeedFigures
from leakscan.crawl.looks.follow import internal_error
from leakscan.crawl.looks.naming import hidden_name
from leakscan.crawl.pace import LONGEST_REST
from leakscan.errors import LeakscanError
from leakscan.ledger.feeds import PollNote
from leakscan.scan import collect
from leakscan.sources.sighting import Tally
from leakscan.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from leakscan.crawl.desk import Desk
    from leakscan.crawl.feeds.poll import Poll
    from leakscan.crawl.hands import Feeder, Polled
    from leakscan.crawl.looks.follow import Means
    from leakscan.detect import Detector
    from leakscan.ledger.feeds import FeedClaim, Feeds
    from leakscan.model import ScanResult
    from leakscan.push import Push
    from leakscan.sources.sighting import Sighting

AGAIN = 2.0
"""Seconds after which a feed that is not due, or that another watch asks, is looked at again."""

GRACE = 10.0
"""Seconds for which a run that asks every feed once waits for one that is not due yet: timers do
not keep time to the second."""

SHORTEST_WAIT, LONGEST_WAIT = 15.0, 300.0
"""Seconds after which a feed that fails is asked again: twice as long each time, up to this."""

ARCHIVE_WAIT = 2.0
"""The first of these for an archive, which is passed over after a few times."""

LEASE = timedelta(seconds=30)
"""How long a feed belongs to a watch that asks it, unless that says that it lives: GitHub's public
feed moves on within seconds, so that nobody may wait long for one that has died."""

_NEVER = timedelta(days=1)


def search_texts(poll: Poll, detector: Detector, means: Means) -> tuple[ScanResult | None, Poll]:
    """Search what people wrote in the events of a poll.

    Returns:
        What was found, if anything was; and the poll, which counts an event that could not be
        searched as malformed, so that it is told of and does not stop the feed.
    """
    tally = Tally()
    errors: list[Exception] = []

    def sightings() -> Iterator[Sighting]:
        for event in poll.events:
            try:
                yield from tuple(scan_event(event, detector, tally, means.site))
            except Exception as error:  # noqa: BLE001 - the next one may be searched
                errors.append(error)

    result = collect(
        means.site, sightings(), tally, means.rules, key=lambda: means.key, least=means.least
    )
    if errors:
        note = f"an event could not be searched: {internal_error(errors[0])}"
        fresh, malformed = poll.fresh - len(errors), poll.malformed + len(errors)
        poll = replace(poll, fresh=fresh, malformed=malformed, note=note)
    return result if result.findings else None, poll


@dataclass(slots=True)
class Feeding:
    """The feeds of one watch.

    Attributes:
        feeders: by name of the feed.
        ledger: where cursors are, and who asks which feed now.
        once: ask each feed once only, but an archive until its end.
    """

    feeders: Mapping[str, Feeder]
    ledger: Feeds
    desk: Desk
    once: bool = False
    _held: dict[str, FeedClaim] = field(default_factory=dict)
    _next: dict[str, float] = field(default_factory=dict)
    _done: set[str] = field(default_factory=set)
    _notes: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.feeders:
            self.desk.figures.feeds[name] = FeedFigures()

    @property
    def is_asking(self) -> bool:
        """Whether a feed has still to answer."""
        return bool(self._held)

    @property
    def has_ended(self) -> bool:
        """Whether every feed has come to its end, as archives do."""
        feeds = self.desk.figures.feeds
        return bool(self.feeders) and all(feeds[name].is_over for name in self.feeders)

    @property
    def is_over(self) -> bool:
        """Whether no feed is to be asked any more."""
        return not self._held and len(self._done) == len(self.feeders)

    def ask_those_due(self) -> None:
        """Ask the feeds that are due, and that no other watch asks now.

        Raises:
            LeakscanError: the ledger failed.
        """
        moment = time.monotonic()
        names = [
            name
            for name in self.feeders
            if name not in self._held
            and name not in self._done
            and self._next.get(name, moment) <= moment
        ]
        if not names:
            return
        claims = self.desk.try_for_a_while(lambda: self.ledger.claim(names))
        for claim in claims:
            self._held[claim.name] = claim
            self.desk.figures.feeds[claim.name].asked_at = moment
            self.feeders[claim.name].ask(claim.cursor)
        for name in sorted(set(names) - set(self._held)):
            self._next[name] = moment + AGAIN
            if not self.once:
                self._has_failed(name)
            elif self._is_due_later(name):
                self._done.add(name)
                self._leave_alone(name)

    def _leave_alone(self, name: str) -> None:
        """Say why a feed is not asked."""
        if not self._has_failed(name):
            self.desk.view.remark(f"{name} was asked a moment ago, and is not asked again")

    def _has_failed(self, name: str) -> bool:
        """Tell whether a feed is left alone since it has just failed, so that it tells nothing."""
        failure = self.desk.try_for_a_while(lambda: self.ledger.failure(name))
        if failure and not self.desk.figures.feeds[name].trouble:
            trouble = (
                f"it failed {failure.ago:.0f} s ago ({failure.why}), and is asked again in"
                f" {failure.due_in:.0f} s"
            )
            self.desk.figures.feeds[name].trouble = trouble
            self._say(name, f"feed {name}: {trouble}")
        return failure is not None

    def _is_due_later(self, name: str) -> bool:
        """Tell whether a feed is not worth waiting for, in a run that is to end."""
        due = self.desk.try_for_a_while(lambda: self.ledger.next_due([name]))
        return due is not None and (due - datetime.now(UTC)).total_seconds() > GRACE

    def answered(self, polled: Sequence[Polled]) -> None:
        """Queue what feeds told, and only then let them move on.

        Raises:
            LeakscanError: the ledger failed; what was told will be told again.
        """
        for message in polled:
            claim = self._held.pop(message.feed)
            poll = message.poll
            if poll is None:
                self._failed(claim, message)
                continue
            told = [self._cleaned(event.push) for event in poll.events if event.push]
            moments = [event.happened_at for event in poll.events if event.happened_at]
            note = PollNote(
                read=poll.read,
                repeated=max(0, poll.read - poll.fresh - poll.malformed),
                malformed=poll.malformed,
                requests=poll.requests,
                is_gap=poll.gap,
                oldest_at=min(moments, default=None),
                newest_at=max(moments, default=None),
            )
            is_done = poll.is_over and not poll.has_lost
            wait = _NEVER if is_done else timedelta(seconds=poll.wait)
            fresh = self._noted(claim, note, wait, poll.cursor, told)
            self._count(claim.name, poll, fresh, len(told))
            self._say(claim.name, poll.note)

    def renew(self) -> None:
        """Keep the feeds that are being asked.

        Raises:
            LeakscanError: the ledger failed.
        """
        held = list(self._held.values())
        if held:
            self.desk.try_for_a_while(lambda: self.ledger.renew(held))

    def close(self) -> None:
        """Give back what was not answered; the feeds are as due as before.

        If the ledger fails, they are when the leases have ended.
        """
        held, self._held = list(self._held.values()), {}
        with contextlib.suppress(LeakscanError):
            self.ledger.release(held)

    def _noted(
        self,
        claim: FeedClaim,
        note: PollNote,
        wait: timedelta,
        cursor: str | None = None,
        told: Sequence[Push] = (),
    ) -> int:
        fresh = self.desk.try_for_a_while(
            lambda: self.ledger.note_poll(claim, note, wait, cursor, told)
        )
        self._next[claim.name] = time.monotonic() + wait.total_seconds()
        self.desk.figures.feeds[claim.name].again_at = self._next[claim.name]
        return fresh

    def _count(self, name: str, poll: Poll, fresh: int, pushes: int) -> None:
        figures, feed = self.desk.figures, self.desk.figures.feeds[name]
        feed.polls += 1
        feed.events += poll.read
        feed.fresh += fresh
        feed.malformed += poll.malformed
        feed.gaps += poll.gap
        was_down = feed.trouble is not None
        feed.has_lost |= poll.has_lost or (poll.gap and was_down)
        feed.trouble, feed.is_over = None, poll.is_over
        figures.seen += fresh
        figures.repeated += pushes - fresh
        figures.feed_requests += poll.requests
        if poll.is_over or self._is_asked_once(name):
            self._done.add(name)

    def _failed(self, claim: FeedClaim, message: Polled) -> None:
        why = self.desk.clean(message.trouble or "it did not answer")
        shortest = ARCHIVE_WAIT if claim.name.startswith(PREFIX) else SHORTEST_WAIT
        wait = min(shortest * 2 ** min(claim.failures, 10), LONGEST_WAIT)
        wait = min(max(wait, message.retry_after or 0.0), LONGEST_REST)
        note = PollNote(requests=message.requests, trouble=message.kind, why=why)
        self._noted(claim, note, timedelta(seconds=wait))
        self.desk.figures.feed_requests += message.requests
        feed = self.desk.figures.feeds[claim.name]
        feed.polls += 1
        feed.trouble = why
        if message.kind is Trouble.BUSY and message.retry_after is not None:
            self._say("", why)  # as a limit of ours, which is every feed's
        else:
            self._say(claim.name, f"feed {claim.name}: {why}")
        if self._is_asked_once(claim.name):
            self._done.add(claim.name)

    def _is_asked_once(self, name: str) -> bool:
        """Tell whether one answer is enough; an archive is read to its end."""
        return self.once and not name.startswith(PREFIX)

    def _say(self, name: str, note: str | None) -> None:
        """Say what is new about a feed, and not again while it stays so."""
        if note and note != self._notes.get(name):
            self.desk.view.say(self.desk.clean(note))
        self._notes[name] = note

    def _cleaned(self, push: Push) -> Push:
        """Redact what looks like a secret, as a branch that is named after one.

        It can be found by its head then; if that is not told, all of the repository is looked at.
        Which is the default branch can be asked for again, and so can the repository's name.
        """
        clean: Callable[[str], str] = self.desk.clean
        ref, branch = clean(push.ref), push.default_branch
        return replace(
            push,
            repository=hidden_name(push.repository, clean),
            ref=ref if push.head or ref == push.ref else "",
            default_branch=branch if branch and clean(branch) == branch else None,
        )

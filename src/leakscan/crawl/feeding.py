"""Ask the feeds when they are due, and write down what they tell."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from leakscan.crawl.feed_turns import FeedTurns
from leakscan.crawl.feeders import ARCHIVES, LANES, lane_of
from leakscan.crawl.figures import FeedFigures
from leakscan.crawl.looks.naming import hidden_name
from leakscan.crawl.pace import LONGEST_REST
from leakscan.errors import LeakscanError
from leakscan.ledger.feeds import PollNote
from leakscan.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leakscan.crawl.desk import Desk
    from leakscan.crawl.feeders import Feeders
    from leakscan.crawl.feeds.poll import Poll
    from leakscan.crawl.hands import Polled
    from leakscan.ledger.feeds import FeedClaim, FeedFailure, Feeds
    from leakscan.push import Push

AGAIN = 2.0
"""Seconds after which a feed that is not due, or that another watch asks, is looked at again."""

GRACE = 10.0
"""Seconds for which a run that asks every feed once waits for one that is not due yet: timers do
not keep time to the second."""

SHORTEST_WAIT, LONGEST_WAIT = 15.0, 300.0
"""Seconds after which a feed that fails is asked again: twice as long each time, up to this."""

ARCHIVE_WAIT = 2.0
"""The first of these for an archive, which is passed over after a few times."""

SOON = 60.0
"""Seconds that a limit may keep feeds from being asked without that being trouble: GitHub counts
calls by the minute."""

LEASE = timedelta(seconds=30)
"""How long a feed belongs to a watch that asks it, unless that says that it lives: GitHub's public
feed moves on within seconds, so that nobody may wait long for one that has died."""

_NEVER = timedelta(days=1)


@dataclass(slots=True)
class Feeding:
    """The feeds of one watch.

    Attributes:
        feeders: ask them.
        ledger: where cursors are, and who asks which feed now.
        once: ask each feed once only, but an archive until its end.
    """

    feeders: Feeders
    ledger: Feeds
    desk: Desk
    once: bool = False
    _held: dict[str, FeedClaim] = field(default_factory=dict)
    _turns: FeedTurns = field(init=False)
    _notes: dict[str, str | None] = field(default_factory=dict)
    _named: dict[str, str] = field(default_factory=dict)
    _limited_until: float = float("-inf")

    def __post_init__(self) -> None:
        self._turns = FeedTurns(self.feeders.names)
        for name in self.feeders.names:
            self.desk.figures.feeds[name] = FeedFigures()

    @property
    def is_asking(self) -> bool:
        """Whether a feed has still to answer."""
        return bool(self._held)

    @property
    def has_ended(self) -> bool:
        """Whether every feed has come to its end, as archives do."""
        feeds = self.desk.figures.feeds.values()
        return bool(feeds) and all(feed.is_over for feed in feeds)

    @property
    def is_over(self) -> bool:
        """Whether no feed is to be asked any more."""
        return not self._held and self._turns.are_over

    def ask_those_due(self) -> None:
        """Ask feeds that are due and that no other watch asks: as many as can be asked soon.

        A feed that is claimed is kept from all other watches, so that none is claimed to wait.

        Raises:
            LeakscanError: the ledger failed.
        """
        moment = time.monotonic()
        for lane in LANES:
            room = lane.threads + lane.ahead - sum(lane_of(name) is lane for name in self._held)
            if room > 0 and (names := self._turns.due(lane, moment, self._held)):
                self._ask(names, room, moment)

    def _ask(self, names: Sequence[str], room: int, moment: float) -> None:
        claims = self.desk.try_for_a_while(lambda: self.ledger.claim(names, room))
        for claim in claims:
            self._held[claim.name] = claim
            self.desk.figures.feeds[claim.name].asked_at = moment
            self.feeders.ask(claim.name, claim.cursor)
        if len(claims) < room:  # else others may be due as well
            self._put_off([name for name in names if name not in self._held], moment)

    def _put_off(self, names: Sequence[str], moment: float) -> None:
        """Leave feeds alone that another watch asks, or has asked a moment ago."""
        failures = self.desk.try_for_a_while(lambda: self.ledger.failures(names))
        for name in names:
            self._turns.put_off(name, moment + AGAIN)
            if name not in failures:
                self._say(name, self._recovered(name))
            if self.once and not self._is_due_later(name):
                continue
            if name in failures:
                self._has_failed(name, failures[name])
            if self.once:
                self._turns.end(name)
                if name not in failures:
                    said = f"{name} was asked a moment ago, and is not asked again"
                    self.desk.view.remark(said)

    def _has_failed(self, name: str, failure: FeedFailure) -> None:
        """Say that a feed is left alone since it has just failed, so that it tells nothing."""
        if not self.desk.figures.feeds[name].trouble:
            trouble = (
                f"it failed {failure.ago:.0f} s ago ({failure.why}), and is asked again in"
                f" {failure.due_in:.0f} s, or at once with --retry"
            )
            self.desk.figures.feeds[name].trouble = trouble
            self._say(name, f"feed {name}: {trouble}")

    def _recovered(self, name: str) -> str | None:
        """Forget the trouble of a feed that has answered, us or another watch; return the news."""
        feed = self.desk.figures.feeds[name]
        was_said = feed.trouble is not None and self._notes.get(name) is not None
        feed.trouble = None
        self._named = {why: named for why, named in self._named.items() if named != name}
        return f"feed {name} answers again" if was_said else None

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
                if not self._is_kept_waiting(claim, message):
                    self._failed(claim, message)
                continue
            self._turns.has_answered(claim.name)
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
            again = self._recovered(claim.name)
            self._say(claim.name, poll.note or again)

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

        If the ledger fails, they are when the leases have ended.  Of a feed that never had its turn
        nothing is known.
        """
        for name, feed in self.desk.figures.feeds.items():
            if not feed.trouble and not self._turns.was_reached(name):
                verb = "answered" if name in self._held else "been asked"
                feed.trouble = f"it had not {verb} when the watch ended"
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
        again_at = time.monotonic() + wait.total_seconds()
        self._turns.put_off(claim.name, again_at)
        self.desk.figures.feeds[claim.name].again_at = again_at
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
        feed.is_over = poll.is_over
        figures.seen += fresh
        figures.repeated += pushes - fresh
        figures.feed_requests += poll.requests
        if poll.is_over or self._is_asked_once(name):
            self._turns.end(name)

    def _is_kept_waiting(self, claim: FeedClaim, message: Polled) -> bool:
        """Give a feed back that was not asked, for a limit which passes soon; tell whether it was.

        Its lane rests until then: the others would only meet the same limit.
        """
        seconds, lane = message.retry_after, lane_of(claim.name)
        if message.kind is not Trouble.BUSY or message.requests or lane is ARCHIVES:
            return False
        moment = time.monotonic()
        if seconds is None or seconds > SOON or not self._turns.rest(claim.name, moment, seconds):
            return False
        self.desk.try_for_a_while(lambda: self.ledger.release([claim]))
        if moment > self._limited_until + SOON:  # where it goes on and on, it was said
            self._say("", message.trouble)
        self._limited_until = moment + seconds
        return True

    def _failed(self, claim: FeedClaim, message: Polled) -> None:
        why = self.desk.clean(message.trouble or "it did not answer")
        shortest = ARCHIVE_WAIT if lane_of(claim.name) is ARCHIVES else SHORTEST_WAIT
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
            self._say_why(claim.name, why)
        if self._is_asked_once(claim.name):
            self._turns.end(claim.name)

    def _is_asked_once(self, name: str) -> bool:
        """Tell whether one answer is enough; an archive is read to its end."""
        return self.once and lane_of(name) is not ARCHIVES

    def _say_why(self, name: str, why: str) -> None:
        """Say why a feed fails, unless another one was named for the same: as all of a site do."""
        self._named = {known: named for known, named in self._named.items() if named != name}
        if self._named.setdefault(why, name) == name:
            self._say(name, f"feed {name}: {why}")

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

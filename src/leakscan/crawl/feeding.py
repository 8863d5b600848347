"""Ask the feeds when they are due, and write down what they tell."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from leakscan.crawl.feed_lanes import SOON
from leakscan.crawl.feed_news import FeedNews
from leakscan.crawl.figures import FeedFigures
from leakscan.crawl.looks.hidden import hidden
from leakscan.crawl.pace import LONGEST_REST
from leakscan.errors import LeakscanError
from leakscan.ledger.feeds import PollNote
from leakscan.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leakscan.crawl.desk import Desk
    from leakscan.crawl.feed_lanes import Lane
    from leakscan.crawl.feeders import Feeders
    from leakscan.crawl.feeds.poll import Poll
    from leakscan.crawl.hands import Polled
    from leakscan.ledger.feeds import FeedClaim, Feeds, FeedWait
    from leakscan.push import Push

AGAIN = 2.0
"""Seconds after which a feed that is not due, or that another watch asks, is looked at again."""

GRACE = 10.0
"""Seconds for which a run that asks every feed once waits for one that is not due yet: timers do
not keep time to the second."""

LEASE = timedelta(seconds=30)
"""How long a feed belongs to a watch that asks it, unless that says that it lives: GitHub's public
feed moves on within seconds, so that nobody may wait long for one that has died."""

RECENT = 300.0
"""Seconds since its last poll for which a feed that another process holds is in good hands."""

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
    _lanes: dict[str, Lane] = field(init=False)
    _news: FeedNews = field(init=False)
    _untold: set[str] = field(default_factory=set)
    """What other processes hold without having told anything of it lately."""

    def __post_init__(self) -> None:
        self._lanes = {name: lane for lane in self.feeders.lanes for name in lane.due_at}
        feeds = self.desk.figures.feeds
        feeds |= {name: FeedFigures() for name in self._lanes}
        self._news = FeedNews(self.desk.view, self.desk.clean, feeds)

    @property
    def is_asking(self) -> bool:
        """Whether a feed has still to answer."""
        return any(lane.held for lane in self.feeders.lanes)

    @property
    def has_ended(self) -> bool:
        """Whether every feed has come to its end, as archives do."""
        feeds = self.desk.figures.feeds.values()
        return bool(feeds) and all(feed.is_over for feed in feeds)

    @property
    def is_over(self) -> bool:
        """Whether no feed is to be asked any more."""
        return not any(lane.held or lane.due_at for lane in self.feeders.lanes)

    def ask_those_due(self) -> None:
        """Ask feeds that are due and that no other watch asks: as many as can be asked soon.

        A feed that is claimed is kept from all other watches, so that few are claimed ahead.

        Raises:
            LeakscanError: the ledger failed.
        """
        moment = time.monotonic()
        for lane in self.feeders.lanes:
            if lane.room > 0 and (names := lane.due(moment)):
                self._ask(lane, names, moment)
            for name in lane.held:
                self._note_when_asked(name)

    def _ask(self, lane: Lane, names: Sequence[str], moment: float) -> None:
        room = lane.room
        claims = self.desk.try_for_a_while(lambda: self.ledger.claim(names, room))
        for claim in claims:
            self._seen_free(lane, claim.name)
            lane.held[claim.name] = claim
            self.feeders.ask(lane, claim)
        others = [name for name in names if name not in lane.held]
        if others and len(claims) < room:  # else there may be more to be asked
            self._leave(lane, others, moment)

    def _leave(self, lane: Lane, names: Sequence[str], moment: float) -> None:
        """Leave those of some feeds alone that another watch asks, or that were asked just now."""
        waits = self.desk.try_for_a_while(lambda: self.ledger.waits(names))
        not_due = []
        for name, wait in waits.items():
            lane.put_off(name, moment + AGAIN)
            if wait.failure is None:
                self._news.answered(name)
            if not wait.is_held:
                self._seen_free(lane, name)
            elif lane.reads_to_end or wait.age > RECENT:
                self._untold.add(name)
            if self._is_soon(lane, name, wait, moment):
                continue
            if wait.failure:
                self._news.left_alone(name, wait.failure)
            elif lane.reads_to_end and not wait.is_held:
                self.desk.figures.feeds[name].is_over = True  # by an earlier watch
            if self.once or self.desk.figures.feeds[name].is_over:
                lane.end(name)
                if wait.failure is None and not wait.is_held:
                    not_due.append(name)
        self._news.not_due(not_due)

    def _seen_free(self, lane: Lane, name: str) -> None:
        """Note that no other process holds a feed."""
        lane.held_by_others.pop(name, None)
        self._untold.discard(name)

    def _is_soon(self, lane: Lane, name: str, wait: FeedWait, moment: float) -> bool:
        """Tell whether a run that is to end waits for a feed, of which nothing is known till then.

        It does for one that somebody holds, until the claim of a process that died has ended.
        """
        if not self.once:
            return False
        if wait.is_held:
            return moment < lane.held_since(name, moment) + LEASE.total_seconds() + AGAIN
        return wait.seconds <= GRACE

    def answered(self, polled: Sequence[Polled]) -> None:
        """Queue what feeds told, and only then let them move on.

        Raises:
            LeakscanError: the ledger failed; what was told will be told again.
        """
        for message in polled:
            lane = self._lanes[message.feed]
            claim = lane.held.pop(message.feed)
            is_limit = message.kind is Trouble.BUSY and not message.requests  # no call was made
            if not is_limit:
                lane.limited_since = None
            if message.poll:
                self._told(lane, claim, message.poll)
            elif is_limit and lane.can_rest(time.monotonic(), message.retry_after):
                self._rest(lane, claim, message)
            else:
                self._failed(lane, claim, message)

    def renew(self) -> None:
        """Keep the feeds that are being asked.

        Raises:
            LeakscanError: the ledger failed.
        """
        if held := [claim for lane in self.feeders.lanes for claim in lane.held.values()]:
            self.desk.try_for_a_while(lambda: self.ledger.renew(held))

    def close(self) -> None:
        """Give back what was not answered; the feeds are as due as before.

        If the ledger fails, they are when the leases have ended.  Nothing is known of a feed that
        never had its turn, or that another process holds and has not asked lately; of an archive,
        only as much as was read.
        """
        for name in self._untold:
            self.desk.figures.feeds[name].trouble = "another watch has it in hand, or died with it"
        unbegun = {claim.name for claim in self.feeders.take_back()}
        held = [claim for lane in self.feeders.lanes for claim in lane.held.values()]
        asked = {claim.name for claim in held} - unbegun
        for lane in self.feeders.lanes:
            for name, at in lane.due_at.items():
                feed = self.desk.figures.feeds[name]
                if at is None:
                    verb = "answered" if name in asked else "been asked"
                    feed.trouble = f"it had not {verb} when the watch ended"
                elif lane.reads_to_end:
                    feed.trouble = feed.trouble or "it was not read to its end by then"
            lane.held.clear()
        with contextlib.suppress(LeakscanError):
            self.ledger.release(held)

    def _told(self, lane: Lane, claim: FeedClaim, poll: Poll) -> None:
        told = [hidden(event.push, self.desk.clean) for event in poll.events if event.push]
        why = None if poll.trouble is None else self.desk.clean(str(poll.trouble))
        note = _note_of(poll, why)
        wait = timedelta(seconds=poll.wait)
        if poll.is_over:  # for this watch; what was lost is for the next one
            wait = timedelta(0) if poll.has_lost else _NEVER
        fresh = self._noted(lane, claim, note, wait, poll.cursor, told)
        self.desk.figures.count_poll(claim.name, poll, len(told), fresh)
        if poll.is_over:
            lane.end(claim.name)
        if why:
            self._news.failed(claim.name, why)
        else:
            self._news.answered(claim.name)
        self._news.note(claim.name, poll.note)

    def _rest(self, lane: Lane, claim: FeedClaim, message: Polled) -> None:
        """Give a feed back, and let its lane rest: the others would only meet the same limit."""
        self.desk.try_for_a_while(lambda: self.ledger.release([claim]))
        moment = time.monotonic()
        if moment > max(each.rest_until for each in self.feeders.lanes) + SOON:
            self._news.limited(message.trouble)  # where it goes on and on, it was said
        lane.rest(moment, message.retry_after or 0.0)

    def _failed(self, lane: Lane, claim: FeedClaim, message: Polled) -> None:
        why = self.desk.clean(message.trouble or "it did not answer")
        wait = min(max(lane.wait(claim.failures), message.retry_after or 0.0), LONGEST_REST)
        note = PollNote(requests=message.requests, trouble=message.kind, why=why)
        self._noted(lane, claim, note, timedelta(seconds=wait))
        self.desk.figures.feed_requests += message.requests
        self.desk.figures.feeds[claim.name].polls += 1
        if message.kind is Trouble.BUSY and message.retry_after is not None:
            self._news.limited(why, claim.name)  # as a limit of ours, which is every feed's
        else:
            self._news.failed(claim.name, why)

    def _noted(
        self,
        lane: Lane,
        claim: FeedClaim,
        note: PollNote,
        wait: timedelta,
        cursor: str | None = None,
        told: Sequence[Push] = (),
    ) -> int:
        """Note a poll, and when the feed is asked again; return how many pushes are new."""
        fresh = self.desk.try_for_a_while(
            lambda: self.ledger.note_poll(claim, note, wait, cursor, told)
        )
        self._note_when_asked(claim.name)
        again_at = time.monotonic() + wait.total_seconds()
        self.desk.figures.feeds[claim.name].again_at = again_at
        lane.put_off(claim.name, again_at)
        if self.once and not lane.reads_to_end:
            lane.end(claim.name)
        return fresh

    def _note_when_asked(self, name: str) -> None:
        """Note when a thread began to ask a feed; that it was claimed is not asking it."""
        self.desk.figures.feeds[name].asked_at = self.feeders.asked_at.get(name)


def _note_of(poll: Poll, why: str | None) -> PollNote:
    """Return what to note of a poll; ``why`` says that it was not read to its end."""
    moments = [event.happened_at for event in poll.events if event.happened_at]
    return PollNote(
        read=poll.read,
        repeated=max(0, poll.read - poll.fresh - poll.malformed),
        malformed=poll.malformed + poll.unread,  # the ledger has one number for both
        requests=poll.requests,
        is_gap=poll.gap,
        oldest_at=min(moments, default=None),
        newest_at=max(moments, default=None),
        trouble=None if poll.trouble is None else poll.trouble.trouble,
        why=why,
    )

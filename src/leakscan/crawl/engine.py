"""The running job: ask the feeds, hand out pushes, write down what comes back, until it is over.

Feeders (feeders.py) and workers (hands.py) do all that takes long, in threads; this loop and the
desk (desk.py) run in the thread that calls, and only they touch the ledger.
"""

from __future__ import annotations

import contextlib
import queue
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leakscan.crawl.hands import Looked
from leakscan.crawl.owners import ASIDE, AT_ONCE, surplus
from leakscan.errors import LeakscanError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from leakscan.crawl.desk import Desk
    from leakscan.crawl.feeding import Feeding
    from leakscan.crawl.hands import Inbox, Polled, Workers
    from leakscan.crawl.looks.follow import Means
    from leakscan.crawl.pace import Outage
    from leakscan.ledger.push_queue import PushClaim

TURN = 0.25
"""Seconds of what comes back that are written down in one go: a leak waits no longer for that."""

MOST_AHEAD = 256
"""Claims in hand at most, however fast they are done; more would only end with their leases."""

RENEWAL = 10.0
"""Seconds between two renewals of what is in hand: a third of the shortest lease."""

IDLE = 1.0
"""Seconds between two questions whether something is due, when nothing was."""

SOON = 60.0
"""Seconds that a run which works off what is due waits for what is due later, and for a server that
asks for a rest."""

PARTING = 30.0
"""Seconds in which what is in hand is ended when the watch is stopped."""


@dataclass(slots=True)
class Engine:
    """One watch.

    Attributes:
        once: stop when every feed has been asked once and nothing is due any more.
        seconds: stop after so long; ``None`` for never.
        parting: seconds in which what is in hand is ended then.
        turn: seconds of what comes back that are written down in one go.
        idle: seconds between two questions whether something is due, when nothing was.
        renewal: seconds between two renewals of what is in hand.
        soon: seconds that a run of ``once`` waits for what is due later.
        aside: seconds for which pushes of owners that are slow are put aside.
        unreached: the server for which it did not wait until it ended, and why.
    """

    desk: Desk
    feeding: Feeding
    workers: Workers
    means: Means
    inbox: Inbox
    once: bool = False
    seconds: float | None = None
    parting: float = PARTING
    turn: float = TURN
    idle: float = IDLE
    renewal: float = RENEWAL
    soon: float = SOON
    aside: float = ASIDE
    unreached: tuple[str, str] | None = None
    _in_hand: dict[tuple[int, str], PushClaim] = field(default_factory=dict)
    _is_stopping: bool = False
    _dry_until: float = 0.0
    _renew_at: float = 0.0
    _done_last_turn: int = 0
    _outages: dict[str, Outage | None] = field(default_factory=dict)

    @property
    def was_stopped(self) -> bool:
        """Whether it was told to end, so that it may have left something to do."""
        return self._is_stopping

    def stop(self) -> None:
        """End in good order, soon; may be called by a signal handler or another thread."""
        self._is_stopping = True

    def run(self) -> None:
        """Watch until it is over.

        Raises:
            LeakscanError: the ledger failed for good; nothing is lost.
            BaseException: what a signal handler raises; claims are given back first.
        """
        end = None if self.seconds is None else time.monotonic() + self.seconds
        try:
            while not self._is_stopping and not self._is_worked_off():
                self._turn()
                if end is not None and time.monotonic() >= end:
                    self.stop()
            self._part(is_told=self._is_stopping and (end is None or time.monotonic() < end))
        except LeakscanError:
            raise  # what is in hand is free again when the leases end
        except BaseException:
            self._leave()
            raise
        finally:
            self.workers.stop()
            self.feeding.close()

    def _turn(self) -> None:
        self._write_down(*self._gather(self.turn))
        if self._is_stopping:
            return
        self.feeding.ask_those_due()
        self._hand_out()
        self._show()

    def _gather(self, patience: float) -> tuple[list[Polled], list[Looked]]:
        """Wait for what comes, and for what comes right after; findings are not kept waiting."""
        polled: list[Polled] = []
        looked: list[Looked] = []
        end = time.monotonic() + patience
        while (left := end - time.monotonic()) > 0 and len(polled) + len(looked) < MOST_AHEAD:
            try:
                message = self.inbox.get(timeout=left)
            except queue.Empty:
                break
            if isinstance(message, Looked):
                looked.append(message)
            else:
                polled.append(message)
            if self._is_stopping or message.found:
                break
        return polled, looked

    def _write_down(self, polled: Sequence[Polled], looked: Sequence[Looked]) -> None:
        self.desk.take(polled, looked)
        self._forget([message.claim for message in looked])
        self._done_last_turn = len(looked)
        self._tell_of_outages()
        self.feeding.answered(polled)
        if any(message.poll and message.poll.events for message in polled):
            self._dry_until = 0.0
        moment = time.monotonic()
        if moment >= self._renew_at:
            self._renew_at = moment + self.renewal
            self._renew()

    def _renew(self) -> None:
        """Keep what is in hand, but for what another watch has taken over meanwhile."""
        held = list(self._in_hand.values())
        if lost := set(held) - set(self.desk.renew(held)):
            self._forget(lost)
            self.workers.hand_out([one for one in self.workers.take_back() if one not in lost])
        self.feeding.renew()
        self.desk.catch_up()

    def _hand_out(self) -> None:
        """Claim as much as will be done until the next turn; nothing for a server that rests."""
        pace = self.means.reader.pace
        if rest := pace.rest:
            self._return(self.workers.take_back(), rest)
            return
        room = min(MOST_AHEAD, pace.limit + 2 * self._done_last_turn) - len(self._in_hand)
        claims = self._claim(room)
        # Where there may be more, others wait; where not, half the workers are kept for who comes.
        most = AT_ONCE if len(claims) >= room else max(AT_ONCE, pace.limit // 2)
        self.workers.hand_out(self._fairly(claims, most))

    def _claim(self, room: int) -> list[PushClaim]:
        moment = time.monotonic()
        if room <= 0 or moment < self._dry_until:
            return []
        claims = self.desk.claim(room)
        self._in_hand |= {(claim.id, claim.ticket): claim for claim in claims}
        self._dry_until = 0.0 if claims else moment + self.idle
        return claims

    def _fairly(self, claims: list[PushClaim], most: int) -> list[PushClaim]:
        """Put aside what is more than ``most`` of an owner who is slow; return the others."""
        slow = self.workers.owners.slow()
        if not slow:
            return claims
        waiting = self.workers.take_back() + claims
        begun = set(self._in_hand.values()).difference(waiting)
        aside = set(surplus(waiting, begun, slow, most))
        self._return(list(aside), self.aside)
        return [claim for claim in waiting if claim not in aside]

    @property
    def _is_ending(self) -> bool:
        """Whether it ends by itself as soon as what is due is done."""
        return (self.once or self.feeding.has_ended) and self.feeding.is_over

    def _is_worked_off(self) -> bool:
        """Tell whether a run that is to end by itself has nothing left to do."""
        if not self._is_ending or self._in_hand:
            return False
        reader = self.means.reader
        if why := reader.pace.trouble:
            self.unreached = reader.via, self.desk.clean(why)
            return True
        if reader.pace.rest > self.soon:
            return True
        return time.monotonic() < self._dry_until and self.desk.is_idle_for(self.soon)

    def _tell_of_outages(self) -> None:
        """Say why a server is left alone or passed over, and when that is over: once each."""
        last = self.means.readers[-1].via
        for reader in self.means.readers:
            via, outage = reader.via, reader.pace.outage
            is_told_at_the_end = outage and not outage.is_bypassed and self._is_ending
            if outage == self._outages.get(via) or is_told_at_the_end:
                continue
            self._outages[via] = outage
            if outage is None:
                line = f"{via} answers again"
            elif outage.is_bypassed:
                line = f"{via} is passed over for {last}: {outage.why}"
            else:
                rest = reader.pace.rest
                span = f" for {rest:.0f} s" if rest >= 1 else ""
                line = f"{via} is left alone{span}: {outage.why}"
            self.desk.view.say(self.desk.clean(line))

    def _part(self, *, is_told: bool) -> None:
        """Give back what was not begun, and wait a while for what was.

        Args:
            is_told: whether a signal has ended it, and not its time.
        """
        end = time.monotonic() + self.parting
        self._return(self.workers.take_back())
        if self._in_hand or self.feeding.is_asking:
            again = "; once more to stop at once" if is_told else ""
            self.desk.view.remark(f"ending what is in hand{again}")
        while (self._in_hand or self.feeding.is_asking) and time.monotonic() < end:
            self._write_down(*self._gather(min(self.turn, max(0.0, end - time.monotonic()))))
            self._return(self.workers.take_back())
            self._show()
        self._return(list(self._in_hand.values()))
        self.desk.catch_up()
        self._show()

    def _leave(self) -> None:
        """Give everything back at once, if that can be."""
        with contextlib.suppress(LeakscanError):
            self.desk.queue.release(list(self._in_hand.values()))

    def _return(self, claims: Sequence[PushClaim], delay: float = 0.0) -> None:
        self.desk.give_back(claims, delay)
        self._forget(claims)

    def _forget(self, claims: Iterable[PushClaim]) -> None:
        for claim in claims:
            self._in_hand.pop((claim.id, claim.ticket), None)

    def _show(self) -> None:
        figures = self.desk.figures
        figures.in_hand = len(self._in_hand)
        rests = {one.via: max(one.pace.rest, one.pace.closed) for one in self.means.readers}
        figures.rests = {via: rest for via, rest in rests.items() if rest}
        self.desk.view.show(figures)

"""The running job: ask the feeds, hand out pushes, write down what comes back, until it is over.

Feeders and workers (hands.py) do all that takes long, in threads; this loop and the desk (desk.py)
run in the thread that calls, and only they touch the ledger.
"""

from __future__ import annotations

import contextlib
import queue
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leakscan.crawl.desk import SOON
from leakscan.crawl.hands import Looked
from leakscan.errors import LeakscanError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leakscan.crawl.desk import Desk
    from leakscan.crawl.feeding import Feeding
    from leakscan.crawl.hands import Inbox, Polled, Workers
    from leakscan.crawl.looks.follow import Means
    from leakscan.crawl.pace import Pace
    from leakscan.ledger.push_queue import PushClaim

TURN = 0.25
"""Seconds of what comes back that are written down in one go: a leak waits no longer for that."""

MOST_AHEAD = 256
"""Claims in hand at most, however fast they are done; more would only end with their leases."""

RENEWAL = 10.0
"""Seconds between two renewals of what is in hand: a third of the shortest lease."""

IDLE = 1.0
"""Seconds between two questions whether something is due, when nothing was."""

PARTING = 30.0
"""Seconds in which what is in hand is ended when the watch is stopped."""


@dataclass(slots=True)
class Engine:
    """One watch.

    Attributes:
        once: stop when every feed has been asked once and nothing is due any more.
        seconds: stop after so long; ``None`` for never.
        parting: seconds in which what is in hand is ended then.
    """

    desk: Desk
    feeding: Feeding
    workers: Workers
    means: Means
    paces: Mapping[str, Pace]
    inbox: Inbox
    once: bool = False
    seconds: float | None = None
    parting: float = PARTING
    _in_hand: dict[tuple[int, str], PushClaim] = field(default_factory=dict)
    _is_stopping: bool = False
    _is_dry: bool = False
    _ask_again_at: float = 0.0
    _renew_at: float = 0.0
    _done_last_turn: int = 0

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
            self._part()
        except LeakscanError:
            raise  # what is in hand is free again when the leases end
        except BaseException:
            self._leave()
            raise
        finally:
            self.workers.stop()
            self.feeding.close()

    def _turn(self) -> None:
        self._write_down(self._gather(TURN))
        if self._is_stopping:
            return
        self.feeding.ask_those_due()
        self._hand_out()
        self._show()

    def _gather(self, patience: float) -> list[Polled | Looked]:
        """Wait for what comes, and for what comes right after; findings are not kept waiting."""
        messages: list[Polled | Looked] = []
        end = time.monotonic() + patience
        while (left := end - time.monotonic()) > 0 and len(messages) < MOST_AHEAD:
            try:
                messages.append(self.inbox.get(timeout=left))
            except queue.Empty:
                break
            if self._is_stopping or messages[-1].is_urgent:
                break
        return messages

    def _write_down(self, messages: Sequence[Polled | Looked]) -> None:
        self.desk.take(messages)
        looked = [message for message in messages if isinstance(message, Looked)]
        for message in looked:
            self._in_hand.pop((message.claim.id, message.claim.ticket), None)
        self._done_last_turn = len(looked)
        polled = [message for message in messages if not isinstance(message, Looked)]
        self.feeding.answered(polled)
        if polled:
            self._is_dry = False
        moment = time.monotonic()
        if moment >= self._renew_at:
            self._renew_at = moment + RENEWAL
            self.desk.renew(list(self._in_hand.values()))
            self.feeding.renew()

    def _hand_out(self) -> None:
        """Claim as much as will be done until the next turn; nothing for a server at rest."""
        pace = self.paces[self.means.via]
        rest = pace.rest
        if rest:
            self._return(self.workers.take_back(), rest)
            return
        room = min(MOST_AHEAD, pace.limit + 2 * self._done_last_turn) - len(self._in_hand)
        moment = time.monotonic()
        if room <= 0 or (self._is_dry and moment < self._ask_again_at):
            return
        claims = self.desk.claim(room)
        self._in_hand |= {(claim.id, claim.ticket): claim for claim in claims}
        self._is_dry = not claims
        self._ask_again_at = moment + IDLE
        self.workers.hand_out(claims)

    def _is_worked_off(self) -> bool:
        """Tell whether a run that is to end by itself has nothing left to do."""
        if not self.once or not self.feeding.is_over or self._in_hand:
            return False
        if self.paces[self.means.via].rest > SOON:
            return True
        is_soon = time.monotonic() <= self.desk.again_at + 2 * IDLE
        return self._is_dry and not (self.desk.figures.given_back and is_soon)

    def _part(self) -> None:
        """Give back what was not begun, and wait a while for what was."""
        end = time.monotonic() + self.parting
        self._return(self.workers.take_back())
        if self._in_hand:
            self.desk.teller.remark(f"stopping when {len(self._in_hand)} in hand are ended")
        while (self._in_hand or self.feeding.is_asking) and time.monotonic() < end:
            self._write_down(self._gather(min(TURN, max(0.0, end - time.monotonic()))))
            self._return(self.workers.take_back())
            self._show()
        self._return(list(self._in_hand.values()))
        self._show()

    def _leave(self) -> None:
        """Give everything back at once, if that can be."""
        with contextlib.suppress(LeakscanError):
            self.desk.queue.release(list(self._in_hand.values()))

    def _return(self, claims: Sequence[PushClaim], delay: float = 0.0) -> None:
        self.desk.give_back(claims, delay)
        for claim in claims:
            self._in_hand.pop((claim.id, claim.ticket), None)

    def _show(self) -> None:
        figures = self.desk.figures
        figures.in_hand = len(self._in_hand)
        figures.rests = {way: pace.rest for way, pace in self.paces.items() if pace.rest}
        self.desk.teller.show(figures)

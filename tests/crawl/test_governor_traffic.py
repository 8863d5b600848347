"""The governor under any traffic, before a GitHub that counts for itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from governing import HOUR, Clock, dated, governor_of, named, reply
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from leakscan.crawl.github.allowance import POINTS, RESERVE
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from leakscan.crawl.github.governor import Turn


@dataclass
class Account:
    """What GitHub itself counts of one credential."""

    limit: int
    used: int = 0
    resets_at: float = 0.0
    paused_until: float = 0.0
    sent: list[float] = field(default_factory=list)

    def take(self, now: float) -> int:
        """Count a request; return what is left, less than 0 if there was nothing."""
        if now >= self.resets_at:
            self.used, self.resets_at = 0, now + HOUR
        self.used += 1
        self.sent.append(now)
        return self.limit - self.used


class Traffic(RuleBasedStateMachine):
    """Any traffic, before a GitHub that counts for itself by a clock of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.accounts = {
            named(name): Account(limit) for name, limit in (("a", 300), ("b", 2000), ("c", 60))
        }
        self.governor = governor_of(self.clock, *self.accounts)
        self.turns: list[tuple[Turn, int]] = []
        self.skew = 1234.0
        for _ in self.accounts:  # until it has been asked, nobody knows what it allows
            self.begin(1, urgent=True)
            self.turns, (begun,) = [], self.turns
            self.finish_one(*begun)

    def begin(self, count: int, *, urgent: bool) -> None:
        for _ in range(count):
            try:
                turn = self.governor.choose(urgent=urgent)
            except TroubleError as error:
                self.told_to_wait(error)
                return
            account = self.accounts[turn.credential]
            left = account.take(self.clock.now)
            assert left >= 0
            assert urgent or account.used == 1 or left >= int(account.limit * RESERVE)
            assert self.clock.now >= account.paused_until
            self.turns.append((turn, left))

    def told_to_wait(self, error: TroubleError) -> float:
        assert error.trouble is Trouble.BUSY
        assert error.retry_after
        assert 0 < error.retry_after <= 3700
        return error.retry_after

    def finish_one(self, turn: Turn, left: int) -> None:
        account = self.accounts[turn.credential]
        theirs = self.clock.now + self.skew
        told = reply(200, left, account.resets_at + self.skew, account.limit, **dated(theirs))
        assert not self.governor.finish(turn, told)

    @rule(count=st.integers(1, 400), urgent=st.booleans())
    def traffic(self, count: int, urgent: bool) -> None:
        self.begin(count, urgent=urgent)

    @rule(count=st.integers(1, 400), urgent=st.booleans())
    def quick_traffic(self, count: int, urgent: bool) -> None:
        for _ in range(count):
            before = len(self.turns)
            self.begin(1, urgent=urgent)
            if len(self.turns) == before:
                return
            self.finish_one(*self.turns.pop())

    @precondition(lambda self: self.turns)
    @rule(data=st.data(), count=st.integers(1, 100))
    def answers(self, data: st.DataObject, count: int) -> None:
        for _ in range(min(count, len(self.turns))):
            place = data.draw(st.integers(0, len(self.turns) - 1))
            self.finish_one(*self.turns.pop(place))

    @precondition(lambda self: self.turns)
    @rule(seconds=st.integers(1, 300))
    def secondary_limit(self, seconds: int) -> None:
        turn, _ = self.turns.pop()
        account = self.accounts[turn.credential]
        account.paused_until = max(account.paused_until, self.clock.now + seconds)
        assert self.governor.finish(turn, reply(403, retry_after=str(seconds)))

    @precondition(lambda self: self.turns)
    @rule()
    def no_answer(self) -> None:
        turn, _ = self.turns[-1]
        account = self.accounts[turn.credential]
        known = {one.credential: one for one in self.governor.budget()}[turn.credential.name]
        # In a window of which it has heard nothing yet, it could not know what that cost.
        if abs(self.clock.now + known.resets_in - account.resets_at) < 3 < known.resets_in:
            self.turns.pop()
            assert not self.governor.finish(turn, None)

    @rule(seconds=st.floats(0.01, 4000))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def waiting_as_told_is_enough(self) -> None:
        while self.turns:
            self.finish_one(*self.turns.pop())
        for _ in range(3):
            try:
                turn = self.governor.choose(urgent=True)
            except TroubleError as error:
                self.clock.now += self.told_to_wait(error)
            else:
                left = self.accounts[turn.credential].take(self.clock.now)
                assert left >= 0
                self.finish_one(turn, left)
                return
        pytest.fail("it was told three times to wait")

    @invariant()
    def limits_are_kept(self) -> None:
        assert len(self.turns) <= 100
        for account in self.accounts.values():
            account.sent = [moment for moment in account.sent if moment > self.clock.now - 60]
            assert len(account.sent) <= POINTS


Traffic.TestCase.settings = settings(max_examples=60, stateful_step_count=30)


TestTraffic = Traffic.TestCase

"""The governor: never against GitHub's limits, never asleep, and never idle without need."""

from __future__ import annotations

import email.utils
import threading
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from leakscan.crawl.github.allowance import POINTS, RESERVE
from leakscan.crawl.github.answers import Reply
from leakscan.crawl.github.credentials import Anonymous, Credential, FixedToken
from leakscan.crawl.github.governor import Governor, Turn
from leakscan.trouble import Trouble, TroubleError

BEGIN = 1_700_000_000.0
HOUR = 3600.0


@dataclass
class Clock:
    """Time that passes when a test says so."""

    now: float = BEGIN

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def governor_of(clock: Clock, *credentials: Credential, most: int = 100) -> Governor:
    return Governor(credentials or [named("a")], most, clock, clock)


def named(name: str) -> FixedToken:
    return FixedToken(name, "secret")


def reply(
    status: int = 200,
    remaining: int | str | None = None,
    reset: float | str = BEGIN + HOUR,
    limit: int | str = 5000,
    message: str = "",
    **headers: str,
) -> Reply:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    if remaining is not None:
        told |= {
            "x-ratelimit-remaining": str(remaining),
            "x-ratelimit-limit": str(limit),
            "x-ratelimit-reset": reset if isinstance(reset, str) else str(int(reset)),
        }
    return Reply(status, told, f'{{"message": "{message}"}}'.encode())


def dated(moment: float) -> dict[str, str]:
    return {"date": email.utils.formatdate(moment, usegmt=True)}


def ask(governor: Governor, answer: Reply | None, resource: str = "core") -> bool:
    return governor.finish(governor.choose(resource), answer)


def wait_of(governor: Governor, resource: str = "core", *, urgent: bool = False) -> float:
    with pytest.raises(TroubleError) as caught:
        governor.choose(resource, urgent=urgent)
    assert caught.value.trouble is Trouble.BUSY
    assert caught.value.retry_after
    return caught.value.retry_after


def test_the_one_with_most_left_is_taken(clock: Clock) -> None:
    a, b, nobody = named("a"), named("b"), Anonymous()
    governor = governor_of(clock, nobody, a, b)
    turn = governor.choose()
    assert turn.credential is a  # none is known; nobody has sixty
    governor.finish(turn, reply(remaining=4000))
    assert governor.choose().credential is b
    turn = governor.choose()
    assert turn.credential is b
    governor.finish(turn, reply(remaining=3990))
    assert governor.choose().credential is a


def test_resources_have_budgets_of_their_own(clock: Clock) -> None:
    governor = governor_of(clock)
    soon = BEGIN + 60
    assert ask(governor, reply(403, 0, soon, 10, x_ratelimit_resource="code_search"), "code_search")
    assert wait_of(governor, "code_search") == 61
    assert not ask(governor, reply(remaining=4000))
    assert {(one.resource, one.remaining) for one in governor.budget()} == {
        ("code_search", 0),
        ("core", 4000),
    }
    clock.now += 61
    assert not ask(governor, reply(200, 9, soon + 60, 10), "code_search")


def test_what_github_calls_a_resource_is_learnt(clock: Clock) -> None:
    governor = governor_of(clock)
    ask(governor, reply(200, 0, BEGIN + 60, 10, x_ratelimit_resource="code_search"), "search")
    wait_of(governor, "search")
    wait_of(governor, "code_search")
    assert [one.resource for one in governor.budget()] == ["code_search"]


@pytest.mark.parametrize("skew", [-7200.0, 0.0, 7200.0])
def test_the_reset_is_by_the_servers_clock(clock: Clock, skew: float) -> None:
    governor = governor_of(clock)
    theirs = BEGIN + skew
    assert ask(governor, reply(403, 0, theirs + 600, **dated(theirs)))
    assert wait_of(governor) == 601
    clock.now += 600
    wait_of(governor)
    clock.now += 1
    governor.choose()


def test_nonsense_in_headers_counts_for_little(clock: Clock) -> None:
    governor = governor_of(clock)
    ask(governor, reply(remaining="many"))
    ask(governor, reply(remaining=10, reset="never"))
    ask(governor, reply(remaining="inf"))
    ask(governor, reply(remaining="nan"))
    assert governor.budget() == ()
    ask(governor, reply(403, 0, BEGIN + 1e12))
    assert wait_of(governor) <= 3700
    old = governor_of(clock)
    ask(old, reply(403, 0, BEGIN - 1e6))
    assert wait_of(old) == 1


def test_answers_that_overtake_each_other(clock: Clock) -> None:
    governor = governor_of(clock)
    turns = [governor.choose() for _ in range(3)]
    for turn, remaining, reset in zip(turns, (1000, 1002, 4999), (0, 1, -HOUR), strict=True):
        governor.finish(turn, reply(remaining=remaining, reset=BEGIN + HOUR + reset))
    assert governor.budget()[0].remaining == 1000
    ask(governor, reply(remaining=4999, reset=BEGIN + 2 * HOUR))
    assert governor.budget()[0].remaining == 4999


def test_ordinary_requests_leave_a_reserve_for_urgent_ones(clock: Clock) -> None:
    governor = governor_of(clock)
    ask(governor, reply(remaining=502))
    governor.choose()
    turn = governor.choose()
    assert wait_of(governor) == HOUR + 1
    governor.finish(governor.choose(urgent=True), reply(remaining=1))
    governor.finish(turn, None)
    assert wait_of(governor, urgent=True) == HOUR + 1


def test_what_got_no_answer_may_have_been_counted(clock: Clock) -> None:
    governor = governor_of(clock)
    ask(governor, reply(remaining=5))
    lost = [governor.choose(urgent=True) for _ in range(3)]
    governor.finish(governor.choose(urgent=True), reply(remaining=4))
    for turn in lost:
        governor.finish(turn, None)
    assert governor.budget()[0].remaining == 1
    clock.now += 1
    governor.finish(governor.choose(urgent=True), reply(remaining=3))  # they were not counted
    assert governor.budget()[0].remaining == 3


def test_a_network_that_is_down_does_not_use_up_what_is_allowed(clock: Clock) -> None:
    governor = governor_of(clock, Anonymous())
    ask(governor, reply(remaining=50, limit=60))
    for _ in range(50):
        governor.finish(governor.choose(urgent=True), None)
    clock.now += wait_of(governor, urgent=True)
    for _ in range(200):
        governor.finish(governor.choose(), None)


def test_a_secondary_limit_doubles_until_all_is_well(clock: Clock) -> None:
    governor = governor_of(clock)
    limit = reply(403, 4000, message="You have exceeded a secondary rate limit. Please wait")
    waits = []
    for _ in range(9):
        assert ask(governor, limit)
        waits.append(wait_of(governor))
        clock.now += waits[-1]
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    ask(governor, reply())
    ask(governor, limit)
    assert wait_of(governor) == 3600  # one success proves nothing
    clock.now += 7201
    ask(governor, reply())
    ask(governor, limit)
    assert wait_of(governor) == 60


def test_what_was_under_way_at_a_limit_is_one_offence(clock: Clock) -> None:
    governor = governor_of(clock)
    before = governor.at_once
    turns = [governor.choose() for _ in range(before)]
    clock.now += 1
    for turn in turns:
        assert governor.finish(turn, reply(429))
    assert wait_of(governor) == 60
    assert governor.at_once == before // 2


def test_a_limit_is_one_credentials_own(clock: Clock) -> None:
    a, b = named("a"), named("b")
    governor = governor_of(clock, a, b)
    turn = governor.choose()
    governor.finish(turn, reply(429, retry_after="30"))
    other = governor.choose().credential
    assert {turn.credential, other} == {a, b}
    assert [one.rests_for for one in governor.budget()] == []


def test_as_many_at_once_as_go_well(clock: Clock) -> None:
    governor = governor_of(clock, most=500)
    begun = governor.at_once
    for _ in range(20):
        turns = [governor.choose() for _ in range(governor.at_once)]
        assert wait_of(governor) < 1
        for turn in turns:
            governor.finish(turn, reply())
        clock.now += 60
    assert begun < governor.at_once < begun + 21
    for _ in range(10_000):
        governor.finish(governor.choose(), reply())
        clock.now += 1
    assert governor.at_once == 100
    turn = governor.choose()
    governor.finish(turn, reply(403, retry_after="5"))
    assert governor.at_once == 50


def test_a_few_at_once_if_the_operator_says_so(clock: Clock) -> None:
    governor = governor_of(clock, most=2)
    governor.choose()
    turn = governor.choose()
    wait_of(governor)
    governor.finish(turn, None)
    governor.choose()


def test_nine_hundred_a_minute(clock: Clock) -> None:
    governor = governor_of(clock)
    for _ in range(POINTS):
        ask(governor, reply())
        clock.now += 0.01
    assert wait_of(governor) == pytest.approx(60 - POINTS * 0.01)
    clock.now += wait_of(governor)
    governor.choose()


def test_those_put_aside_are_told_apart(clock: Clock) -> None:
    a, b = named("a"), named("b")
    governor = governor_of(clock, a, b)
    ask(governor, reply(remaining=10))
    assert governor.put_aside(a, "Bad credentials")
    assert not governor.put_aside(a, "again")
    assert governor.choose().credential is b
    assert governor.budget() == ()
    governor.put_aside(b, "suspended")
    with pytest.raises(TroubleError, match="a: Bad credentials; b: suspended") as caught:
        governor.choose()
    assert caught.value.trouble is Trouble.REFUSED


def test_threads_do_not_exceed_it_together() -> None:
    governor = Governor([named("a"), named("b")], 5)
    together, most, refused = 0, 0, 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal together, most, refused
        for _ in range(100):
            try:
                turn = governor.choose()
            except TroubleError:
                with lock:
                    refused += 1
                continue
            with lock:
                together += 1
                most = max(most, together)
            with lock:
                together -= 1
            governor.finish(turn, reply(remaining=4000))

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most <= 5
    assert refused < 12 * 100
    governor.choose()


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

"""The governor: never against GitHub's limits, never asleep, and never idle without need."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from governing import BEGIN, HOUR, Clock, dated, governor_of, named, reply

from leakscan.crawl.feed_lanes import lanes_of
from leakscan.crawl.github.allowance import POINTS
from leakscan.crawl.github.credentials import Anonymous
from leakscan.crawl.github.governor import FOR_URGENT, Governor, Turn
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from leakscan.crawl.github.answers import Reply


@pytest.fixture
def clock() -> Clock:
    return Clock()


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


def words_of(governor: Governor) -> str:
    with pytest.raises(TroubleError) as caught:
        governor.choose("core")
    return str(caught.value)


def test_which_limit_it_is_and_until_when_is_said_in_words(clock: Clock) -> None:
    """The clock of the tests stands at 22:13:20 UTC."""
    too_fast, spent, busy = (governor_of(clock) for _ in range(3))
    ask(too_fast, reply(403, 4000, message="secondary rate limit", retry_after="14"))
    assert words_of(too_fast) == "GitHub's secondary limit: no call before 22:13:34 UTC"
    ask(spent, reply(200, 0))
    assert words_of(spent) == (
        "GitHub's budget of core calls of a is used up, but for what is kept for feeds:"
        " no call before 23:13:21 UTC"
    )
    for _ in range(POINTS):
        ask(busy, reply(200, 4000))
    assert words_of(busy) == "900 calls a minute: no call before 22:14:20 UTC"


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


def test_looks_do_not_keep_the_feeds_from_being_asked(clock: Clock) -> None:
    governor = governor_of(clock, most=2)
    for urgent in (False, False, *[True] * FOR_URGENT):
        governor.choose(urgent=urgent)
    assert wait_of(governor) < 1
    assert wait_of(governor, urgent=True) < 1  # they have their bound, too


def test_there_is_room_for_every_thread_that_asks_feeds_of_the_api() -> None:
    assert sum(lane.threads for lane in lanes_of([]) if not lane.reads_to_end) == FOR_URGENT


def test_whoever_is_patient_gets_the_room_of_those_that_are_over(clock: Clock) -> None:
    governor = governor_of(clock, most=1)
    turn = governor.choose()
    got: list[Turn] = []
    waiting = threading.Thread(target=lambda: got.append(governor.choose(patience=60.0)))
    waiting.start()
    assert got == []
    governor.finish(turn, reply())
    waiting.join(60)
    assert len(got) == 1


def test_no_patience_is_for_a_budget_that_is_spent(clock: Clock) -> None:
    governor = governor_of(clock)
    ask(governor, reply(403, 0))
    with pytest.raises(TroubleError) as caught:
        governor.choose(urgent=True, patience=1e6)
    assert caught.value.retry_after == HOUR + 1


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
    assert caught.value.trouble is Trouble.BARRED
    assert [(one.credential, one.why) for one in governor.refused()] == [
        ("a", "Bad credentials"),
        ("b", "suspended"),
    ]
    governor.take_back(a)
    assert [one.credential for one in governor.refused()] == ["b"]


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

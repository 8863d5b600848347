"""How many conversations go on at once, and when a server rests or is passed over."""

from __future__ import annotations

import threading
import time

import pytest

from leakscan.crawl.pace import (
    CLOSED_AFTER,
    CLOSED_FOR,
    IN_A_ROW,
    LONGEST_REST,
    SHORTEST_REST,
    Outage,
    Pace,
)
from leakscan.push import Look, PushState
from leakscan.trouble import Trouble


class Clock:
    def __init__(self) -> None:
        self.moment = 1000.0

    def __call__(self) -> float:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


GOOD = Look(PushState.SCANNED)
IN_VAIN = Look(PushState.SKIPPED, Trouble.REFUSED, "why")
PASSED_OVER, LEFT_ALONE = Outage("why", is_bypassed=True), Outage("why")


def bad(trouble: Trouble = Trouble.BUSY, retry_after: float | None = None, **more: object) -> Look:
    return Look(PushState.FAILED, trouble, "why", retry_after, **more)  # type: ignore[arg-type]


def test_it_is_halved_when_the_server_struggles_and_grows_back(clock: Clock) -> None:
    pace = Pace(16, clock)
    pace.learn(bad())
    assert pace.limit == 8
    pace.learn(bad())  # under way at the same time
    assert pace.limit == 8
    clock.moment += 2
    pace.learn(bad(Trouble.UNREACHABLE))
    assert pace.limit == 4
    for _ in range(1000):
        pace.learn(GOOD)
    assert pace.limit == 16


def test_it_never_comes_to_a_stop(clock: Clock) -> None:
    pace = Pace(2, clock)
    for _ in range(20):
        clock.moment += 2
        pace.learn(bad())
    assert pace.limit == 1


@pytest.mark.parametrize("trouble", [Trouble.GONE, Trouble.REFUSED, Trouble.BROKEN, None])
def test_what_is_about_one_push_changes_nothing(clock: Clock, trouble: Trouble | None) -> None:
    pace = Pace(16, clock)
    for _ in range(IN_A_ROW * 3):
        pace.learn(Look(PushState.SKIPPED, trouble))
    assert (pace.limit, pace.rest) == (16, 0)


def test_what_takes_too_long_is_the_servers_fault_only_if_nothing_came(clock: Clock) -> None:
    pace = Pace(16, clock)
    for _ in range(IN_A_ROW * 3):
        pace.learn(Look(PushState.SCANNED, Trouble.TOO_LONG, objects=1))
    assert (pace.limit, pace.rest) == (16, 0)
    for _ in range(IN_A_ROW):
        pace.learn(bad(Trouble.TOO_LONG))
    assert (pace.limit, pace.rest) == (8, SHORTEST_REST)


def test_a_server_that_asks_for_a_rest_gets_it(clock: Clock) -> None:
    pace = Pace(4, clock)
    pace.learn(bad(retry_after=30))
    assert pace.rest == 30
    assert not pace.enter(0)
    clock.moment += 30
    assert pace.rest == 0
    assert pace.enter(0)


def test_no_rest_is_endless(clock: Clock) -> None:
    pace = Pace(4, clock)
    pace.learn(bad(retry_after=1e9))
    assert pace.rest == LONGEST_REST


def test_after_several_failures_in_a_row_it_rests_ever_longer(clock: Clock) -> None:
    pace = Pace(4, clock)
    for expected in (SHORTEST_REST, SHORTEST_REST * 2):
        for _ in range(IN_A_ROW):
            assert pace.rest <= expected / 2
            pace.learn(bad(Trouble.UNREACHABLE))
        assert pace.rest == expected
        clock.moment += expected
    pace.learn(GOOD)
    for _ in range(IN_A_ROW):
        pace.learn(bad())
    assert pace.rest == SHORTEST_REST


@pytest.mark.parametrize("trouble", [Trouble.BARRED, Trouble.LOCAL])
def test_what_people_must_mend_is_not_tried_again_soon(clock: Clock, trouble: Trouble) -> None:
    pace = Pace(4, clock)
    for _ in range(IN_A_ROW):
        assert pace.rest == 0
        pace.learn(bad(trouble))
    assert pace.rest == LONGEST_REST


def test_a_server_that_does_not_give_what_another_way_can_read_is_passed_over(
    clock: Clock,
) -> None:
    pace = Pace(4, clock)
    for _ in range(CLOSED_AFTER):
        assert pace.closed == 0
        assert pace.outage is None
        pace.learn(IN_VAIN)
        pace.bypassed(IN_VAIN)
    assert pace.outage == PASSED_OVER
    assert (pace.closed, pace.rest) == (CLOSED_FOR, 0)
    clock.moment += CLOSED_FOR
    assert pace.closed == 0
    pace.bypassed(IN_VAIN)
    assert pace.closed == CLOSED_FOR
    pace.learn(GOOD)  # what was under way then
    assert pace.closed == 0


@pytest.mark.parametrize("served", [GOOD, Look(PushState.SKIPPED, Trouble.GONE)])
def test_a_server_that_serves_now_and_then_is_not_passed_over(clock: Clock, served: Look) -> None:
    pace = Pace(4, clock)
    for _ in range(CLOSED_AFTER * 2):
        pace.bypassed(IN_VAIN)
        pace.learn(served)
    assert pace.closed == 0


def test_why_it_rests_is_known_unless_it_asked_for_that(clock: Clock) -> None:
    asked, away = Pace(4, clock), Pace(4, clock)
    asked.learn(bad(retry_after=10))
    for _ in range(IN_A_ROW):
        assert away.trouble is None
        away.learn(bad(Trouble.UNREACHABLE))
    assert (asked.trouble, away.trouble) == (None, "why")
    clock.moment += SHORTEST_REST
    assert away.trouble is None


def test_a_server_that_cannot_be_reached_is_told_of_at_the_first_bypass(clock: Clock) -> None:
    pace = Pace(4, clock)
    pace.bypassed(bad(Trouble.UNREACHABLE))
    assert (pace.outage, pace.closed) == (PASSED_OVER, 0)


def test_a_server_that_serves_again_is_passed_over_no_longer(clock: Clock) -> None:
    pace = Pace(4, clock)
    pace.bypassed(bad(Trouble.UNREACHABLE))
    pace.learn(Look(PushState.SKIPPED, Trouble.REFUSED))
    assert pace.outage == PASSED_OVER
    pace.learn(GOOD, pace.now)
    assert pace.outage is None


def test_of_a_server_that_has_come_back_once_a_single_failure_says_nothing(clock: Clock) -> None:
    pace = Pace(4, clock)
    pace.bypassed(bad(Trouble.UNREACHABLE))
    pace.learn(GOOD)
    for _ in range(CLOSED_AFTER):
        assert pace.outage is None
        pace.bypassed(bad(Trouble.UNREACHABLE))
    assert pace.outage == PASSED_OVER


def test_what_was_under_way_does_not_show_that_a_server_serves_again(clock: Clock) -> None:
    pace = Pace(4, clock)
    began = pace.now
    clock.moment += 1
    pace.bypassed(bad(Trouble.UNREACHABLE))
    pace.learn(GOOD, began)
    assert pace.outage == PASSED_OVER


@pytest.mark.parametrize("trouble", [Trouble.BUSY, Trouble.UNREACHABLE])
def test_a_server_that_fails_on_is_told_of_until_it_serves_again(
    clock: Clock, trouble: Trouble
) -> None:
    pace = Pace(4, clock)
    for number in range(IN_A_ROW + 2):
        assert pace.outage == (LEFT_ALONE if number >= IN_A_ROW else None)
        pace.learn(bad(trouble))
        pace.missed(bad(trouble))
    began = pace.now
    clock.moment += LONGEST_REST
    pace.learn(GOOD, began - 1)  # what was under way then
    assert pace.outage == LEFT_ALONE
    pace.learn(GOOD, pace.now)
    assert pace.outage is None


@pytest.mark.parametrize(
    "look",
    [
        bad(retry_after=0.0),
        bad(Trouble.LOCAL),
        bad(Trouble.BARRED),
        bad(Trouble.BROKEN),
        bad(is_elsewhere=True),
        GOOD,
    ],
)
def test_what_does_not_show_that_a_server_fails_is_not_told(clock: Clock, look: Look) -> None:
    pace = Pace(4, clock)
    for _ in range(IN_A_ROW):
        pace.learn(bad())  # of which another way could read all
    clock.moment += SHORTEST_REST
    pace.learn(look)
    pace.missed(look)
    assert pace.outage is None


def test_one_bypass_is_enough_for_a_server_that_fails_on(clock: Clock) -> None:
    pace = Pace(4, clock)
    for _ in range(IN_A_ROW):
        pace.learn(bad())
    pace.bypassed(bad())
    assert (pace.outage, pace.closed) == (PASSED_OVER, CLOSED_FOR)
    pace.learn(bad())  # under way at the same time
    pace.missed(bad())
    assert (pace.outage, pace.closed) == (PASSED_OVER, CLOSED_FOR)
    clock.moment += CLOSED_FOR
    pace.learn(GOOD, pace.now)
    assert (pace.outage, pace.closed) == (None, 0)


def test_a_server_that_is_left_alone_may_be_passed_over_then(clock: Clock) -> None:
    pace = Pace(4, clock)
    for _ in range(IN_A_ROW):
        pace.learn(bad())
    pace.missed(bad())
    assert pace.outage == LEFT_ALONE
    pace.bypassed(bad())
    assert pace.outage == PASSED_OVER


@pytest.mark.parametrize("trouble", [Trouble.GONE, Trouble.NAMELESS, Trouble.BUSY])
def test_what_another_server_says_is_nothing_about_this_one(clock: Clock, trouble: Trouble) -> None:
    pace = Pace(4, clock)
    for _ in range(CLOSED_AFTER):
        pace.bypassed(IN_VAIN)
        pace.learn(bad(trouble, 30, is_elsewhere=True))
    assert (pace.closed, pace.limit, pace.rest) == (CLOSED_FOR, 4, 0)


def test_what_the_api_answers_to_a_call_is_about_that_call(clock: Clock) -> None:
    pace = Pace(4, clock)
    pace.learn(bad(retry_after=10, via="api", api_requests=1))
    assert pace.rest == 0
    pace.learn(bad(retry_after=10, via="api"))  # the governor let no call through
    assert pace.rest == 10


def test_no_more_than_the_limit_are_let_in() -> None:
    pace, most, inside = Pace(3), 0, 0
    lock = threading.Lock()

    def talk() -> None:
        nonlocal most, inside
        for _ in range(20):
            assert pace.enter(10)
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.001)
            with lock:
                inside -= 1
            pace.leave()

    threads = [threading.Thread(target=talk) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, inside) == (3, 0)


def test_whoever_waits_for_room_gives_up_in_time() -> None:
    pace = Pace(1)
    assert pace.enter(0)
    started = time.monotonic()
    assert not pace.enter(0.1)
    assert 0.1 <= time.monotonic() - started < 5

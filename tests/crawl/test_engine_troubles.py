"""The running job where servers, credentials or the machine fail: nothing is lost for it."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from engine_stage import DEADLINE, Shelf, run_beside, wait_until

from leakscan.cli.watch_reasons import left_out
from leakscan.crawl import desk as desk_module
from leakscan.crawl.desk import MOST_RETURNS
from leakscan.crawl.hands import Looked
from leakscan.crawl.looks.follow import follow
from leakscan.crawl.pace import CLOSED_AFTER, CLOSED_FOR, IN_A_ROW, LONGEST_REST, Pace
from leakscan.errors import TargetError
from leakscan.trouble import Trouble, TroubleError
from pushes import a_push, pass_time, some_pushes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine_stage import Watch

    from leakscan.crawl.figures import Figures
    from leakscan.crawl.looks.follow import Spent
    from leakscan.push import Push
    from leakscan.sources.sighting import Sighting, Tally

BARRED = TroubleError(Trouble.BARRED, "every credential is refused", "make a new one")
FULL = TargetError("no space left on the disk", "make room")


def busy(retry_after: float) -> TroubleError:
    return TroubleError(Trouble.BUSY, "busy", "wait", retry_after)


def given_back(figures: Figures) -> bool:
    """Tell whether what waits is the one reason for no all-clear; else there must be none."""
    reasons = [skip.why for skip in left_out(figures)]
    assert reasons in ([], ["given back, to be looked at later"])
    return bool(reasons)


@pytest.mark.parametrize("error", [BARRED, FULL], ids=["barred", "full disk"])
def test_what_is_wrong_with_us_costs_no_push_an_attempt(watch: Watch, error: Exception) -> None:
    watch.queue(*some_pushes(200))
    watch.shelf.errors = {f"acme/app{number}": error for number in range(200)}
    figures = watch.run(most=2)
    assert watch.states() == {"seen": 200}
    assert watch.attempts() == {0}
    assert IN_A_ROW <= watch.shelf.reads.total() <= IN_A_ROW + 2
    assert (figures.skipped, figures.failing) == ({}, set())
    assert given_back(figures)
    assert watch.listener.said == [str(error)]
    watch.shelf.errors.clear()
    pass_time(watch.ledgers.ledger, timedelta(hours=1))
    assert watch.run().scanned == 200


def test_a_push_that_needs_a_disk_which_is_full_waits_while_others_go_on(watch: Watch) -> None:
    watch.queue(*some_pushes(100))
    watch.shelf.errors = {"acme/app99": FULL}
    figures = watch.run(most=1)
    assert (figures.scanned, watch.shelf.reads["acme/app99"]) == (99, 1)
    assert watch.states() == {"scanned": 99, "seen": 1}


def test_a_server_that_asks_for_a_rest_gets_its_claims_back(watch: Watch) -> None:
    watch.queue(*some_pushes(50))
    watch.shelf.errors = {f"acme/app{number}": busy(500) for number in range(50)}
    figures = watch.run(most=2)
    assert watch.shelf.reads.total() <= 2
    assert (figures.scanned, figures.failing) == (0, set())
    assert given_back(figures)
    assert watch.states() == {"seen": 50}
    assert watch.attempts() == {0}


def test_no_server_is_believed_that_wants_to_rest_for_a_day(watch: Watch) -> None:
    watch.queue(a_push(1))
    watch.shelf.errors = {"acme/app1": busy(86_400)}
    watch.run()
    (row,) = watch.ledgers.rows("pushes", "due_at")
    assert (row.due_at - datetime.now(UTC)).total_seconds() <= LONGEST_REST


def test_a_push_that_is_always_busy_counts_as_failed_in_the_end(watch: Watch) -> None:
    watch.queue(a_push(1), a_push(2))
    watch.shelf.errors = {"acme/app1": busy(0.1)}
    figures = watch.run(most=1)
    assert watch.shelf.reads["acme/app1"] == MOST_RETURNS + 1
    assert (figures.scanned, len(figures.failing)) == (1, 1)
    assert watch.states() == {"scanned": 1, "failed": 1}


@pytest.mark.parametrize(("wait", "state"), [(0.3, "scanned"), (30.0, "seen")])
def test_a_run_that_ends_by_itself_waits_for_a_short_rest_only(
    watch: Watch, wait: float, state: str
) -> None:
    watch.queue(a_push(1))
    watch.shelf.errors, watch.shelf.mended_after = {"acme/app1": busy(wait)}, 1
    assert given_back(watch.run(most=1, soon=5)) == (state == "seen")
    assert watch.states() == {state: 1}


def test_a_run_that_ends_by_itself_does_not_wait_for_a_server_that_is_away(watch: Watch) -> None:
    watch.queue(*some_pushes(50))
    away = TroubleError(Trouble.UNREACHABLE, "nobody answers at hide-me")
    watch.shelf.errors = {f"acme/app{number}": away for number in range(50)}
    engine = watch.engine(most=1)
    engine.run()
    assert engine.unreached == ("git", "nobody answers at ***")
    assert watch.listener.said == []  # its end tells
    assert watch.shelf.reads.total() == IN_A_ROW
    assert watch.states() == {"failed": IN_A_ROW, "seen": 50 - IN_A_ROW}


def test_a_server_that_is_passed_over_is_told_of_until_it_answers_again(watch: Watch) -> None:
    watch.others = (Shelf(via="api"),)
    engine, ahead = watch.engine(once=False, most=1), [0.0]
    watch.shelf.pace = Pace(1, lambda: time.monotonic() + ahead[0])
    away = {f"acme/app{n}": TroubleError(Trouble.UNREACHABLE, "no route") for n in range(10)}

    def push(numbers: range) -> None:
        watch.queue(*map(a_push, numbers))
        wait_until(lambda: watch.states() == {"scanned": numbers.stop})

    def go_on() -> None:
        watch.shelf.errors = away
        push(range(CLOSED_AFTER))
        assert watch.shelf.pace.closed
        ahead[0] += CLOSED_FOR + 1
        watch.shelf.errors = {}
        push(range(CLOSED_AFTER, CLOSED_AFTER + 2))
        wait_until(lambda: len(watch.listener.said) == 2)
        watch.shelf.errors = away
        push(range(CLOSED_AFTER + 2, CLOSED_AFTER * 2 + 2))
        wait_until(lambda: len(watch.listener.said) == 3)
        engine.stop()

    run_beside(engine, go_on)
    assert watch.shelf.reads.total() == CLOSED_AFTER * 2 + 2
    assert watch.listener.said == [
        "git is passed over for api: no route",
        "git answers again",
        "git is passed over for api: no route",
    ]


def test_a_server_that_fails_on_is_told_of_once_until_it_answers_again(watch: Watch) -> None:
    engine, ahead = watch.engine(once=False, most=1), [0.0]
    watch.shelf.pace = Pace(1, lambda: time.monotonic() + ahead[0])
    failing = TroubleError(Trouble.BUSY, "hide-me gives HTTP 503")
    watch.shelf.errors = {f"acme/app{number}": failing for number in range(IN_A_ROW * 3)}

    def go_on() -> None:
        for number in range(1, 4):
            watch.queue(*map(a_push, range((number - 1) * IN_A_ROW, number * IN_A_ROW)))
            for failed in range((number - 1) * IN_A_ROW + 1, number * IN_A_ROW + 1):
                wait_until(lambda failed=failed: watch.states()["failed"] >= failed)
                ahead[0] += LONGEST_REST
        watch.queue(a_push(100))
        wait_until(lambda: len(watch.listener.said) == 2)
        engine.stop()

    run_beside(engine, go_on)
    first, last = watch.listener.said
    assert re.fullmatch(r"git is left alone( for \d+ s)?: \*\*\* gives HTTP 503", first)
    assert last == "git answers again"


def test_what_a_server_that_fails_on_does_not_give_is_read_in_another_way(watch: Watch) -> None:
    watch.others = (Shelf(via="api"),)
    failing = TroubleError(Trouble.BUSY, "HTTP 503")
    watch.shelf.errors = {f"acme/app{number}": failing for number in range(50)}
    watch.queue(*some_pushes(50))
    engine = watch.engine(most=1, soon=30)
    engine.run()
    assert (watch.shelf.reads.total(), engine.unreached) == (IN_A_ROW, None)
    assert watch.states() == {"failed": IN_A_ROW - 1, "scanned": 51 - IN_A_ROW}
    assert watch.listener.said == ["git is passed over for api: HTTP 503"]


class Slow(Shelf):
    """A shelf that gives one push only when it is told to."""

    begun, held = threading.Event(), threading.Event()

    def read(self, push: Push, tally: Tally, spent: Spent) -> Iterator[Sighting]:
        if push.repository == "acme/app0":
            self.begun.set()
            assert self.held.wait(DEADLINE)
        yield from super().read(push, tally, spent)


def test_what_was_under_way_when_a_server_went_away_is_no_word_of_its_return(watch: Watch) -> None:
    watch.shelf, watch.others = Slow(), (Shelf(via="api"),)
    watch.shelf.errors = {"acme/app1": TroubleError(Trouble.UNREACHABLE, "no route")}
    engine = watch.engine(once=False, most=2)

    def go_on() -> None:
        watch.queue(a_push(0))
        assert Slow.begun.wait(DEADLINE)
        watch.queue(a_push(1))
        wait_until(lambda: watch.states()["scanned"] == 1)
        Slow.held.set()
        wait_until(lambda: watch.states()["scanned"] == 2)
        engine.stop()

    run_beside(engine, go_on)
    assert watch.listener.said == ["git is passed over for api: no route"]


def test_a_long_watch_remembers_no_more_and_no_more(
    watch: Watch, monkeypatch: pytest.MonkeyPatch, new_token: Callable[[], str]
) -> None:
    monkeypatch.setattr(desk_module, "MOST_REMEMBERED", 3)
    watch.queue(*some_pushes(20))
    engine = watch.engine()
    desk, means = engine.desk, engine.means
    for claim in desk.claim(20):
        watch.shelf.texts[claim.push.repository] = new_token()
        watch.shelf.errors[claim.push.repository] = busy(1)
        desk.take([], [Looked(claim, follow(claim.push, watch.shelf, means))])
        assert len(desk._told) <= 4
        assert len(desk._returns) <= 4
    assert len(watch.listener.findings) == 20

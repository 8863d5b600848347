"""The running job: everything that is told of is looked at, once, and counted."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from engine_stage import wait_until

from leakscan.cli.watch_reasons import left_out
from leakscan.crawl.engine import MOST_AHEAD
from leakscan.errors import LeakscanError
from leakscan.ledger.push_outcomes import MAX_BEGUN
from leakscan.ledger.push_queue import PushQueue
from leakscan.ledger.push_tables import pushes as push_table
from leakscan.push import PushState
from leakscan.trouble import Trouble, TroubleError
from pushes import HOST, SCANNED, a_push, pass_time, rows, some_pushes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine_stage import Watch

    from leakscan.ledger.push_queue import Outcome


def test_everything_due_is_looked_at_and_counted(
    watch: Watch, new_token: Callable[[], str]
) -> None:
    watch.queue(*some_pushes(100))
    watch.shelf.texts = {f"acme/app{number}": new_token() for number in range(0, 100, 10)}
    figures = watch.run()
    assert (figures.scanned, len(figures.findings)) == (100, 10)
    assert sorted(watch.answered) == sorted(figures.findings)
    assert len(watch.listener.findings) == 10
    assert watch.states() == {"scanned": 100}
    assert set(watch.shelf.reads.values()) == {1}
    looks = watch.ledgers.rows("pushes", "findings, git_requests, run_id")
    assert sum(row.findings for row in looks) == 10
    assert {(row.git_requests, row.run_id) for row in looks} == {(1, 1)}


def test_no_more_conversations_than_wanted_at_once(watch: Watch) -> None:
    watch.queue(*some_pushes(40))
    watch.shelf.delay = 0.02
    watch.run(most=3)
    assert watch.shelf.most == 3


def test_claims_in_hand_are_bounded_however_much_waits(watch: Watch) -> None:
    watch.queue(*some_pushes(2000))
    assert watch.run(most=4).scanned == 2000
    assert 4 <= watch.listener.most_in_hand <= MOST_AHEAD


def test_a_worker_that_meets_the_unexpected_goes_on(watch: Watch) -> None:
    watch.queue(*some_pushes(20))
    watch.shelf.errors = {f"acme/app{number}": RuntimeError("x") for number in range(10)}
    figures = watch.run(most=2)
    assert (figures.scanned, len(figures.failing)) == (10, 10)
    whys = {row.why for row in watch.ledgers.rows("pushes", "why")}
    assert any(why and why.startswith("internal error (RuntimeError in engine_st") for why in whys)


def test_pushes_of_other_sites_keep_nobody_from_our_own(watch: Watch) -> None:
    watch.queue(*some_pushes(40, host="git.example.com"), *some_pushes(3))
    figures = watch.run(most=1)
    assert (figures.scanned, list(left_out(figures))) == (3, [])
    assert watch.states() == {"scanned": 3, "seen": 40}


def test_when_it_is_stopped_what_is_in_hand_is_ended_and_the_rest_given_back(watch: Watch) -> None:
    watch.queue(*some_pushes(60))
    watch.shelf.gate.clear()
    engine = watch.engine(once=False, most=2)

    def stop() -> None:
        wait_until(lambda: watch.shelf.inside == 2)
        engine.stop()
        watch.shelf.gate.set()

    threading.Thread(target=stop).start()
    engine.run()
    assert engine.desk.figures.scanned == watch.shelf.reads.total() == 2
    assert watch.states() == {"scanned": 2, "seen": 58}


def test_what_does_not_end_in_time_is_given_back_and_comes_too_late(watch: Watch) -> None:
    watch.queue(a_push(1))
    watch.shelf.gate.clear()
    engine = watch.engine(once=False, parting=0.1)

    def stop() -> None:
        wait_until(lambda: watch.shelf.inside == 1)
        engine.stop()

    threading.Thread(target=stop).start()
    engine.run()
    assert watch.states() == {"seen": 1}
    watch.shelf.gate.set()
    late = engine.inbox.get(timeout=30)
    engine.desk.take([], [late])  # type: ignore[list-item]
    assert watch.states() == {"seen": 1}
    assert (engine.desk.figures.scanned, engine.desk.figures.given_back) == (0, {1})


def test_leases_are_renewed_while_a_look_lasts(watch: Watch) -> None:
    watch.queue(a_push(1))
    watch.shelf.gate.clear()
    engine = watch.engine()
    engine.renewal = 0.05

    def lease() -> datetime:
        (row,) = rows(watch.ledgers.ledger)
        until: datetime = row.lease_until
        return until

    def look_on() -> None:
        wait_until(lambda: watch.shelf.inside == 1)
        first = lease()
        wait_until(lambda: lease() > first)
        watch.shelf.gate.set()

    threading.Thread(target=look_on).start()
    engine.run()
    assert (watch.shelf.reads["acme/app1"], watch.states()) == (1, {"scanned": 1})


def steal(watch: Watch, *ids: int) -> None:
    """Let another watch take over pushes."""
    with watch.ledgers.ledger.writing() as connection:
        some = push_table.update().where(push_table.c.id.in_(ids))
        connection.execute(some.values(ticket="another"))


def test_what_another_watch_has_taken_over_is_not_counted(watch: Watch) -> None:
    watch.queue(a_push(1), a_push(2))
    watch.shelf.gate.clear()
    engine = watch.engine(most=2)

    def take_over() -> None:
        wait_until(lambda: watch.shelf.inside == 2)
        steal(watch, 1)
        watch.shelf.gate.set()

    threading.Thread(target=take_over).start()
    engine.run()
    assert engine.desk.figures.scanned == 1
    assert watch.states() == {"scanning": 1, "scanned": 1}


def test_what_another_watch_has_taken_over_is_not_begun(watch: Watch) -> None:
    watch.queue(*some_pushes(6))
    watch.shelf.gate.clear()
    engine = watch.engine(most=1)
    engine._hand_out()  # one is begun
    wait_until(lambda: watch.shelf.inside == 1)
    engine._done_last_turn = 2
    engine._hand_out()  # four wait for it
    begun, *waiting = sorted(engine._in_hand.values(), key=lambda claim: claim.attempts)
    lost = waiting[-2:]
    steal(watch, *(claim.id for claim in lost))
    engine._renew()
    assert begun not in lost
    assert set(lost) & set(engine._in_hand.values()) == set()
    assert set(lost) & set(engine.workers.take_back()) == set()
    assert len(engine._in_hand) == 3
    engine.workers.stop()
    watch.shelf.gate.set()


def test_what_another_watch_has_done_is_no_longer_left_out(watch: Watch) -> None:
    watch.queue(a_push(1))
    watch.shelf.errors = {"acme/app1": TroubleError(Trouble.BUSY, "busy", "wait", 500)}
    engine = watch.engine(once=False)
    figures = engine.desk.figures

    def help_out() -> None:
        wait_until(lambda: len(figures.given_back) == 1)
        pass_time(watch.ledgers.ledger, timedelta(hours=1))
        watch.pushes.finish([(claim, SCANNED, 0) for claim in watch.pushes.claim(1).claims], None)
        engine.stop()

    threading.Thread(target=help_out).start()
    engine.run()
    assert watch.states() == {"scanned": 1}
    assert list(left_out(figures)) == []


def test_what_is_given_up_is_counted_and_not_remembered(watch: Watch) -> None:
    watch.queue(a_push(1), a_push(2))
    with watch.ledgers.ledger.writing() as connection:
        connection.execute(push_table.update().values(attempts=7))
        dead = push_table.update().where(push_table.c.repository == "acme/app2")
        long_ago = datetime.now(UTC) - timedelta(minutes=1)
        connection.execute(
            dead.values(attempts=MAX_BEGUN, state="scanning", ticket="dead", lease_until=long_ago)
        )
    watch.shelf.errors = {"acme/app1": ValueError("x")}
    figures = watch.run()
    assert (figures.given_up, figures.failing) == (2, set())
    assert watch.states() == {"gave-up": 2}


def test_a_ledger_that_recovers_is_waited_for(watch: Watch) -> None:
    watch.queue(a_push(1))
    engine = watch.engine()
    failures = iter([True, True, False])
    finish = PushQueue.finish

    class Flaky(PushQueue):
        def finish(self, outcomes: Sequence[Outcome], run: int | None) -> list[int]:
            if outcomes and next(failures, False):
                raise LeakscanError("the ledger failed", "try again")
            return finish(self, outcomes, run)

    engine.desk.queue, engine.desk.patience = Flaky(watch.ledgers.ledger, HOST), 10
    engine.run()
    assert watch.states() == {"scanned": 1}
    assert watch.listener.said == ["the ledger failed: try again; it is tried again for a moment"]


def test_a_ledger_that_does_not_recover_ends_it_and_nothing_is_lost(watch: Watch) -> None:
    watch.queue(a_push(1))
    engine = watch.engine()

    class Broken(PushQueue):
        def finish(self, outcomes: Sequence[Outcome], run: int | None) -> list[int]:  # noqa: ARG002
            if outcomes:
                raise LeakscanError("the ledger failed", "make room")
            return []

    engine.desk.queue = Broken(watch.ledgers.ledger, HOST)
    with pytest.raises(LeakscanError, match="make room"):
        engine.run()
    assert watch.states() == {"scanning": 1}
    pass_time(watch.ledgers.ledger, timedelta(hours=1))
    assert watch.run().scanned == 1
    assert watch.states() == {PushState.SCANNED: 1}

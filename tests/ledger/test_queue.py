"""Claims: one process at a time, whatever dies and whatever the clock does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from leakscan.ledger.outcomes import Disabled, Failure
from leakscan.ledger.words import ActionKind, ActionState, Answer

if TYPE_CHECKING:
    from ledgers import Desk

DISABLE = [(ActionKind.DISABLE, "issuer")]
ANSWER = Disabled(Answer.DISABLED)
NO_ANSWER = Failure("no answer")
MINUTE = timedelta(minutes=1)


def test_what_is_claimed_is_nobody_elses(desk: Desk) -> None:
    desk.record_some(3)
    mine = desk.queue.claim(DISABLE, 2)
    theirs = desk.queue.claim(DISABLE, 9)
    assert [claim.attempts for claim in mine + theirs] == [1, 1, 1]
    assert len({claim.action for claim in mine + theirs}) == 3
    assert desk.queue.claim(DISABLE, 9) == []


def test_a_claim_opens_its_secret_and_knows_its_finding(desk: Desk) -> None:
    desk.record_some(1)
    (claim,) = desk.queue.claim(DISABLE, 9)
    assert claim.sealed
    assert claim.sealed_by
    assert desk.vault.unseal(claim.sealed, claim.sealed_by) == desk.secrets(1)[0]
    assert claim.entry.redacted == desk.secrets(1)[0].redacted()


def test_many_that_claim_at_once_share_without_overlap(desk: Desk) -> None:
    desk.record_some(200)
    with ThreadPoolExecutor(8) as pool:
        taken = [
            claim.action
            for claims in pool.map(lambda _: desk.queue.claim(DISABLE, 10), range(40))
            for claim in claims
        ]
    assert (len(taken), len(set(taken))) == (200, 200)


def test_only_ones_own_duties_are_claimed(desk: Desk) -> None:
    ids = desk.record_some(3)
    assert desk.queue.claim([], 9) == []
    assert desk.queue.claim([(ActionKind.DISABLE, "another")], 9) == []
    assert desk.queue.claim([(ActionKind.NOTIFY, None)], 9) == []  # they wait
    assert desk.queue.claim(DISABLE, 9, only=[]) == []
    assert [claim.entry.id for claim in desk.queue.claim(DISABLE, 9, only=ids[1:2])] == [ids[1]]


def test_what_a_dead_process_held_is_free_when_its_lease_ends(desk: Desk) -> None:
    desk.record_some(1)
    desk.queue.claim(DISABLE, 9)
    desk.pass_time(timedelta(seconds=50))
    assert desk.queue.claim(DISABLE, 9) == []
    desk.pass_time(timedelta(seconds=20))
    (claim,) = desk.queue.claim(DISABLE, 9)
    assert claim.attempts == 2


def test_a_lease_that_is_renewed_lasts(desk: Desk) -> None:
    desk.record_some(1)
    claims = desk.queue.claim(DISABLE, 9)
    desk.pass_time(timedelta(seconds=50))
    assert desk.queue.renew(claims)
    desk.pass_time(timedelta(seconds=50))
    assert desk.queue.claim(DISABLE, 9) == []


def test_who_was_thought_dead_cannot_end_what_another_has_taken_over(desk: Desk) -> None:
    desk.record_some(1)
    (first,) = desk.queue.claim(DISABLE, 9)
    desk.pass_time(2 * MINUTE)
    (second,) = desk.queue.claim(DISABLE, 9)
    outcomes = desk.outcomes()
    assert not desk.queue.renew([first])
    assert not outcomes.disabled(first, ANSWER)
    assert outcomes.failed([first], NO_ANSWER) == {}
    assert outcomes.give_up([first], "no answer") == {}
    desk.queue.release([first], MINUTE)
    assert desk.states(ActionKind.DISABLE) == ["running"]
    assert outcomes.disabled(second, ANSWER)
    assert desk.states(ActionKind.DISABLE) == ["done"]


def test_what_is_given_back_was_not_attempted(desk: Desk) -> None:
    desk.record_some(1)
    desk.queue.release(desk.queue.claim(DISABLE, 9), MINUTE)
    assert desk.queue.claim(DISABLE, 9) == []
    desk.pass_time(2 * MINUTE)
    assert [claim.attempts for claim in desk.queue.claim(DISABLE, 9)] == [1]


def test_a_clock_that_is_set_back_delays_nothing_for_long(desk: Desk) -> None:
    desk.record_some(2)
    (claim,) = desk.queue.claim(DISABLE, 1)
    # As if all this had been written before the clock went back two days.
    desk.pass_time(timedelta(days=-2))
    assert {action.action for action in desk.queue.claim(DISABLE, 9)} >= {claim.action}
    assert desk.queue.claim(DISABLE, 9) == []


def test_a_clock_that_jumps_ahead_loses_nothing(desk: Desk) -> None:
    desk.record_some(1)
    (claim,) = desk.queue.claim(DISABLE, 9)
    assert list(desk.outcomes().failed([claim], NO_ANSWER).values()) == [ActionState.DUE]
    desk.pass_time(timedelta(days=400))
    (again,) = desk.queue.claim(DISABLE, 9)
    assert again.attempts == 2


def test_the_backlog_counts_what_is_not_over(desk: Desk) -> None:
    desk.record_some(3)
    (claim,) = desk.queue.claim(DISABLE, 1)
    assert desk.queue.backlog() == {
        (ActionKind.DISABLE, "issuer", ActionState.DUE): 2,
        (ActionKind.DISABLE, "issuer", ActionState.RUNNING): 1,
        (ActionKind.NOTIFY, "owner", ActionState.WAITING): 3,
    }
    desk.outcomes().disabled(claim, ANSWER)
    assert (ActionKind.DISABLE, "issuer", ActionState.RUNNING) not in desk.queue.backlog()


def test_claiming_does_not_look_at_everything(desk: Desk) -> None:
    """What a claim reads must not grow with what is over, of which a ledger has ever more."""
    if desk.ledger.engine.dialect.name != "sqlite":
        pytest.skip("asked of SQLite's planner")
    plans: list[str] = []

    def explain(*arguments: object) -> None:
        connection, statement = arguments[1], str(arguments[2])
        if statement.startswith(("SELECT", "UPDATE")):
            plan = connection.connection.execute(  # type: ignore[attr-defined]
                f"EXPLAIN QUERY PLAN {statement}", arguments[3]
            )
            plans.extend(str(row[3]) for row in plan)

    desk.record_some(5)
    event.listen(desk.ledger.engine, "before_cursor_execute", explain)
    (claim,) = desk.queue.claim(DISABLE, 1)
    desk.outcomes().disabled(claim, ANSWER)
    desk.queue.backlog()
    event.remove(desk.ledger.engine, "before_cursor_execute", explain)
    assert plans
    tables = ("actions", "findings", "sightings", "owners")
    scans = [plan for plan in plans if plan.startswith(tuple(f"SCAN {t}" for t in tables))]
    assert scans == []

"""Which findings watches have seen, and which are old news."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from leakscan.ledger.duties import Duties
from leakscan.ledger.record import Recorder
from leakscan.ledger.runs import start_run
from leakscan.ledger.tables import actions, findings
from leakscan.ledger.watched import WATCH, Watched, pending, settled, watched
from leakscan.model import PUBLIC, Secret
from ledgers import a_finding, a_place

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledgers import Desk

HOUR = timedelta(hours=1)
HOOK = Duties({"hook": frozenset({"replicate-api-token"})})


def see(desk: Desk, target: str, *secrets: Secret, places: int = 1) -> tuple[int, tuple[int, ...]]:
    """Have a run record findings; return its number and theirs."""
    run = start_run(desk.ledger, target, None, "check")
    found = [a_finding(secret, *(a_place(n) for n in range(places))) for secret in secrets]
    recorded = Recorder(desk.ledger, desk.vault, HOOK, run).record(found, PUBLIC)
    return run, recorded.ids


def seen(desk: Desk) -> Watched:
    with desk.ledger.reading() as connection:
        return watched(connection, desk.now() - HOUR, desk.now() + HOUR)


def test_each_finding_counts_once_however_often_watches_saw_it(
    desk: Desk, new_token: Callable[[], str]
) -> None:
    one, other, scanned = (Secret(new_token()) for _ in range(3))
    see(desk, "/a/repository", scanned, other)
    assert seen(desk) == Watched(0, 0)
    see(desk, f"{WATCH}github.com", one, other, places=3)
    see(desk, f"{WATCH}github.com", one)
    assert seen(desk) == Watched(2, 1)
    with desk.ledger.reading() as connection:
        assert watched(connection, desk.now() - 2 * HOUR, desk.now() - HOUR) == Watched(0, 0)


def test_what_hooks_have_answered_is_old_news_but_not_to_who_found_it(
    desk: Desk, new_token: Callable[[], str]
) -> None:
    first, (number,) = see(desk, f"{WATCH}github.com", Secret(new_token()))
    assert settled(desk.ledger, [number], first + 1) == {}
    assert pending(desk.ledger) == 1
    with desk.ledger.writing() as connection:
        connection.execute(update(actions).values(state="done"))
        (fingerprint,) = connection.scalars(select(findings.c.fingerprint))
    assert settled(desk.ledger, [number], first) == {}
    assert settled(desk.ledger, [number], first + 1) == {number: fingerprint}
    assert pending(desk.ledger) == 0


def test_what_no_hook_was_asked_about_is_news_until_a_person_resolves_it(
    desk: Desk, new_token: Callable[[], str]
) -> None:
    run, (number,) = see(desk, f"{WATCH}github.com", Secret(new_token()))
    with desk.ledger.writing() as connection:
        connection.execute(actions.delete())
    assert settled(desk.ledger, [number], run + 1) == {}
    with desk.ledger.writing() as connection:
        connection.execute(update(findings).values(state="resolved"))
    assert list(settled(desk.ledger, [number], run + 1)) == [number]


def test_what_was_given_up_makes_no_later_run_fail(
    desk: Desk, new_token: Callable[[], str]
) -> None:
    see(desk, f"{WATCH}github.com", Secret(new_token()))
    with desk.ledger.writing() as connection:
        connection.execute(update(actions).values(state="gave_up"))
    assert pending(desk.ledger) == 0

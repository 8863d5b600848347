"""What follows where recording, concluding, closing and other processes meet."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from leakscan.ledger.duties import Duties
from leakscan.ledger.outcomes import Disabled, Failure
from leakscan.ledger.words import ActionKind, ActionState, Answer, Owner, Verdict
from ledgers import REPLICATE

if TYPE_CHECKING:
    from ledgers import Desk

RULES = frozenset({REPLICATE.id})
ADA = Owner("Ada", "ada@example.com", "en-GB")
ADAS = Disabled(Answer.DISABLED, ADA, "laptop")
TWO_HOOKS = Duties({"one": RULES, "two": RULES}, notify=True)
HOUR = timedelta(hours=1)


def test_owners_are_told_though_mail_is_configured_later(desk: Desk) -> None:
    from ledgers import a_finding

    (secret,) = desk.secrets(1)
    desk.record(a_finding(secret), duties=Duties({"issuer": RULES}))
    desk.outcomes().disabled(desk.claim(), ADAS)
    assert desk.states(ActionKind.NOTIFY) == []
    desk.record(a_finding(secret), duties=Duties({"issuer": RULES}, notify=True))
    assert desk.states(ActionKind.NOTIFY) == ["due"]


def test_a_notice_that_fails_after_its_finding_was_resolved_is_dropped(desk: Desk) -> None:
    from leakscan.ledger.closing import resolve
    from leakscan.ledger.entries import find_entry

    desk.record_some(2)
    outcomes = desk.outcomes(attempts=2)
    for _ in range(2):
        outcomes.disabled(desk.claim(), ADAS)
    first, second = desk.queue.claim([(ActionKind.NOTIFY, None)], 2)
    resolve(desk.ledger, find_entry(desk.ledger, "1"), "told by hand", "ann")
    outcomes.failed([first, second], Failure("no answer"))
    assert desk.states(ActionKind.NOTIFY) == ["dropped", "due"]


def test_a_damaged_secret_is_mended_by_scanning_again(desk: Desk) -> None:
    from sqlalchemy import update

    from leakscan.ledger.tables import findings
    from ledgers import a_finding

    (secret,) = desk.secrets(1)
    desk.record(a_finding(secret))
    with desk.ledger.writing() as connection:
        connection.execute(update(findings).values(sealed_secret=b"damaged"))
    desk.outcomes().failed([desk.claim()], Failure("it is damaged", spoilt=True))
    desk.record(a_finding(secret))
    row = desk.finding()
    assert desk.vault.unseal(row.sealed_secret, row.sealed_by) == secret


def test_the_heartbeat_and_conclusions_never_wait_in_a_circle(desk: Desk) -> None:
    from threading import Event, Thread

    desk.record_some(300)
    outcomes = desk.outcomes()
    claims = desk.queue.claim([(ActionKind.DISABLE, None)], 300)
    over = Event()
    errors: list[BaseException] = []

    def beat() -> None:
        while not over.is_set():
            try:
                desk.queue.renew(claims[::-1])
            except BaseException as error:  # noqa: BLE001 - told below
                errors.append(error)

    thread = Thread(target=beat)
    thread.start()
    try:
        for start in range(0, 300, 50):
            group = claims[start : start + 50]
            assert outcomes.failed(group[1::2] + group[::2], Failure("no answer"))
    finally:
        over.set()
        thread.join()
    assert errors == []


def test_recording_and_concluding_never_wait_in_a_circle(desk: Desk) -> None:
    from threading import Thread

    from ledgers import a_finding

    found = [a_finding(secret) for secret in desk.secrets(60)]
    for finding in sorted(found, key=lambda f: f.fingerprint, reverse=True):
        desk.record(finding)  # numbers run against fingerprints
    errors: list[BaseException] = []
    outcomes = desk.outcomes(attempts=1000)

    def conclude() -> None:
        try:
            for _ in range(15):
                claims = desk.queue.claim([(ActionKind.DISABLE, None)], 60)
                if claims:
                    outcomes.failed(claims, Failure("no answer", is_unsure=False))
                    desk.pass_time(HOUR)
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)

    def record() -> None:
        try:
            for _ in range(15):
                desk.record(*found)
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [Thread(target=conclude), Thread(target=record)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_of_a_group_only_what_is_still_held_is_ended(desk: Desk) -> None:
    desk.record_some(3)
    outcomes = desk.outcomes("gave_up")
    claims = desk.queue.claim([(ActionKind.DISABLE, None)], 3)
    desk.pass_time(HOUR)
    (taken,) = desk.queue.claim([(ActionKind.DISABLE, None)], 1)
    states = outcomes.give_up(claims, "no answer")
    assert set(states.values()) == {ActionState.GAVE_UP}
    assert taken.action not in states
    assert sorted(desk.states(ActionKind.DISABLE)) == ["gave_up", "gave_up", "running"]
    assert len(desk.states(ActionKind.ALERT)) == 2


def test_who_has_lost_a_claim_changes_nothing(desk: Desk) -> None:
    desk.record_some(1)
    outcomes = desk.outcomes("trouble")
    first = desk.claim()
    desk.pass_time(HOUR)
    desk.claim()
    before = (desk.rows("actions"), desk.rows("findings"))
    assert (
        outcomes.failed([first], Failure("x", is_unsure=False, spoilt=True, is_trouble=True)) == {}
    )
    assert (desk.rows("actions"), desk.rows("findings")) == before


def test_a_failed_verification_keeps_no_secret_of_a_dead_token(desk: Desk) -> None:
    desk.record_some(1, Duties({"issuer": RULES}, verify=RULES))
    outcomes = desk.outcomes()
    verification = desk.claim(ActionKind.VERIFY)
    outcomes.disabled(desk.claim(), ADAS)
    outcomes.failed([verification], Failure("no answer"))
    assert desk.states(ActionKind.VERIFY) == ["dropped"]
    assert desk.finding().sealed_secret is None


def test_what_no_hook_knows_is_still_verified(desk: Desk) -> None:
    desk.record_some(1, Duties({"issuer": RULES}, verify=RULES))
    desk.outcomes().disabled(desk.claim(), Disabled(Answer.NOT_OURS))
    assert desk.states(ActionKind.VERIFY) == ["due"]
    desk.outcomes().verified(desk.claim(ActionKind.VERIFY), Verdict.VALID, "ada")
    assert desk.finding().sealed_secret is None


def test_what_is_resolved_while_it_runs_and_fails_is_owed_again_when_opened(desk: Desk) -> None:
    from leakscan.ledger.closing import reopen, resolve
    from leakscan.ledger.entries import find_entry
    from ledgers import ONE_HOOK, a_finding

    (secret,) = desk.secrets(1)
    desk.record(a_finding(secret))
    running = desk.claim()
    entry = find_entry(desk.ledger, "1")
    resolve(desk.ledger, entry, "a mistake", "ann")
    assert set(desk.outcomes().failed([running], Failure("HTTP 503")).values()) == {
        ActionState.DROPPED
    }
    assert reopen(desk.ledger, entry, ONE_HOOK)
    desk.record(a_finding(secret))
    assert desk.claim().sealed

"""What is recorded before it is known where it stands, and then again with that."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import insert

from leakscan.ledger.outcomes import Disabled, Failure
from leakscan.ledger.tables import owners
from leakscan.ledger.words import ActionKind, Answer, Owner
from leakscan.model import PROVISIONAL
from ledgers import ONE_HOOK, a_finding, a_place

if TYPE_CHECKING:
    from ledgers import Desk

EARLY = a_place(commit=None, path=None, line=None, column=None, note=PROVISIONAL)
HOLD = timedelta(minutes=10)
HELD = replace(ONE_HOOK, hold=HOLD)
NOTIFY = [(ActionKind.NOTIFY, None)]


def disabled_early(desk: Desk, owner: str = "ada@example.com") -> None:
    """Record and disable a token as is done while a scan goes on."""
    (secret,) = desk.secrets(1)
    desk.record(a_finding(secret, EARLY), duties=HELD)
    # By whoever comes first, who need not know that a scan is going on.
    desk.outcomes().disabled(desk.claim(), Disabled(Answer.DISABLED, Owner(email=owner)))


def places(desk: Desk) -> list[tuple[str, ...]]:
    return [tuple(row) for row in desk.rows("sightings", "repository, path, note")]


def test_its_owner_is_told_when_it_is_known_where_it_stands(desk: Desk) -> None:
    disabled_early(desk)
    assert desk.queue.claim(NOTIFY, 9) == []
    assert places(desk) == [(EARLY.repository, None, PROVISIONAL)]
    (secret,) = desk.secrets(1)
    desk.record(a_finding(secret, a_place(0), a_place(1)))
    assert len(desk.queue.claim(NOTIFY, 9)) == 1
    assert places(desk) == [(EARLY.repository, "settings.toml", None)] * 2


def test_it_is_said_why_its_owner_is_not_told_yet(desk: Desk) -> None:
    disabled_early(desk)
    assert desk.action(ActionKind.NOTIFY).last_answer == "waits for the end of the scan"
    (secret,) = desk.secrets(1)
    desk.record(a_finding(secret, a_place()))
    assert desk.action(ActionKind.NOTIFY).last_answer is None


def test_a_token_that_is_disabled_only_after_the_scan_is_told_of_at_once(desk: Desk) -> None:
    (secret,) = desk.secrets(1)
    desk.record(a_finding(secret, EARLY), duties=HELD)
    desk.record(a_finding(secret, a_place()))
    desk.outcomes().disabled(desk.claim(), Disabled(Answer.DISABLED, Owner(email="a@example.com")))
    assert len(desk.queue.claim(NOTIFY, 9)) == 1


def test_its_owner_is_told_though_nobody_ever_finds_that_out(desk: Desk) -> None:
    disabled_early(desk)
    desk.pass_time(HOLD)
    assert len(desk.queue.claim(NOTIFY, 9)) == 1


def test_who_was_told_a_moment_ago_is_still_told_once_for_all(desk: Desk) -> None:
    disabled_early(desk)
    with desk.ledger.writing() as connection:
        row = {"email": "ada@example.com", "told_at": desk.now()}
        connection.execute(insert(owners), row)
    (secret,) = desk.secrets(1)
    desk.record(a_finding(secret, a_place()))
    assert desk.queue.claim(NOTIFY, 9) == []
    assert desk.action(ActionKind.NOTIFY).last_answer.startswith("gathered: ")


def test_a_mail_that_was_tried_is_not_hurried(desk: Desk) -> None:
    disabled_early(desk)
    desk.pass_time(HOLD)
    claims = desk.queue.claim(NOTIFY, 9)
    desk.outcomes().failed(claims, Failure("try later"))
    (secret,) = desk.secrets(1)
    desk.record(a_finding(secret, a_place()))
    assert desk.queue.claim(NOTIFY, 9) == []


def test_a_mail_that_was_given_back_is_not_hurried(desk: Desk) -> None:
    """As it is when the mail server is down."""
    (secret,) = desk.secrets(1)
    desk.record(a_finding(secret, a_place()))
    desk.outcomes().disabled(desk.claim(), Disabled(Answer.DISABLED, Owner(email="a@example.com")))
    desk.queue.release(desk.queue.claim(NOTIFY, 9), timedelta(seconds=30))
    desk.record(a_finding(secret, a_place()))
    assert desk.queue.claim(NOTIFY, 9) == []


def test_a_poor_place_is_not_put_beside_a_good_one(desk: Desk) -> None:
    (secret,) = desk.secrets(1)
    desk.record(a_finding(secret, a_place()))
    desk.record(a_finding(secret, EARLY), duties=HELD)
    assert places(desk) == [(EARLY.repository, "settings.toml", None)]


def test_only_the_same_repository_knows_better(desk: Desk) -> None:
    disabled_early(desk)
    (secret, other) = desk.secrets(2)
    elsewhere = a_place(repository="https://github.com/acme/other")
    desk.record(a_finding(secret, elsewhere), a_finding(other, a_place()))
    assert (EARLY.repository, None, PROVISIONAL) in places(desk)

"""What is too unsure to be disabled: kept for a person, or until it is surer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from leakscan.errors import UsageError
from leakscan.ledger.closing import owe_disabling, reopen, resolve
from leakscan.ledger.duties import Duties
from leakscan.ledger.entries import find_entry, list_undecided
from leakscan.ledger.outcomes import Disabled, Outcomes
from leakscan.ledger.seal import open_vault
from leakscan.ledger.words import ActionKind, Answer, Verdict
from leakscan.model import ChecksumVerdict, Confidence
from ledgers import ONE_HOOK, REPLICATE, Desk, a_finding, a_place

if TYPE_CHECKING:
    from pathlib import Path

RULES = frozenset({REPLICATE.id})
OWED = [("disable", "due"), ("notify", "waiting")]
LOW, MEDIUM, HIGH = Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH


def owed(desk: Desk) -> list[tuple[str, str]]:
    return [tuple(row) for row in desk.rows("actions", "kind, state")]


def undecided(desk: Desk, duties: Duties = ONE_HOOK) -> list[int]:
    ids = [row.id for row in desk.rows("findings", "id")]
    return [entry.id for entry in list_undecided(desk.ledger, ids, duties)]


def record(desk: Desk, *levels: Confidence, duties: Duties = ONE_HOOK) -> None:
    """Record the same secret in one batch, once at each of these levels."""
    (secret,) = desk.secrets(1)
    places = enumerate(levels)
    desk.record(
        *(a_finding(secret, a_place(n), confidence=level) for n, level in places), duties=duties
    )


def test_what_is_unsure_is_recorded_and_owes_nothing(desk: Desk) -> None:
    record(desk, MEDIUM)
    assert (desk.finding().confidence, owed(desk), undecided(desk)) == ("medium", [], [1])
    assert desk.finding().sealed_secret  # its place may be gone when a person decides
    record(desk, MEDIUM)
    assert (owed(desk), undecided(desk)) == ([], [1])
    assert desk.finding().sealed_secret


def test_what_is_surer_later_is_owed_then_and_once(desk: Desk) -> None:
    record(desk, MEDIUM)
    record(desk, HIGH)
    assert (owed(desk), undecided(desk)) == (OWED, [])
    record(desk, MEDIUM)  # elsewhere: as sure as it was
    assert (desk.finding().confidence, owed(desk)) == ("high", OWED)
    (secret,) = desk.secrets(1)
    claim = desk.claim()
    assert claim.sealed
    assert claim.sealed_by
    assert desk.vault.unseal(claim.sealed, claim.sealed_by) == secret
    desk.outcomes().disabled(claim, Disabled(Answer.DISABLED))
    record(desk, HIGH)
    assert desk.states(ActionKind.DISABLE) == ["done"]
    assert desk.finding().sealed_secret is None


@pytest.mark.parametrize("levels", [(MEDIUM, HIGH), (HIGH, MEDIUM), (LOW, HIGH, MEDIUM)])
def test_of_many_sightings_at_once_the_surest_counts(
    desk: Desk, levels: tuple[Confidence, ...]
) -> None:
    record(desk, *levels)
    assert (desk.finding().confidence, owed(desk)) == ("high", OWED)


def test_nothing_becomes_less_sure(desk: Desk) -> None:
    (secret,) = desk.secrets(1)
    medium = a_finding(secret, confidence=MEDIUM)
    low = replace(medium, confidence=LOW, checksum=ChecksumVerdict.INVALID)
    for finding, confidence, checksum in (
        (low, "low", "invalid"),
        (medium, "medium", "unknown"),
        (low, "medium", "unknown"),
    ):
        desk.record(finding)
        assert (desk.finding().confidence, desk.finding().checksum) == (confidence, checksum)


@pytest.mark.parametrize(("level", "expected"), [(LOW, 3), (MEDIUM, 2), (HIGH, 1)])
def test_the_configuration_says_from_where_on(desk: Desk, level: Confidence, expected: int) -> None:
    duties = replace(ONE_HOOK, disable_from=level)
    for secret, confidence in zip(desk.secrets(3), (LOW, MEDIUM, HIGH), strict=True):
        desk.record(a_finding(secret, confidence=confidence), duties=duties)
    assert desk.states(ActionKind.DISABLE) == ["due"] * expected
    assert len(undecided(desk, duties)) == 3 - expected


def test_a_person_has_it_disabled(desk: Desk) -> None:
    record(desk, MEDIUM)
    entry = find_entry(desk.ledger, "1")
    assert owe_disabling(desk.ledger, entry, ONE_HOOK)
    assert (owed(desk), undecided(desk)) == (OWED, [])
    assert desk.claim().sealed
    with pytest.raises(UsageError, match="#1 was to be disabled already: see"):
        owe_disabling(desk.ledger, entry, ONE_HOOK)


def test_a_person_cannot_have_disabled_what_no_hook_is_for(desk: Desk) -> None:
    record(desk, MEDIUM, duties=Duties())
    assert desk.finding().sealed_secret is None  # nobody could use it
    with pytest.raises(UsageError, match="no disable hook is configured for replicate-api-token"):
        owe_disabling(desk.ledger, find_entry(desk.ledger, "1"), Duties(verify=RULES))
    assert owed(desk) == []


def test_without_its_secret_it_waits_until_its_place_is_scanned_again(desk: Desk) -> None:
    record(desk, MEDIUM, duties=Duties())
    assert not owe_disabling(desk.ledger, find_entry(desk.ledger, "1"), ONE_HOOK)
    assert owed(desk) == [("disable", "waiting"), ("notify", "waiting")]
    record(desk, MEDIUM)
    assert owed(desk) == OWED
    assert desk.claim().sealed


def test_what_a_person_has_resolved_is_decided(desk: Desk) -> None:
    record(desk, MEDIUM)
    entry = find_entry(desk.ledger, "1")
    resolve(desk.ledger, entry, "an example", "ann")
    assert (desk.finding().sealed_secret, undecided(desk)) == (None, [])
    with pytest.raises(UsageError, match="#1 is resolved: first `leakscan findings reopen 1`"):
        owe_disabling(desk.ledger, entry, ONE_HOOK)
    record(desk, MEDIUM)
    assert desk.finding().sealed_secret is None
    assert reopen(desk.ledger, entry, ONE_HOOK)
    assert undecided(desk) == [1]


def test_a_secret_that_is_sealed_anew_is_no_decision(desk: Desk, tmp_path: Path) -> None:
    record(desk, MEDIUM)
    other = replace(desk, vault=open_vault(tmp_path / "other.key"))
    record(other, MEDIUM)
    assert (owed(desk), desk.finding().sealed_by) == ([], other.vault.seals_with)


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict.VALID, [("verify", "done"), *OWED]),
        (Verdict.INVALID, [("verify", "done")]),
        (Verdict.UNKNOWN, [("verify", "done")]),
    ],
)
def test_an_issuer_who_says_that_it_works_proves_it(
    desk: Desk, verdict: Verdict, expected: list[tuple[str, str]]
) -> None:
    duties = replace(ONE_HOOK, verify=RULES)
    record(desk, MEDIUM, duties=duties)
    assert owed(desk) == [("verify", "due")]
    Outcomes(desk.ledger, duties).verified(desk.claim(ActionKind.VERIFY), verdict, None)
    assert owed(desk) == expected
    assert desk.finding().sealed_secret  # for the hook, or for a person


def test_what_is_verified_and_resolved_meanwhile_stays_so(desk: Desk) -> None:
    duties = replace(ONE_HOOK, verify=RULES)
    record(desk, MEDIUM, duties=duties)
    claim = desk.claim(ActionKind.VERIFY)
    resolve(desk.ledger, find_entry(desk.ledger, "1"), "an example", "ann")
    Outcomes(desk.ledger, duties).verified(claim, Verdict.VALID, None)
    assert owed(desk) == [("verify", "done")]

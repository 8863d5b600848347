"""A hook is asked about what is sure, or proved, and about nothing else unasked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from leakscan.ledger.closing import owe_disabling
from leakscan.ledger.entries import find_entry
from leakscan.model import Confidence
from leakscan.respond.verify import read_verifier
from ledgers import a_finding, a_place
from servers import a_json, running_web

if TYPE_CHECKING:
    from pathlib import Path

    from leakscan.model import Secret
    from response_stage import Stage


def see(stage: Stage, confidence: Confidence, line: int = 0) -> Secret:
    """Record a secret, always the same, and do what is due."""
    (secret,) = stage.desk.secrets(1)
    found = a_finding(secret, a_place(line), confidence=confidence)
    stage.desk.record(found, duties=stage.settings.duties)
    stage.respond()
    return secret


def asked_and_told(stage: Stage) -> tuple[int, int]:
    return len(stage.hook.requests), len(stage.sink.mails)


def test_what_is_unsure_is_disabled_once_it_is_sure(stage: Stage) -> None:
    see(stage, Confidence.MEDIUM)
    assert asked_and_told(stage) == (0, 0)
    secret = see(stage, Confidence.HIGH, 1)
    assert asked_and_told(stage) == (1, 1)
    for line, confidence in enumerate((Confidence.MEDIUM, Confidence.HIGH), 2):
        see(stage, confidence, line)
    assert asked_and_told(stage) == (1, 1)
    assert stage.issuer.effects == {secret.reveal(): 1}


def test_what_a_person_has_decided_is_disabled(stage: Stage) -> None:
    secret = see(stage, Confidence.MEDIUM)
    owe_disabling(stage.desk.ledger, find_entry(stage.desk.ledger, "1"), stage.settings.duties)
    stage.respond()
    assert asked_and_told(stage) == (1, 1)
    assert stage.issuer.effects == {secret.reveal(): 1}


def test_what_the_issuer_says_works_is_disabled_in_the_same_run(
    stage: Stage, tmp_path: Path
) -> None:
    with running_web(lambda _: a_json({"type": "user", "username": "ada"})) as account:
        verifier = read_verifier({"url": account.url}, tmp_path)
        stage.configure(verifier=verifier)
        see(stage, Confidence.MEDIUM)
        assert len(account.requests) == 1
    assert asked_and_told(stage) == (1, 1)


def test_the_configuration_may_have_more_disabled(stage: Stage) -> None:
    stage.settings = replace(stage.settings, disable_from=Confidence.MEDIUM)
    see(stage, Confidence.MEDIUM)
    assert asked_and_told(stage) == (1, 1)

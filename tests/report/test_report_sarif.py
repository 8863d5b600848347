import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft4Validator
from report_samples import (
    RULE,
    any_result,
    make_finding,
    make_location,
    make_result,
    make_secret,
    make_story,
)
from report_samples import written as write
from syrupy.assertion import SnapshotAssertion

from leakscan import __version__
from leakscan.model import Confidence, Coverage, Kind, ScanResult, Severity, Skip
from leakscan.report import sarif

FIXTURES = Path(__file__).parents[2] / "fixtures"
SARIF = Draft4Validator(json.loads((FIXTURES / "sarif-2.1.0-rtm.5.json").read_text()))

written = partial(write, format="sarif")


def run_of(result: ScanResult) -> Any:
    log = json.loads(written(result))
    SARIF.validate(log)
    return log["runs"][0]


def place_of(**fields: Any) -> Any:
    run = run_of(make_result(make_finding(locations=(make_location(**fields),))))
    return run["results"][0]["locations"][0]


def test_sarif_of_a_scan(snapshot: SnapshotAssertion) -> None:
    assert written(make_story()).replace(f'"{__version__}"', '"VERSION"') == snapshot


@given(any_result)
def test_sarif_fits_its_schema(result: ScanResult) -> None:
    SARIF.validate(json.loads(written(result)))


def test_no_secret_even_on_demand() -> None:
    assert make_secret().reveal()[8:20] not in written(make_story(), show_secrets=True)


def test_every_active_rule_is_listed() -> None:
    quiet = replace(RULE, id="quiet", severity=Severity.LOW, remediation=(), references=())
    run = run_of(make_result(make_finding(), rules=(quiet, RULE)))
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["quiet", RULE.id]
    assert "helpUri" not in rules[0]
    assert rules[0]["defaultConfiguration"]["level"] == "note"
    assert {result["ruleIndex"] for result in run["results"]} == {1}


@pytest.mark.parametrize(
    ("confidence", "level"),
    [(Confidence.HIGH, "error"), (Confidence.MEDIUM, "warning"), (Confidence.LOW, "note")],
)
def test_level_follows_confidence(confidence: Confidence, level: str) -> None:
    run = run_of(make_result(make_finding(confidence=confidence)))
    assert {result["level"] for result in run["results"]} == {level}


@pytest.mark.parametrize(
    ("path", "artifact"),
    [
        ("a b/ü#1?.env", {"uri": "a%20b/%C3%BC%231%3F.env", "uriBaseId": "%SRCROOT%"}),
        ("c:odd.env", {"uri": "c%3Aodd.env", "uriBaseId": "%SRCROOT%"}),
        ("/etc/app.env", {"uri": "file:///etc/app.env"}),
    ],
)
def test_paths_are_percent_encoded(path: str, artifact: object) -> None:
    assert place_of(path=path)["physicalLocation"]["artifactLocation"] == artifact


def test_a_place_without_a_line_has_no_region() -> None:
    place = place_of(kind=Kind.PATH, line=None, column=None)
    assert "region" not in place["physicalLocation"]
    assert "logicalLocations" not in place


def test_a_place_without_a_file_is_a_logical_one() -> None:
    place = place_of(kind=Kind.REF_NAME, path="refs/heads/a b", line=None, column=None)
    assert place["logicalLocations"] == [
        {
            "name": "refs/heads/a b",
            "fullyQualifiedName": "ref-name/refs/heads/a b",
            "kind": "ref-name",
        }
    ]
    assert place["physicalLocation"]["artifactLocation"] == {"uri": "ref-name/refs/heads/a%20b"}


def test_standard_input_has_a_place() -> None:
    place = place_of(kind=Kind.STDIN, path=None, commit=None, object=None)
    assert place["physicalLocation"]["artifactLocation"] == {"uri": "stdin"}


def test_partial_fingerprints_differ_and_survive_a_moved_line() -> None:
    def fingerprints(*lines: int) -> list[str]:
        places = tuple(make_location(line=line) for line in lines)
        results = run_of(make_result(make_finding(locations=places)))["results"]
        return [result["partialFingerprints"]["leakscan/v1"] for result in results]

    assert len(set(fingerprints(3, 9))) == 2
    assert fingerprints(3, 9) == fingerprints(4, 10)


def test_an_incomplete_scan_was_not_successful() -> None:
    skips = (Skip("a {0} [b](c)", "denied\x1b[1m"),)
    (invocation,) = run_of(make_result(coverage=Coverage(skipped=skips)))["invocations"]
    assert not invocation["executionSuccessful"]
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["level"] == "error"
    assert notification["message"]["text"] == r"a {{0}} [b] (c): denied\x1b[1m"


def test_a_complete_scan_was_successful() -> None:
    (invocation,) = run_of(make_result())["invocations"]
    assert invocation == {"executionSuccessful": True, "toolExecutionNotifications": []}


def test_too_many_results_lose_the_doubtful_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MAX_RESULTS", 3)
    doubtful = make_finding(confidence=Confidence.LOW, secret=make_secret(8))
    run = run_of(make_result(doubtful, make_finding()))
    assert [result["level"] for result in run["results"]] == ["error"] * 3
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["descriptor"]["id"] == "left-out"
    assert notification["message"]["text"].startswith("3 more places are left out")


def test_too_many_notifications_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MAX_NOTIFICATIONS", 2)
    skips = tuple(Skip(f"pack {number}", "damaged") for number in range(5))
    (invocation,) = run_of(make_result(coverage=Coverage(skipped=skips)))["invocations"]
    texts = [note["message"]["text"] for note in invocation["toolExecutionNotifications"]]
    assert texts == ["pack 0: damaged", "pack 1: damaged", "3 more things could not be read."]

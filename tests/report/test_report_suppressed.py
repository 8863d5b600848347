"""What is suppressed: counted in every format, listed on demand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from report_samples import (
    make_finding,
    make_location,
    make_result,
    make_secret,
    make_suppressed,
    written,
)

from leakscan.model import Coverage, Means, Skip
from leakscan.report import FORMATS

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

TWO = make_result(
    suppressed=(
        make_suppressed(),
        make_suppressed(Means.BASELINE, "in .leakscan-baseline", secret=make_secret(8)),
    )
)


def test_text_counts() -> None:
    assert written(TWO, "text") == (
        "2 suppressed (1 inline, 1 baseline): --show-suppressed lists them\n"
        "No leaks found but what is suppressed"
        " · read 161,098 objects, 1.9 GB in 0.7 s · complete\n"
    )


def test_text_lists(snapshot: SnapshotAssertion) -> None:
    assert written(TWO, "text", show_suppressed=True) == snapshot


def test_no_word_of_it_where_nothing_is_suppressed() -> None:
    assert (
        "suppressed"
        not in written(make_result(make_finding()), "text", show_suppressed=True).lower()
    )


def test_an_incomplete_scan_gives_no_all_clear() -> None:
    result = make_result(suppressed=TWO.suppressed, coverage=Coverage(skipped=(Skip("a", "b"),)))
    assert "No leaks found" not in written(result, "text")


def test_json_counts_and_lists() -> None:
    assert json.loads(written(make_result(), "json"))["suppressed"] == {}
    document = json.loads(written(TWO, "json"))
    assert document["suppressed"] == {"inline": 1, "baseline": 1}
    assert document["findings"] == []
    assert "suppressed_findings" not in document
    first, second = json.loads(written(TWO, "json", show_suppressed=True))["suppressed_findings"]
    assert first["suppression"] == {"means": "inline", "reason": "made for tests"}
    assert first["secret"] == make_secret().redacted()
    assert len(first["locations"]) == 3
    assert second["suppression"]["means"] == "baseline"


def test_a_secret_counts_once_for_each_reason() -> None:
    reasons = ("one reason", "another", "one reason")
    twice = {make_suppressed(Means.ALLOWLIST, reason) for reason in reasons}
    result = make_result(suppressed=(*twice, make_suppressed()))
    assert json.loads(written(result, "json"))["suppressed"] == {"inline": 1, "allowlist": 2}


def test_json_lines_count_and_list() -> None:
    (summary,) = map(json.loads, written(TWO, "jsonl").splitlines())
    assert summary["suppressed"] == {"inline": 1, "baseline": 1}
    lines = [json.loads(line) for line in written(TWO, "jsonl", show_suppressed=True).splitlines()]
    assert [line["type"] for line in lines] == ["suppressed", "suppressed", "summary"]
    assert lines[1]["suppression"]["reason"] == "in .leakscan-baseline"


def test_sarif_counts_and_lists() -> None:
    (run,) = json.loads(written(TWO, "sarif"))["runs"]
    assert run["results"] == []
    assert run["properties"]["suppressed"] == {"inline": 1, "baseline": 1}
    (run,) = json.loads(written(TWO, "sarif", show_suppressed=True))["runs"]
    suppressions = [result["suppressions"] for result in run["results"]]
    accepted = {"status": "accepted"}
    inline = {"kind": "inSource", **accepted, "justification": "inline: made for tests"}
    other = {"kind": "external", **accepted, "justification": "baseline: in .leakscan-baseline"}
    assert suppressions == [[inline]] * 3 + [[other]] * 3


def test_sarif_suppresses_nothing_that_was_found() -> None:
    result = make_result(make_finding(), suppressed=TWO.suppressed)
    (run,) = json.loads(written(result, "sarif", show_suppressed=True))["runs"]
    assert ["suppressions" in result for result in run["results"]] == [False] * 3 + [True] * 6


@pytest.mark.parametrize("format", FORMATS)
def test_a_suppressed_secret_is_redacted_wherever_it_stands(format: str) -> None:
    plain = make_secret().reveal()
    place = make_location(path=f"keys/{plain}", repository=f"/srv/{plain}")
    item = make_suppressed(reason=f"{plain} is a test's", locations=(place,))
    report = written(make_result(suppressed=(item,)), format, show_suppressed=True)
    assert plain[8:24] not in report
    assert make_secret().redacted() in report


@pytest.mark.parametrize("format", ["text", "json", "jsonl"])
def test_suppressed_secrets_are_shown_on_demand(format: str) -> None:
    assert make_secret().reveal() in written(TWO, format, show_suppressed=True, show_secrets=True)

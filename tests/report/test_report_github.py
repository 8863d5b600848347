"""Annotations of GitHub Actions, read as GitHub's runner reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from report_samples import (
    RULE,
    TARGET,
    any_result,
    make_finding,
    make_location,
    make_result,
    make_secret,
    make_story,
    make_suppressed,
)
from report_samples import written as write

from leakscan.model import Confidence, Coverage, Kind, Means, ScanResult, Skip
from leakscan.report import github

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

KNOWN = ("error", "warning", "notice", "add-mask", "set-env", "stop-commands", "group", "debug")


@dataclass(frozen=True)
class Command:
    """A command as the runner understands it."""

    name: str
    properties: dict[str, str]
    text: str


written = partial(write, format="github")


def unescaped(text: str, *more: str) -> str:
    for character in ("\r", "\n", *more, "%"):
        text = text.replace(f"%{ord(character):02X}", character)
    return text


def parsed(line: str) -> Command | None:
    """Read a line of a log as the runner does, in the present way or in the older one."""
    bare = line.lstrip()
    info, mark, text = bare[2:].partition("::")
    name, _, properties = info.partition(" ")
    if bare.startswith("::") and mark and name in KNOWN:
        pairs = (pair.split("=", 1) for pair in properties.strip().split(",") if "=" in pair)
        values = {key: unescaped(value, ":", ",") for key, value in pairs}
        return Command(name, values, unescaped(text))
    older = re.search(r"##\[(\w[\w-]*)[^\]]*\](.*)", line)
    return Command(older[1], {}, older[2]) if older and older[1] in KNOWN else None


def commands_of(result: ScanResult, **options: Any) -> list[Command]:
    lines = written(result, **options).split("\n")
    return [command for command in map(parsed, lines) if command]


def command_at(**fields: Any) -> Command:
    (command,) = commands_of(make_result(make_finding(locations=(make_location(**fields),))))
    return command


def test_annotations_of_a_scan(snapshot: SnapshotAssertion) -> None:
    assert written(make_story()) == snapshot


@given(any_result)
def test_nothing_gives_a_command_of_its_own(result: ScanResult) -> None:
    places = sum(len(finding.locations) for finding in result.findings)
    commands = commands_of(result)
    assert len(commands) == places + len(result.coverage.skipped)
    assert {command.name for command in commands} <= {"error", "warning"}


@pytest.mark.parametrize(
    "name",
    ["x\n::set-env name=A::b", "a::add-mask::b", "##[add-mask]b", "a,line=9::error ::b", "%0A::x"],
)
def test_a_name_gives_no_command(name: str) -> None:
    place = make_location(path=name, kind=Kind.BLOB)
    skips = (Skip(name, name),)
    finding = make_finding(locations=(place,), reasons=(name,))
    result = make_result(finding, coverage=Coverage(skipped=skips), scope=name)
    assert [command.name for command in commands_of(result)] == ["error", "error"]
    (found,) = (command for command in commands_of(result) if "file" in command.properties)
    assert "\n" not in found.properties["file"]
    assert found.properties["line"] == "12"


@pytest.mark.parametrize("name", ["a,b:c%2C.env", "a b=c.env", "ü.env"])
def test_an_odd_path_is_told_as_it_is(name: str) -> None:
    assert command_at(path=name).properties["file"] == name


def test_a_place_in_a_file_is_shown_there() -> None:
    command = command_at()
    assert command.properties == {
        "file": "config/production.env",
        "line": "12",
        "col": "17",
        "title": "Replicate API token leaked",
    }
    assert make_secret().redacted() in command.text
    assert "near the word" in command.text
    assert RULE.remediation[0] in command.text


@pytest.mark.parametrize(
    "fields",
    [
        {"current": False},
        {"current": None},
        {"kind": Kind.COMMIT_MESSAGE, "path": None, "current": True},
        {"kind": Kind.REF_NAME, "path": "refs/heads/a", "current": True},
        {"kind": Kind.NOTE, "current": True},
        {"repository": "vendor/library"},
    ],
)
def test_what_is_in_no_file_here_is_told_in_words_only(fields: dict[str, Any]) -> None:
    command = command_at(**fields)
    assert command.properties == {"title": "Replicate API token leaked"}
    assert (fields.get("path", "config/production.env") or "commit message") in command.text
    assert "line 12" in command.text
    if repository := fields.get("repository"):
        assert repository in command.text


@pytest.mark.parametrize("kind", [Kind.STAGED, Kind.FILE])
def test_a_file_that_no_commit_holds_is_shown(kind: Kind) -> None:
    command = command_at(kind=kind, commit=None, current=None)
    assert command.properties["file"] == "config/production.env"


@pytest.mark.parametrize(
    ("confidence", "level"),
    [(Confidence.HIGH, "error"), (Confidence.MEDIUM, "error"), (Confidence.LOW, "warning")],
)
def test_the_level_follows_the_confidence(confidence: Confidence, level: str) -> None:
    commands = commands_of(make_result(make_finding(confidence=confidence)))
    assert {command.name for command in commands} == {level}


def test_the_surest_come_first_and_each_secret_before_its_other_places() -> None:
    findings = [
        make_finding(confidence=level, secret=make_secret(seed))
        for seed, level in [(1, Confidence.LOW), (2, Confidence.HIGH), (3, Confidence.HIGH)]
    ]
    texts = [command.text for command in commands_of(make_result(*findings))]
    order = [next(i for i in (1, 2, 3) if make_secret(i).redacted() in text) for text in texts]
    assert order == [2, 3, 2, 3, 2, 3, 1, 1, 1]


def test_what_github_hides_is_told() -> None:
    places = tuple(make_location(seed, line=seed) for seed in range(1, 12))
    assert "GitHub shows 10" in written(make_result(make_finding(locations=places)))
    assert "GitHub shows" not in written(make_result(make_finding(locations=places[:10])))


def test_too_many_places_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github, "MOST_WRITTEN", 2)
    text = written(make_result(make_finding()))
    assert text.count("::error") == 2
    assert "1 more place not listed here" in text


def test_an_incomplete_scan_says_so_first() -> None:
    skips = (Skip("pack-1f0c.pack", "checksum mismatch"), Skip("b", "denied"))
    places = tuple(make_location(seed) for seed in range(1, 12))
    result = make_result(make_finding(locations=places), coverage=Coverage(skipped=skips))
    commands = commands_of(result)
    assert commands[0].text == "pack-1f0c.pack: checksum mismatch"
    assert commands[-1].text == "b: denied"
    assert {command.name for command in commands} == {"error"}


def test_the_verdict_is_the_last_line() -> None:
    assert written(make_result()).splitlines() == [
        "No leaks found · read 161,098 objects, 1.9 GB in 0.7 s · complete"
    ]


def test_what_is_no_finding_is_counted() -> None:
    result = make_result(suppressed=(make_suppressed(),), withheld={Confidence.LOW: 12})
    assert written(result).splitlines()[:-1] == [
        "12 low-confidence candidates not shown (--min-confidence low)",
        "1 suppressed (1 inline)",
    ]


def test_what_is_suppressed_is_listed_when_asked_for() -> None:
    result = make_result(suppressed=(make_suppressed(), make_suppressed(Means.BASELINE, "known")))
    assert commands_of(result) == []
    commands = commands_of(result, show_suppressed=True)
    assert {command.name for command in commands} == {"notice"}
    assert commands[0].properties["title"] == "Replicate API token suppressed (inline)"
    assert commands[0].properties["file"] == "config/production.env"
    assert commands[0].text.endswith("because: made for tests")
    assert len(commands) == 6


def test_no_secret_even_on_demand() -> None:
    result = make_result(make_finding(locations=(make_location(path=make_secret().reveal()),)))
    for shown in (False, True):
        assert make_secret().reveal()[8:20] not in written(result, show_secrets=shown)


def test_a_repository_is_named_unless_it_is_the_target() -> None:
    assert TARGET not in command_at().text
    assert TARGET in written(replace(make_result(make_finding()), target="."))

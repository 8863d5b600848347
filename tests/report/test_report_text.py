import io
import unicodedata
from functools import partial

import pytest
from hypothesis import given
from report_samples import (
    ADA,
    RULE,
    Terminal,
    any_result,
    as_ascii,
    make_finding,
    make_id,
    make_location,
    make_result,
    make_story,
)
from report_samples import written as write
from syrupy.assertion import SnapshotAssertion

from leakscan.model import Confidence, Coverage, Kind, Person, ScanResult, Skip
from leakscan.report.amounts import count, duration, size

written = partial(write, format="text")


def on_terminal(result: ScanResult, width: int, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    return written(result, out=Terminal(), color=False)


def test_report_in_a_file(snapshot: SnapshotAssertion) -> None:
    assert written(make_story()) == snapshot


@pytest.mark.parametrize("width", [80, 120, 140])
def test_report_on_a_terminal(
    width: int, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert on_terminal(make_story(), width, monkeypatch) == snapshot


def test_report_in_color(snapshot: SnapshotAssertion) -> None:
    assert written(make_story(), color=True) == snapshot


def test_an_all_clear_needs_a_complete_scan() -> None:
    assert written(make_result()) == (
        "No leaks found · read 161,098 objects, 1.9 GB in 0.7 s · complete\n"
    )


def test_no_all_clear_for_an_incomplete_scan() -> None:
    report = written(make_result(coverage=Coverage(skipped=(Skip("pack", "damaged"),))))
    assert "No leaks found" not in report
    assert "Nothing found in what could be read · " in report
    assert report.count("INCOMPLETE") == 1
    assert "  pack: damaged\n" in report
    assert report.endswith("INCOMPLETE: 1 thing could not be read\n")


@given(any_result)
def test_any_result_can_be_shown(result: ScanResult) -> None:
    report = written(result)
    unsafe = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert not {unicodedata.category(c) for c in report.replace("\n", "")} & unsafe
    said = "No leaks found ·" in report
    told_all = result.coverage.complete and not result.suppressed
    assert said == (not result.findings and told_all)


def test_a_hostile_repository_cannot_speak_for_the_report() -> None:
    place = make_location(
        path="\x1b[2J\u202eevil[bold]",
        author=Person("[red]Mallory\x9b31m", "m\n@example.com"),
        note="\x1b]0;title\x07",
        url="https://example.com/\x1b[0m",
        repository="else\rwhere",
    )
    result = make_result(
        make_finding(locations=(place,), reasons=("[link]\x1b[1m",)),
        coverage=Coverage(skipped=(Skip("\x1b[8m", "[/]\u2066"),)),
    )
    report = written(result)
    assert "\x1b" not in report
    assert r"\x1b[2J\u202eevil[bold]:12:17" in report
    assert r"[red]Mallory\x9b31m <m\n@example.com>" in report
    assert r"in else\rwhere" in report
    assert r"\x1b[8m: [/]\u2066" in report


@pytest.mark.parametrize("width", [40, 80, 120])
def test_nothing_is_cut(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    path = "deep/" * 60 + "file.env"
    author = Person("A" * 90, "a" * 90 + "@example.com")
    place = make_location(path=path, author=author, note="n" * 200)
    report = on_terminal(make_result(make_finding(locations=(place,))), width, monkeypatch)
    for whole in (f"{path}:12:17", str(author), place.url, place.note):
        assert whole is not None
        assert whole in report


def test_many_locations_are_counted() -> None:
    places = tuple(make_location(number, url=None) for number in range(57))
    report = written(make_result(make_finding(locations=places)))
    assert report.count("config/production.env:12:17") == 20
    assert "… and 37 more (use --format json)" in report
    assert "1 finding in 57 places" in report


def test_many_skips_are_counted() -> None:
    skips = tuple(Skip(f"object {number}", "damaged") for number in range(1_234))
    report = written(make_result(coverage=Coverage(skipped=skips)))
    assert report.count(": damaged") == 20
    assert "… and 1,214 more (use --format json)" in report
    assert "INCOMPLETE: 1,234 things could not be read" in report


def test_remediation_comes_once_a_rule() -> None:
    report = written(make_result(make_finding(), make_finding(confidence=Confidence.LOW)))
    assert report.count(RULE.remediation[0]) == 1


def test_what_to_do_is_left_out_where_it_is_done() -> None:
    result = make_result(make_finding())
    report = written(result, advise=False)
    assert report == written(result).replace(
        "".join(f"{number:>2}. {step}\n" for number, step in enumerate(RULE.remediation, 1)), ""
    ).replace(f"What to do about a leaked {RULE.name}\n\n", "")
    assert RULE.remediation[0] not in report


def test_withheld_candidates_are_counted() -> None:
    report = written(make_result(withheld={Confidence.LOW: 12, Confidence.MEDIUM: 1}))
    assert "1 medium-confidence candidate not shown (--min-confidence medium)\n" in report
    assert "12 low-confidence candidates not shown (--min-confidence low)\n" in report


def test_no_line_about_withheld_candidates_without_any() -> None:
    assert "not shown" not in written(make_result(withheld={Confidence.LOW: 0}))


def test_many_introducing_commits_are_counted() -> None:
    commits = tuple(make_id(number) for number in range(10))
    place = make_location(commit=commits[0], commits=commits)
    report = written(make_result(make_finding(locations=(place,))))
    assert f"also introduced in {commits[1][:12]}, {commits[2][:12]}, " in report
    assert " and 4 more commits\n" in report


def test_a_finding_without_places_is_shown() -> None:
    assert "1 finding in 0 places" in written(make_result(make_finding(locations=())))


def test_a_file_outside_git_needs_no_columns_of_git() -> None:
    place = make_location(
        kind=Kind.FILE, commit=None, object=None, author=None, date=None, current=None, url=None
    )
    report = written(make_result(make_finding(locations=(place,))))
    assert "   PLACE                        KIND\n" in report
    assert "COMMIT" not in report
    assert str(ADA) not in report


@pytest.mark.parametrize(
    ("color", "environment", "terminal", "colored"),
    [
        (None, {}, True, True),
        (None, {}, False, False),
        (None, {"TERM": "dumb"}, True, False),
        (None, {"NO_COLOR": "1"}, True, False),
        (None, {"NO_COLOR": ""}, True, True),
        (None, {"FORCE_COLOR": "1"}, False, True),
        (None, {"FORCE_COLOR": "0"}, True, False),
        (None, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        (True, {"NO_COLOR": "1"}, False, True),
        (True, {"TERM": "dumb"}, True, True),
        (False, {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_color(
    color: bool | None,
    environment: dict[str, str],
    terminal: bool,
    colored: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    out = Terminal() if terminal else io.StringIO()
    assert ("\x1b[" in written(make_result(), out=out, color=color)) == colored


def test_a_narrow_encoding_loses_nothing() -> None:
    assert rb"\xfc:12:17" in as_ascii(
        make_result(make_finding(locations=(make_location(path="ü"),)))
    )


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (1_900_000_000, "1.9 GB"),
        (5_000_000_000_000_000, "5,000.0 TB"),
    ],
)
def test_size(number: int, shown: str) -> None:
    assert size(number) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0.0 s"),
        (0.71, "0.7 s"),
        (9.96, "10 s"),
        (59.6, "1 min 0 s"),
        (185, "3 min 5 s"),
        (8_040, "2 h 14 min"),
    ],
)
def test_duration(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_count() -> None:
    assert [count(number, "place") for number in (0, 1, 1_234)] == [
        "0 places",
        "1 place",
        "1,234 places",
    ]
    assert [count(number, "push", "pushes") for number in (1, 2)] == ["1 push", "2 pushes"]

"""How every report shows what is inside of an archive, how it is written, and what is sealed."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from report_samples import (
    RULE,
    TARGET,
    make_finding,
    make_location,
    make_result,
    make_secret,
    written,
)

from leakscan.model import Coverage, Kind, Location, ScanResult, Skip
from leakscan.report.guard import Occasion, Way
from leakscan.report.guard_steps import out_of_index
from leakscan.report.sarif_places import place_fingerprint

PATH = "lib/a.zip!/inner/app.env"
COMMIT = Way(Occasion.COMMIT, partial(out_of_index, has_head=True, at_top=True, is_temporary=False))
SEALED = Skip("file b.zip!/secret.txt", "it is encrypted", sealed=True)


def inside(**fields: Any) -> Location:
    return make_location(**{"path": PATH, "line": 3, "column": 5, "url": None, **fields})


def one(**fields: Any) -> ScanResult:
    return make_result(make_finding(locations=(inside(**fields),)))


def staged(**fields: Any) -> ScanResult:
    usual = {"kind": Kind.STAGED, "commit": None, "author": None, "date": None, "current": None}
    return one(**{**usual, **fields})


def place_in_sarif(result: ScanResult) -> Any:
    (found,) = json.loads(written(result, "sarif"))["runs"][0]["results"]
    return found["locations"][0], found["message"]["text"]


def test_text_shows_the_way_and_how_it_is_written() -> None:
    text = written(one(note="written in base64", current=False), "text")
    assert f"{PATH}:3:5" in text
    assert "written in base64" in text
    assert "removed" in text


def test_another_note_explains_why_it_is_gone() -> None:
    text = written(one(note="no commit holds it; written in base64", current=False), "text")
    assert "removed" not in text


def test_text_names_an_object_that_has_no_path() -> None:
    text = written(one(path="!/app.env", commit=None, object="ab" * 20), "text")
    assert f"{'ab' * 20}!/app.env:3:5" in text
    assert f"{'ab' * 20}:3:5" in written(one(path=None, commit=None, object="ab" * 20), "text")


@pytest.mark.parametrize("format", ["json", "jsonl"])
def test_json_gives_the_whole_path(format: str) -> None:
    lines = written(one(note="written in base64"), format).splitlines()
    document = json.loads("".join(lines) if format == "json" else lines[0])
    finding = document["findings"][0] if format == "json" else document
    (place,) = finding["locations"]
    assert (place["path"], place["line"], place["note"]) == (PATH, 3, "written in base64")


def test_sarif_names_the_file_itself_and_the_way_inside() -> None:
    place, message = place_in_sarif(one())
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "lib/a.zip", "uriBaseId": "%SRCROOT%"}
    }
    assert place["logicalLocations"] == [
        {"name": "inner/app.env", "fullyQualifiedName": PATH, "kind": "resource"}
    ]
    assert "inside of the file: inner/app.env:3:5" in message


def test_sarif_keeps_the_line_of_what_is_in_no_archive() -> None:
    place, message = place_in_sarif(one(path="lib/a.env"))
    assert place["physicalLocation"]["region"] == {"startLine": 3, "startColumn": 5}
    assert "logicalLocations" not in place
    assert "inside" not in message


def test_sarif_of_an_object_without_a_path() -> None:
    place, _ = place_in_sarif(one(path="!/app.env", commit=None, object="ab" * 20))
    uri = place["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == f"blob/{'ab' * 20}%21/app.env"


def test_sarif_tells_members_apart() -> None:
    finding = make_finding()
    paths = (PATH, "lib/a.zip!/inner/b.env", "lib/a.zip")
    assert len({place_fingerprint(finding, inside(path=path)) for path in paths}) == 3


def test_sarif_fits_its_schema() -> None:
    from test_report_sarif import SARIF

    SARIF.validate(json.loads(written(one(), "sarif")))
    SARIF.validate(json.loads(written(one(path="!/a", commit=None), "sarif")))


def test_github_shows_the_file_without_a_line() -> None:
    text = written(one(), "github")
    assert "::error file=lib/a.zip,title=" in text
    assert f"file {PATH}, line 3," in text
    assert "::error file=lib/a.env,line=3,col=5,title=" in written(one(path="lib/a.env"), "github")


def test_github_shows_no_file_where_there_is_none() -> None:
    text = written(staged(path="!/app.env"), "github")
    assert "::error title=" in text


def test_github_says_that_it_was_removed_and_how_it_was_written() -> None:
    text = written(one(note="written in base64", current=False), "github")
    assert "written in base64, removed later, but the history keeps it" in text


def test_the_guard_names_the_way_and_unstages_the_file() -> None:
    text = written(staged(note="written in base64"), "text", way=COMMIT)
    assert f"{PATH}:3:5 (written in base64)" in text
    assert "git restore --staged lib/a.zip\n" in text


def test_the_guard_knows_that_archives_have_no_lines_for_comments() -> None:
    text = written(staged(), "text", way=COMMIT)
    assert "Say so on its line" not in text
    assert "[[allow]]" in text
    plain = written(staged(path="a.env"), "text", way=COMMIT)
    assert "Say so on its line" in plain
    assert "[[allow]]" not in plain


def test_what_is_sealed_stops_no_commit_and_is_told() -> None:
    sealed = make_result(coverage=Coverage(skipped=(SEALED,)))
    text = written(sealed, "text", way=COMMIT)
    assert text == "leakscan: not read: file b.zip!/secret.txt (it is encrypted)\n"
    unread = replace(sealed, coverage=Coverage(skipped=(SEALED, Skip("c.bin", "it is damaged"))))
    text = written(unread, "text", way=COMMIT)
    assert "leakscan stopped this commit: not all of it could be read.\n" in text
    assert "  c.bin: it is damaged\n" in text
    assert text.count("secret.txt") == 1


def test_a_token_beside_something_sealed() -> None:
    result = replace(staged(), coverage=Coverage(skipped=(SEALED,)))
    text = written(result, "text", way=COMMIT)
    assert "leakscan stopped this commit: it would add 1 token.\n" in text
    assert "Not read:" not in text


def test_few_of_many_sealed_parts_are_listed() -> None:
    skips = tuple(replace(SEALED, what=f"{number}.zip") for number in range(45))
    text = written(make_result(coverage=Coverage(skipped=skips)), "text", way=COMMIT)
    assert text.count("not read:") == 5
    assert "and 40 more" in text


@pytest.mark.parametrize("format", ["text", "json", "sarif", "github"])
def test_a_scan_with_something_sealed_is_incomplete_in_every_report(format: str) -> None:
    text = written(make_result(coverage=Coverage(skipped=(SEALED,)), target=TARGET), format)
    assert "b.zip!/secret.txt" in text
    assert "it is encrypted" in text


def test_a_secret_in_the_name_of_what_is_sealed_is_hidden() -> None:
    secret = make_secret()
    skip = replace(SEALED, what=f"file a.zip!/{secret.reveal()}.txt")
    text = written(make_result(coverage=Coverage(skipped=(skip,))), "text", way=COMMIT)
    assert secret.reveal() not in text
    assert text.startswith("leakscan: not read: ")
    assert RULE.prefixes[0] in text

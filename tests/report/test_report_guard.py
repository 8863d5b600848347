"""What a developer reads when the guard stops a commit."""

from __future__ import annotations

import io
import subprocess
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from report_samples import (
    any_result,
    make_finding,
    make_location,
    make_result,
    make_secret,
    make_suppressed,
)

from leakscan.model import Coverage, Kind, Means, ScanResult, Skip
from leakscan.report.guard import Occasion, Way, write
from leakscan.report.guard_steps import out_of_files, out_of_index, out_of_message
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from gitrepo import GitRepo
    from leakscan.model import Finding, Location

COMMIT = Way(Occasion.COMMIT, partial(out_of_index, has_head=True, at_top=True))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def staged(path: str | None = "a.env", line: int = 1, **fields: object) -> Location:
    usual: dict[str, object] = {
        "kind": Kind.STAGED,
        "commit": None,
        "author": None,
        "date": None,
        "current": None,
        "url": None,
    }
    return make_location(path=path, line=line, column=5, **{**usual, **fields})


def read(
    result: ScanResult,
    way: Way = COMMIT,
    out: io.StringIO | None = None,
    *,
    color: bool | None = None,
    listed: bool = False,
) -> str:
    out = out or io.StringIO()
    write(result, way, out, color=color, listed=listed)
    return out.getvalue()


def test_a_commit_that_is_stopped(snapshot: SnapshotAssertion) -> None:
    more = make_finding(secret=make_secret(8), locations=(staged("src/app.py", 12),))
    known = make_suppressed(Means.KNOWN, "in HEAD already", locations=(staged("old.env"),))
    skips = (Skip("broken.bin", "git has no such object"),)
    result = make_result(
        make_finding(locations=(staged(), staged("b.env", 3))),
        more,
        coverage=Coverage(skipped=skips),
        suppressed=(known, make_suppressed(secret=make_secret(9), locations=(staged("c.env"),))),
    )
    assert read(result) == snapshot
    assert read(result, color=True) == snapshot(name="in color")
    assert read(result, listed=True) == snapshot(name="listed")


def test_a_message_that_is_stopped(snapshot: SnapshotAssertion) -> None:
    way = Way(Occasion.MESSAGE, partial(out_of_message, file=Path(".git/COMMIT EDITMSG")))
    place = staged(None, 3, kind=Kind.COMMIT_MESSAGE)
    assert read(make_result(make_finding(locations=(place,))), way) == snapshot


def test_nothing_to_tell() -> None:
    assert read(make_result()) == ""
    assert read(make_result(withheld={})) == ""


def test_only_something_unread() -> None:
    text = read(make_result(coverage=Coverage(skipped=(Skip("a.txt", "it is unmerged"),))))
    assert text.startswith("leakscan stopped this commit: not all of it could be read.\n")
    assert "  a.txt: it is unmerged\n" in text
    assert "What to do" not in text
    assert "--no-verify" in text


def test_tracked_files_are_of_no_commit() -> None:
    text = read(make_result(make_finding(locations=(staged(),))), Way(Occasion.FILES, out_of_files))
    assert text.startswith("leakscan looked at all tracked files: they hold 1 token.\n")
    assert "stopped" not in text


@pytest.mark.parametrize(
    ("variables", "out", "color", "colored"),
    [
        ({}, Terminal, None, True),
        ({}, io.StringIO, None, False),
        ({"NO_COLOR": "1"}, Terminal, None, False),
        ({"TERM": "dumb"}, Terminal, None, False),
        ({"FORCE_COLOR": "1"}, io.StringIO, None, True),
        ({"NO_COLOR": "1"}, io.StringIO, True, True),
        ({}, Terminal, False, False),
    ],
)
def test_colors(
    variables: dict[str, str],
    out: type[io.StringIO],
    color: bool | None,
    colored: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    text = read(make_result(make_finding(locations=(staged(),))), out=out(), color=color)
    assert ("\x1b[" in text) is colored


def test_many_tokens_and_places() -> None:
    places = tuple(staged(f"{number}.env") for number in range(40))
    findings = [make_finding(secret=make_secret(n), locations=places[:1]) for n in range(45)]
    skips = tuple(Skip(f"{number}.bin", "damaged") for number in range(45))
    text = read(make_result(*findings, coverage=Coverage(skipped=skips)))
    assert text.count("and 25 more") == 2
    assert len(text.splitlines()) < 100
    text = read(make_result(make_finding(locations=places)))
    assert "and in 30 more places" in text
    assert "git restore --staged .\n" in text


def test_many_that_were_there_before() -> None:
    known = [
        make_suppressed(Means.KNOWN, "in HEAD already", secret=make_secret(n)) for n in range(9)
    ]
    text = read(make_result(suppressed=tuple(known)))
    assert text.count("in HEAD already") == 5
    assert "and 4 more" in text
    assert read(make_result(suppressed=tuple(known)), listed=True).count("in HEAD already") == 9


def test_odd_characters_are_spelled_out() -> None:
    name = "a\x1b[2J\n\u202eb\\xff.env"
    text = read(make_result(make_finding(locations=(staged(name),))))
    assert "\\x1b[2J\\n\\u202eb\\xff.env:1:5" in text
    assert "\x1b" not in text
    assert "git restore --staged .\n" in text


def test_what_an_encoding_lacks_is_spelled_out() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    result = make_result(make_finding(locations=(staged("é.env"),)))
    write(result, COMMIT, out, color=False, listed=False)
    out.flush()
    assert b"\\xe9.env:1:5" in raw.getvalue()


def with_places(result: ScanResult) -> ScanResult:
    """Give each finding a place, as every real one has."""

    def placed(finding: Finding) -> Finding:
        return replace(finding, locations=finding.locations or (staged(),))

    return replace(
        result,
        findings=tuple(map(placed, result.findings)),
        suppressed=tuple(replace(item, finding=placed(item.finding)) for item in result.suppressed),
    )


@given(any_result.map(with_places))
def test_no_result_shows_a_secret_or_a_control(result: ScanResult) -> None:
    for listed in (False, True):
        text = read(result, listed=listed)
        assert all(safe_text(line) == line for line in text.split("\n"))
        for item in (*result.findings, *(item.finding for item in result.suppressed)):
            assert item.secret.reveal() not in text
        if result.findings or result.coverage.skipped:
            assert "leakscan stopped this commit" in text


# The commands that it names.


def test_unstaging_before_the_first_commit() -> None:
    step = out_of_index([staged(".env")], has_head=False, at_top=True)
    assert step.endswith("git reset -- .env")


def test_a_name_that_is_redacted_is_not_to_be_typed() -> None:
    secret = make_secret()
    finding = make_finding(secret=secret, locations=(staged(f"{secret.reveal()}.txt"),))
    text = read(make_result(finding))
    assert "git restore --staged .\n" in text


@pytest.mark.parametrize("at_top", [True, False])
@pytest.mark.parametrize(
    "name", ["-a", ":a", ":(top)a", "!a", "a b", "it's", "_a", ".a", "(a", "é"]
)
def test_git_understands_what_is_to_be_typed(repo: GitRepo, name: str, at_top: bool) -> None:
    oid = repo.tip("HEAD:README.md")
    for path in (name, "other", f"sub/{name}"):
        repo.git("update-index", "--add", "--cacheinfo", f"100644,{oid},{path}")
    (repo.path / "sub").mkdir(exist_ok=True)
    step = out_of_index([staged(name)], has_head=True, at_top=at_top)
    command = step.partition("unstage it:  ")[2]
    cwd = repo.path if at_top else repo.path / "sub"
    subprocess.run(["sh", "-c", command], cwd=cwd, check=True, capture_output=True)
    left = repo.git("-c", "core.quotePath=false", "diff", "--cached", "--name-only").splitlines()
    assert sorted(left) == sorted(["other", f"sub/{name}"])


def test_the_file_of_a_message_is_quoted() -> None:
    step = out_of_message([], file=Path("/with space/MSG"))
    assert step.endswith("git commit -e -F '/with space/MSG'")

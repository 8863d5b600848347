"""What a developer reads when the guard stops a commit."""

from __future__ import annotations

import io
import re
import subprocess
import tomllib
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from report_samples import (
    Terminal,
    any_result,
    as_ascii,
    make_finding,
    make_location,
    make_result,
    make_secret,
    make_suppressed,
    written,
)

from leakscan.model import Coverage, Kind, Means, Person, ScanResult, Skip
from leakscan.report.guard import Occasion, Way
from leakscan.report.guard_steps import Step, out_of_files, out_of_index, out_of_message
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from gitrepo import GitRepo
    from leakscan.model import Finding, Location

COMMIT = Way(Occasion.COMMIT, partial(out_of_index, has_head=True, at_top=True, is_temporary=False))


def staged(path: str | None = "a.env", line: int = 1, **fields: object) -> Location:
    usual: dict[str, object] = dict.fromkeys(("commit", "author", "date", "current", "url"))
    usual["kind"] = Kind.STAGED
    return make_location(path=path, line=line, column=5, **{**usual, **fields})


def read(result: ScanResult, way: Way = COMMIT, **options: Any) -> str:
    return written(result, "text", way=way, **options)


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
    assert read(result, show_suppressed=True) == snapshot(name="listed")


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
    assert "If it was ever committed, the history keeps it; if that was ever pushed," in text
    assert "git" not in text.partition("What to do")[2]


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


def test_tokens_of_one_file_stand_together_and_say_why_once() -> None:
    findings = [
        make_finding(secret=make_secret(n), locations=(staged(f"{n % 2}.env", n),))
        for n in range(30)
    ]
    doubtful = make_finding(
        secret=make_secret(30), locations=(staged("0.env", 30),), reasons=("odd",)
    )
    lines = read(make_result(doubtful, *findings)).splitlines()
    shown = [line for line in lines if ".env:" in line]
    assert [line[2] for line in shown] == ["0"] * 16 + ["1"] * 4
    assert sum("confidence:" in line for line in lines) == 2
    assert lines[lines.index("What to do") - 2] == "  and 11 more, told once these are gone"
    assert len(lines) < 35


def test_what_is_suppressed_is_listed_up_to_a_point() -> None:
    places = tuple(staged("s.txt", number) for number in range(7))
    item = make_suppressed(secret=make_secret(9), locations=places)
    lines = read(make_result(suppressed=(item,))).splitlines()
    assert lines[0].endswith(", s.txt:0:5 (inline: made for tests)")
    assert lines[5:] == ["  and 2 more, listed with --show-suppressed"]
    assert len(read(make_result(suppressed=(item,)), show_suppressed=True).splitlines()) == 7


def test_what_is_not_told_can_be_seen() -> None:
    way = replace(COMMIT, again="leakscan pre-commit")
    findings = [make_finding(secret=make_secret(n), locations=(staged(),)) for n in range(25)]
    skips = tuple(Skip(f"{number}.bin", "damaged") for number in range(28))
    text = read(make_result(*findings, coverage=Coverage(skipped=skips)), way)
    assert "  and 5 more; to see all:  leakscan pre-commit --format json\n" in text
    assert "  and 8 more; to see all:  leakscan pre-commit --format json\n" in text
    places = tuple(staged("s.txt", number) for number in range(7))
    text = read(make_result(suppressed=(make_suppressed(locations=places),)), way)
    assert text.endswith("  and 2 more; to see all:  leakscan pre-commit --show-suppressed\n")


def test_a_command_that_names_a_secret_is_not_shown() -> None:
    secret = make_secret(30)
    way = replace(COMMIT, again=f"leakscan commit-msg /tmp/{secret.reveal()}/message")
    findings = [make_finding(secret=make_secret(n), locations=(staged(),)) for n in range(25)]
    text = read(make_result(*findings), way)
    assert "  and 5 more, told once these are gone\n" in text
    assert secret.reveal() not in text


def test_whoever_asks_is_told_that_there_is_nothing() -> None:
    way = replace(COMMIT, by_hand=True)
    text = read(make_result(scope="what is staged"), way)
    assert text.startswith("No leaks found, looking only at what is staged · read 161,098 objects")
    assert len(text.splitlines()) == 1
    assert "No leaks" not in read(make_result(make_finding(locations=(staged(),))), way)
    unread = Coverage(skipped=(Skip("a.txt", "it is unmerged"),))
    assert "No leaks" not in read(make_result(coverage=unread), way)


RECEIPT = Way(Occasion.RECEIPT, lambda _: [Step("Change it.")])


def test_a_push_of_several_refs_is_refused_as_a_whole() -> None:
    result = make_result(make_finding())
    assert read(result, RECEIPT).startswith("This push was refused: it brings 1 token.\n")
    several = replace(RECEIPT, has_several=True)
    assert read(result, several).startswith(
        "This push was refused as a whole: it brings 1 token.\n"
    )


@pytest.mark.parametrize("way", [COMMIT, RECEIPT])
def test_lines_are_not_too_long(way: Way) -> None:
    place = staged("a/rather/long/path/of/a/file/whose/name/is/no/shorter/than/that.env", 1234)
    text = read(make_result(make_finding(locations=(place,))), way)
    git_says = "remote: " if way is RECEIPT else ""
    assert all(len(f"{git_says}{line}") <= 100 for line in text.splitlines())
    assert "shorter/than/that.env:1234:5\n" in text


@pytest.mark.parametrize("kind", [Kind.PATH, Kind.REF_NAME, Kind.IDENTITY])
def test_what_has_no_line_has_no_variable_and_no_comment(kind: Kind) -> None:
    secret = make_secret()
    place = staged(None, kind=kind)
    finding = make_finding(secret=secret, locations=(place,))
    text = read(make_result(finding), Way(Occasion.PUSH, lambda _: [Step("Change it.")]))
    assert "environment variable" not in text
    assert "leakscan: allow[" not in text
    table = tomllib.loads(text.partition("Then in .leakscan.toml:\n")[2])
    [pattern] = table["allow"][0]["patterns"]
    assert re.fullmatch(pattern, secret.reveal())


@pytest.mark.parametrize(
    ("author", "commit", "path", "words"),
    [
        ("NAME <ann@example.com>", "1" * 40, None, "author name in commit 111111111111"),
        ("Ann <SECRET@example.com>", "1" * 40, None, "author address in commit 111111111111"),
        ("Ann <ann@example.com>", "1" * 40, None, "committer in commit 111111111111"),
        ("Ann <SECRET>", None, "refs/tags/v1", "tagger of v1"),
        ("Ann <SECRET>", None, None, "tagger"),
    ],
)
def test_people(author: str, commit: str | None, path: str | None, words: str) -> None:
    secret = make_secret()
    name, _, address = author.partition(" ")
    who = Person(name.replace("NAME", secret.reveal()), address.replace("SECRET", secret.reveal()))
    place = staged(path, kind=Kind.IDENTITY, commit=commit, author=who)
    text = read(make_result(make_finding(secret=secret, locations=(place, place))))
    assert f"  {words}  {secret.redacted()}" in text
    assert "also" not in text


def test_many_that_were_there_before() -> None:
    known = [
        make_suppressed(Means.KNOWN, "in HEAD already", secret=make_secret(n)) for n in range(9)
    ]
    text = read(make_result(suppressed=tuple(known)))
    assert text.count("in HEAD already") == 5
    assert "and 4 more" in text
    assert (
        read(make_result(suppressed=tuple(known)), show_suppressed=True).count("in HEAD already")
        == 27
    )


def test_odd_characters_are_spelled_out() -> None:
    name = "a\x1b[2J\n\u202eb\\xff.env"
    text = read(make_result(make_finding(locations=(staged(name),))))
    assert "\\x1b[2J\\n\\u202eb\\xff.env:1:5" in text
    assert "\x1b" not in text
    assert "git restore --staged .\n" in text


def test_what_an_encoding_lacks_is_spelled_out() -> None:
    result = make_result(make_finding(locations=(staged("é.env"),)))
    assert b"\\xe9.env:1:5" in as_ascii(result, way=COMMIT)


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
        text = read(result, show_suppressed=listed)
        assert all(safe_text(line) == line for line in text.split("\n"))
        for item in (*result.findings, *(item.finding for item in result.suppressed)):
            assert item.secret.reveal() not in text
        if result.findings or result.coverage.skipped:
            assert "leakscan stopped this commit" in text


# The commands that it names.


def unstaging(*names: str, **options: bool) -> list[Step]:
    """Return the steps for files of these names."""
    finding = make_finding(locations=tuple(map(staged, names)))
    usual = {"has_head": True, "at_top": True, "is_temporary": False}
    return out_of_index([finding], **{**usual, **options})


def test_unstaging_before_the_first_commit() -> None:
    [step] = unstaging(".env", has_head=False)
    assert step.typed == "git reset -- .env"


def test_what_is_staged_for_one_commit_is_not_to_be_unstaged() -> None:
    [step] = unstaging(".env", is_temporary=True)
    assert step == Step("Take it out of the file, then commit again.")


def test_everything_is_unstaged_only_with_notice() -> None:
    five = [f"{number}.env" for number in range(5)]
    [step] = unstaging(*five)
    assert step.text.endswith("or unstage it:")
    assert step.typed == f"git restore --staged {' '.join(five)}"
    [step] = unstaging(*five, "more.env")
    assert step.text.endswith("or unstage everything:")
    assert step.typed == "git restore --staged ."


def test_a_name_that_is_redacted_is_not_to_be_typed() -> None:
    secret = make_secret()
    finding = make_finding(secret=secret, locations=(staged(f"{secret.reveal()}.txt"),))
    text = read(make_result(finding))
    assert "git restore --staged .\n" in text


@pytest.mark.parametrize("name", ["SECRET", "a\n", "\\xff", "r8_abcd...wxyz"])
def test_a_command_that_cannot_be_shown_whole_is_left_out(name: str) -> None:
    """Wherever it stands; the words remain, or others take their place."""
    secret = make_secret()
    command = f"git switch {name.replace('SECRET', secret.reveal())}"
    worded = Step("Go.", instead=Step("Never."))
    steps = [
        Step("Go there:", command),
        Step("Go:", "git switch main", more=(Step("then:", command), Step("end:", "git push"))),
        Step("Go on:", command, instead=Step("Or on:", command, instead=Step("Or stay."))),
        Step("Or stay."),
        worded,
    ]
    text = read(make_result(make_finding(secret=secret)), Way(Occasion.PUSH, lambda _: steps))
    shown = text.partition("What to do\n")[2].splitlines()
    begin = next(number for number, line in enumerate(shown) if "Go there" in line)
    assert [line.strip() for line in shown[begin : begin + 6]] == [
        "2. Go there",
        "3. Go:  git switch main",
        "then",
        "end:  git push",
        "4. Or stay.",
        "5. Go.",
    ]


@pytest.mark.parametrize("at_top", [True, False])
@pytest.mark.parametrize(
    "name", ["-a", ":a", ":(top)a", "!a", "a b", "it's", "_a", ".a", "(a", "é"]
)
def test_git_understands_what_is_to_be_typed(repo: GitRepo, name: str, at_top: bool) -> None:
    oid = repo.tip("HEAD:README.md")
    for path in (name, "other", f"sub/{name}"):
        repo.git("update-index", "--add", "--cacheinfo", f"100644,{oid},{path}")
    (repo.path / "sub").mkdir(exist_ok=True)
    [step] = unstaging(name, at_top=at_top)
    cwd = repo.path if at_top else repo.path / "sub"
    subprocess.run(["sh", "-c", step.typed], cwd=cwd, check=True, capture_output=True)
    left = repo.git("-c", "core.quotePath=false", "diff", "--cached", "--name-only").splitlines()
    assert sorted(left) == sorted(["other", f"sub/{name}"])


def test_the_file_of_a_message_is_quoted() -> None:
    [step] = out_of_message([], file=Path("/with space/MSG"))
    assert step.more[0].typed == "-e -F '/with space/MSG'"


def test_a_patch_is_gone_on_with() -> None:
    [step] = unstaging(".env", is_patch=True)
    assert step == Step("Mend it and `git add` it, then:", "git am --continue")


@pytest.mark.parametrize("way", [COMMIT, RECEIPT])
def test_no_comment_is_asked_for_where_none_counts(way: Way) -> None:
    name = staged("name", kind=Kind.PATH)
    result = make_result(make_finding(locations=(staged(), name)))
    heeding, not_heeding = read(result, way), read(result, replace(way, heeds_comments=False))
    assert heeding.startswith(not_heeding)
    assert "allow" in heeding.removeprefix(not_heeding)
    assert "allow" not in not_heeding.lower()


def test_what_may_make_all_that_needless_stands_behind_the_steps() -> None:
    needless = Step("If it is there already:", "git fetch")
    way = replace(RECEIPT, occasion=Occasion.PUSH, otherwise=lambda _: needless)
    lines = read(make_result(make_finding()), way).splitlines()
    at = lines.index("If it is there already:  git fetch")
    assert lines[at + 1].startswith("No token?")
    assert any(line.startswith("  3. ") for line in lines[:at])
    assert not any(re.match(r"  \d\. ", line) for line in lines[at:])

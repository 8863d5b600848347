"""``leakscan coverage``: its options, and what it writes."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from leakscan.cli import cli
from leakscan.cli.coverage_words import coverage_document, write_coverage
from leakscan.errors import LeakscanError
from leakscan.ledger.coverage import coverage
from leakscan.ledger.feeds import Feeds, PollNote
from leakscan.ledger.prune import prune
from leakscan.ledger.push_queue import PushQueue
from leakscan.ledger.push_retry import retry_pushes
from leakscan.ledger.push_tables import pushes
from leakscan.ledger.schema import open_ledger
from leakscan.model import Skip
from leakscan.push import Look, Push, PushKind, PushState
from leakscan.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Column, Table

    from leakscan.ledger.engine import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = open_ledger(str(tmp_path / "ledger.sqlite3"))
    yield ledger
    ledger.close()


def a_push(number: int, feed: str = "events") -> Push:
    when = datetime.now(UTC) - timedelta(minutes=5)
    head = f"{number:040x}"
    return Push(
        PushKind.PUSH, "github.com", 7, "acme/app", "refs/heads/main", "a" * 40, head, when, feed
    )


def look_at_some(ledger: Ledger) -> None:
    """Tell of 40 pushes, and look at 7 of them; an archive knows 10 of them, and 10 more."""
    feeds, queue = Feeds(ledger), PushQueue(ledger, "github.com")
    (claim,) = feeds.claim(["events"])
    note = PollNote(read=45, repeated=3, malformed=2, requests=1, is_gap=True)
    feeds.note_poll(claim, note, timedelta(0), "x", [a_push(number) for number in range(1, 41)])
    (claim,) = feeds.claim(["archive:2026"])
    told = [a_push(number, "archive:2026") for number in range(31, 51)]
    feeds.note_poll(claim, PollNote(read=20), timedelta(0), "1", told)
    looks = [
        Look(PushState.SCANNED, received=1000, objects=3, bytes=70_000, git_requests=1),
        Look(PushState.SCANNED, git_requests=1),
        Look(PushState.SCANNED, Trouble.TOO_LARGE, "large", skipped=(Skip("rest", "large"),)),
        Look(PushState.SCANNED, skipped=(Skip("a.bin", "large"),), via="api", api_requests=4),
        Look(PushState.SKIPPED, Trouble.GONE, "gone"),
        Look(PushState.SKIPPED, Trouble.GONE, "gone"),
        Look(PushState.FAILED, Trouble.BUSY, "busy"),
    ]
    claims = queue.claim(len(looks)).claims
    found = (0, 0, 2, 0, 0, 0, 1)
    queue.finish(list(zip(claims, looks, found, strict=True)), None)


def lately() -> tuple[datetime, datetime]:
    moment = datetime.now(UTC)
    return moment - timedelta(hours=1), moment + timedelta(hours=1)


def test_coverage_in_words(ledger: Ledger) -> None:
    look_at_some(ledger)
    out = io.StringIO()
    write_coverage(coverage(ledger, *lately()), out)
    text = out.getvalue()
    for line in (
        "Pushes that feeds told of           50",
        "scanned whole                      2",
        "scanned in part                    1  larger than watch.limits allows",
        "scanned in part                    1  files, objects or commits left out",
        "skipped                            2  deleted, or private by the time of the look",
        "failed, tried again later          1  the server failed, or asked to come again later",
        "Looked at last            1 through the API, 6 with git",
        "not looked at yet                 43",
        "2 git requests and 4 API calls for pushes, 1 API call for feeds",
        "By kind                   50 pushes",
        "3 objects, 70.0 kB, from 1.0 kB received",
        "asked once · 45 events · 40 new pushes · 2 not understood or not read whole · 1 gap",
        "1 time a feed may have moved on before we asked again.",
        "the live feeds had told of 10 of 20: 50.0%",
        "These are the pushes that GitHub's feeds have shown us; others they have not shown.",
    ):
        assert line in text, text
    assert " all pushes" not in text


def test_coverage_without_an_archive_claims_no_share(ledger: Ledger) -> None:
    PushQueue(ledger, "github.com").add([a_push(1)])
    out = io.StringIO()
    summed = coverage(ledger, *lately())
    write_coverage(summed, out)
    assert "What share of all pushes that is cannot be said" in out.getvalue()
    assert "%" not in out.getvalue().replace("95%", "")
    assert coverage_document(summed)["share"]["of_archive"] is None


def test_coverage_of_nothing(ledger: Ledger) -> None:
    out = io.StringIO()
    write_coverage(coverage(ledger, *lately()), out)
    assert "Nothing was watched in this time." in out.getvalue()


def test_coverage_for_programs(ledger: Ledger, tmp_path: Path) -> None:
    look_at_some(ledger)
    settings = tmp_path / "leakscan.toml"
    settings.write_text('[ledger]\nurl = "ledger.sqlite3"\n')
    arguments = ["coverage", "--format", "json", "--config", str(settings)]
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    written = json.loads(done.output)
    assert written["schema"] == "leakscan-coverage/v1"
    assert written["pushes"] == {
        "seen": 50,
        "scanned": 4,
        "partial": {"too-large": 1, "unknown": 1},
        "skipped": {"gone": 2},
        "failed": {"busy": 1},
        "gave_up": {},
        "waiting": 43,
    }
    assert written["requests"] == {"git": 2, "api": 5}
    assert written["share"]["of_archive"]["share"] == 0.5
    assert written["lag_seconds"]["seen"]["pushes"] == 40
    earlier = CliRunner().invoke(cli, [*arguments, "--since", "2.weeks", "--until", "1.week"])
    assert json.loads(earlier.output)["pushes"]["seen"] == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--since", "soon"], "is no time"),
        (["--since", "1.day", "--until", "2.days"], "--since is not before --until"),
    ],
)
def test_a_time_that_is_none(options: list[str], said: str, tmp_path: Path) -> None:
    settings = tmp_path / "leakscan.toml"
    settings.write_text('[ledger]\nurl = "ledger.sqlite3"\n')
    done = CliRunner().invoke(cli, ["coverage", *options, "--config", str(settings)])
    assert said in done.output + str(done.exception)


def test_coverage_of_a_ledger_that_is_not_there(tmp_path: Path) -> None:
    settings = tmp_path / "leakscan.toml"
    settings.write_text('[ledger]\nurl = "none.sqlite3"\n')
    done = CliRunner().invoke(cli, ["coverage", "--config", str(settings)])
    assert isinstance(done.exception, LeakscanError)
    assert "there is no ledger" in str(done.exception)
    assert not (tmp_path / "none.sqlite3").exists()


LEFT_OUT = "Left out, those told of last first (all times are UTC):\n"


def run(folder: Path, *options: str, keep: str = "30d") -> str:
    settings = folder / "leakscan.toml"
    settings.write_text(f'[ledger]\nurl = "ledger.sqlite3"\n[watch]\nkeep = "{keep}"\n')
    arguments = ["coverage", *options, "--config", str(settings)]
    return CliRunner().invoke(cli, arguments, catch_exceptions=False).output


def test_what_was_left_out_is_listed(ledger: Ledger, tmp_path: Path) -> None:
    look_at_some(ledger)
    sums, _, listed = run(tmp_path, "--pushes").partition(LEFT_OUT)
    assert sums.strip() == run(tmp_path).strip()
    *lines, last = listed.splitlines()
    assert len(lines) == 3
    push = r"\d{4}-\d\d-\d\d \d\d:\d\d  acme/app  push  refs/heads/main  0{12}  \w"
    for line in lines:
        assert re.match(push, line), line
    said = sorted(line.rpartition("  ")[2] for line in lines)
    when = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    assert re.fullmatch(rf"failed: busy; again at {when}; 1 finding", said[0])
    assert said[1:] == [
        "scanned in part: files, objects or commits left out",
        "scanned in part: large; 2 findings",
    ]
    assert "`leakscan watch --once --retry`" in last


def test_what_was_left_out_is_listed_for_programs(ledger: Ledger, tmp_path: Path) -> None:
    look_at_some(ledger)
    written = json.loads(run(tmp_path, "--pushes", "--format", "json"))
    sums = json.loads(run(tmp_path, "--format", "json"))
    listed = written["left_out"]
    assert written["left_out_by_hour"] == 0
    assert set(written) - set(sums) == {"left_out", "left_out_by_hour", "left_out_earlier"}
    assert written["left_out_earlier"] == 0
    assert written["pushes"] == sums["pushes"]
    assert Counter(one["state"] for one in listed) == {"partial": 2, "failed": 1}
    (failed,) = (one for one in listed if one["state"] == "failed")
    known = ("repository", "ref", "kind", "trouble", "why", "via", "attempts", "findings")
    assert {name: failed[name] for name in known} == {
        "repository": "acme/app",
        "ref": "refs/heads/main",
        "kind": "push",
        "trouble": "busy",
        "why": "busy",
        "via": "git",
        "attempts": 1,
        "findings": 1,
    }
    assert datetime.fromisoformat(failed["due_at"]) > datetime.fromisoformat(failed["seen_at"])
    assert {one["trouble"] for one in listed} == {"busy", "too-large", "unknown"}
    assert len(failed["head"]) == 40


def test_nothing_that_was_left_out(ledger: Ledger, tmp_path: Path) -> None:
    PushQueue(ledger, "github.com").add([a_push(1)])
    assert "Nothing was left out in this time that somebody may be able to read.\n" in run(
        tmp_path, "--pushes"
    )
    assert json.loads(run(tmp_path, "--pushes", "--format", "json"))["left_out"] == []


def test_what_was_left_out_longer_ago_is_only_counted(ledger: Ledger, tmp_path: Path) -> None:
    look_at_some(ledger)
    prune(ledger, datetime.now(UTC) + timedelta(days=1))
    lines = run(tmp_path, "--pushes").splitlines()
    assert lines[-1] == (
        "2 more were left out longer ago than watch.keep, and only counted by the hour."
    )
    assert json.loads(run(tmp_path, "--pushes", "--format", "json"))["left_out_by_hour"] == 2
    queue = PushQueue(ledger, "github.com")
    retry_pushes(ledger, "github.com")
    while claims := queue.claim(99).claims:
        queue.finish([(claim, Look(PushState.SCANNED), 0) for claim in claims], None)
    *_, last = run(tmp_path, "--pushes").splitlines()
    assert last.startswith("2 were left out")


def test_names_that_are_to_deceive_are_shown_as_they_are(ledger: Ledger, tmp_path: Path) -> None:
    queue = PushQueue(ledger, "github.com")
    strange = replace(a_push(1), ref="refs/heads/\x1b[2J\u202egnp", head=None)
    queue.add([strange])
    (claim,) = queue.claim(1).claims
    queue.finish([(claim, Look(PushState.SKIPPED, Trouble.REFUSED, "HTTP 403\nok"), 0)], None)
    retry_pushes(ledger, "github.com")
    text = run(tmp_path, "--pushes")
    (line,) = (line for line in text.splitlines() if "acme/app" in line)
    end = r"  push  refs/heads/\x1b[2J\u202egnp  no head  failed: HTTP 403\nok; again at once"
    assert line.endswith(end)
    assert "\x1b" not in run(tmp_path, "--pushes", "--format", "json")


def shift(ledger: Ledger, table: Table, column: Column[datetime], by: timedelta) -> None:
    """Have all of a table happened so much earlier."""
    with ledger.writing() as connection:
        moment = datetime.now(UTC) - by
        connection.execute(update(table).values({column: moment}))


def test_what_was_left_out_earlier_is_counted(ledger: Ledger, tmp_path: Path) -> None:
    """As far as --retry would take it, too."""
    look_at_some(ledger)
    shift(ledger, pushes, pushes.c.seen_at, timedelta(days=3))
    nothing, earlier, hint = run(tmp_path, "--pushes").splitlines()[-3:]
    assert nothing.startswith("Nothing was left out in this time")
    assert earlier.startswith("3 pushes of which feeds told earlier were, however, left out: ")
    assert hint.startswith("`leakscan watch --once --retry`")
    assert json.loads(run(tmp_path, "--pushes", "--format", "json"))["left_out_earlier"] == 3
    since = earlier.partition("`--since ")[2].partition("`")[0]
    assert len(run(tmp_path, "--pushes", "--since", since).partition(LEFT_OUT)[2].splitlines()) == 4
    last = run(tmp_path, "--pushes", keep="2d").splitlines()[-1]
    assert last.startswith("Nothing was left out in this time")


def failed(ledger: Ledger, names: list[str], why: str) -> None:
    feeds = Feeds(ledger)
    for claim in feeds.claim(names):
        note = PollNote(trouble=Trouble.REFUSED, why=why)
        feeds.note_poll(claim, note, timedelta(0))


def test_feeds_that_fail_for_the_same_reason_are_one_line(ledger: Ledger, tmp_path: Path) -> None:
    names = [f"repo:acme/app{n}" for n in range(5)]
    failed(ledger, names, "GitHub refuses every credential")
    failed(ledger, ["search"], "no such query")
    feeds = Feeds(ledger)
    (claim,) = feeds.claim(["search"])
    feeds.note_poll(claim, PollNote(read=1), timedelta(0), "x")
    lines = run(tmp_path).splitlines()
    when = r"last at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    some = ", ".join(names[:3])
    (place,) = (n for n, line in enumerate(lines) if re.fullmatch(rf"Fail, {when}: .*", line))
    assert lines[place].endswith(f"UTC: {some} and 2 more")
    assert lines[place + 1] == "  GitHub refuses every credential"
    assert re.fullmatch(rf"Failed, {when}, and answered since: search", lines[place + 2])
    assert lines[place + 3] == "  no such query"
    written = json.loads(run(tmp_path, "--format", "json"))["feeds"]
    assert written[names[0]]["trouble"] == "GitHub refuses every credential"
    assert written["search"]["trouble"] is None
    last = written["search"]["last_failure"]
    assert last["why"] == "no such query"
    assert datetime.now(UTC) - datetime.fromisoformat(last["at"]) < timedelta(hours=1)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_an_encoding_lacks_is_spelled_out(
    encoding: str, ledger: Ledger, tmp_path: Path
) -> None:
    queue = PushQueue(ledger, "github.com")
    queue.add([replace(a_push(1), ref="refs/heads/\u2603")])
    (claim,) = queue.claim(1).claims
    queue.finish([(claim, Look(PushState.SKIPPED, Trouble.REFUSED, "no"), 0)], None)
    failed(ledger, ["events"], "\u2603")
    settings = tmp_path / "leakscan.toml"
    settings.write_text('[ledger]\nurl = "ledger.sqlite3"\n')
    done = subprocess.run(
        [sys.executable, "-m", "leakscan", "coverage", "--pushes", "--config", str(settings)],
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    snowman = "\u2603" if encoding == "utf-8" else r"\u2603"
    text = done.stdout.decode(encoding)
    assert f"refs/heads/{snowman}  " in text
    assert f"\n  {snowman}\n" in text

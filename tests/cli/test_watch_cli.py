"""The options of ``leakscan watch`` and ``leakscan coverage``, and what they write."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from leakscan.cli import cli
from leakscan.cli.coverage_words import coverage_document, write_coverage
from leakscan.cli.watch_plan import Ending
from leakscan.cli.watch_tellers import LogTeller, found_line
from leakscan.cli.watch_words import document, log_line, remarks, rows
from leakscan.cli.watching import cleaner
from leakscan.crawl.figures import FeedFigures, Figures
from leakscan.crawl.github.allowance import Budget
from leakscan.errors import LeakscanError
from leakscan.ledger.coverage import coverage
from leakscan.ledger.feeds import Feeds, PollNote
from leakscan.ledger.push_queue import PushQueue
from leakscan.ledger.schema import open_ledger
from leakscan.model import Secret, Skip
from leakscan.push import Look, Push, PushKind, PushState
from leakscan.rules import load_rules
from leakscan.trouble import Trouble
from ledgers import a_finding, a_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from leakscan.ledger.engine import Ledger

BUDGET = Budget("env:GH_TOKEN", "core", 4970, 5000, 1200.0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--format", "json"], "say --once or --for as well"),
        (["--for", "10"], "no span of time"),
        (["--for", "0m"], "no span of time"),
        (["--for", "-5m"], "no span of time"),
        (["--source", ""], "--source is empty"),
        (["--archive", ""], "--archive is empty"),
        (["--source", "everything"], "unknown source everything"),
        (["--archive", "no-such-file.json"], "no-such-file.json: there is no such file"),
        (["--concurrency", "0"], "--concurrency"),
        (["--via", "carrier-pigeon"], "--via"),
    ],
)
def test_what_makes_no_sense_is_refused(
    options: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "leakscan.toml"
    settings.write_text('[ledger]\nurl = "ledger.sqlite3"\n[fingerprint]\nkey_file = "key"\n')
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["watch", *options, "--config", str(settings)])
    assert done.exit_code != 0
    assert said in done.output + str(done.exception)
    assert done.exit_code == 2 or getattr(done.exception, "exit_status", 0) == 2


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
    feeds, queue = Feeds(ledger), PushQueue(ledger)
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
    claims = queue.claim(len(looks))
    queue.finish([(claim, look, 0) for claim, look in zip(claims, looks, strict=True)], None)


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
        "failed, tried again later          1  the server asked to come again later",
        "not looked at yet                 43",
        "2 git requests and 4 API calls for pushes, 1 API call for feeds",
        "3 objects, 70.0 kB, from 1.0 kB received",
        "asked once · 45 events · 40 new pushes · 2 not understood · 1 gap",
        "1 time a feed may have moved on before we asked again.",
        "the live feeds had told of 10 of 20: 50.0%",
        "These are the pushes that GitHub's feeds have shown us; others they have not shown.",
    ):
        assert line in text, text
    assert " all pushes" not in text


def test_coverage_without_an_archive_claims_no_share(ledger: Ledger) -> None:
    PushQueue(ledger).add([a_push(1)])
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


def some_figures() -> Figures:
    figures = Figures(seen=1240, repeated=3, feed_requests=5, findings={1, 2})
    figures.feeds = {"events": FeedFigures(7, 1300, 1240, gaps=2), "search": FeedFigures()}
    figures.count(1, Look(PushState.SCANNED, git_requests=1, received=5000), 42.0, 0.0)
    figures.count(2, Look(PushState.SCANNED, skipped=(Skip("a", "b"),)), 60.0, 0.0)
    figures.count(3, Look(PushState.SKIPPED, Trouble.GONE), 0.0, 0.0)
    figures.count(4, Look(PushState.FAILED, Trouble.BUSY, api_requests=2), 0.0, 0.0)
    figures.rests = {"git": 55.0}
    return figures


def test_figures_on_a_line() -> None:
    assert log_line(some_figures(), [BUDGET]) == (
        "1,240 seen · 2 scanned (1 in part) · 1 skipped (1 gone) · 1 failed · 2 findings"
        " · lag 1 min 0 s, 95% within 1 min 0 s · 1 git request · 7 API calls · 5.0 kB received"
        " · no git for 55 s · env:GH_TOKEN core 4,970 of 5,000"
    )
    assert log_line(Figures(), []) == (
        "0 seen · 0 scanned · 0 findings · 0 git requests · 0 API calls · 0 bytes received"
    )


def test_figures_in_rows() -> None:
    figures = some_figures()
    figures.feeds["search"].trouble = "no login"
    shown = rows(figures, [BUDGET], started=0.0)
    assert ("events", "1,300 events · 1,240 new · 2 gaps") in shown
    assert ("search", "no login") in shown
    assert ("resting", "git for 55 s") in shown


def test_figures_for_programs() -> None:
    written = document(some_figures(), [BUDGET], 9, None)
    assert json.loads(json.dumps(written)) == written
    assert written["pushes"] == {
        "seen": 1240,
        "repeated": 3,
        "scanned": 2,
        "partial": 1,
        "skipped": {"gone": 1},
        "failed": 1,
        "waiting": 9,
    }
    assert written["requests"] == {"api": 7, "git": 1}
    assert written["lag_seconds"] == {"median": 60.0, "p95": 60.0, "max": 60.0}
    assert written["budget"][0]["remaining"] == 4970


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        (Ending(Figures(), 0, 0, False, True), 0),
        (Ending(Figures(), 5, 0, False, True), 0),  # another watch's
        (Ending(Figures(), 5, 0, True, True), 3),
        (Ending(Figures(), 0, 0, True, True), 0),
        (Ending(Figures(findings={1}), 0, 0, False, True), 1),
        (Ending(Figures(findings={1}), 0, 1, False, True), 3),
        (Ending(Figures(findings={1}), 0, 0, False, False), 3),
        (Ending(some_figures(), 0, 0, False, True), 3),
    ],
)
def test_the_exit_status(ending: Ending, status: int) -> None:
    assert ending.status == status


def test_what_a_person_should_know() -> None:
    figures = some_figures()
    figures.feeds["search"].trouble = "no login"
    said = list(remarks(Ending(figures, 9, 1, False, False)))
    assert said == [
        "9 to be looked at later: run `leakscan watch` again",
        "what was not read, and why: see `leakscan coverage`",
        "1 not known to be dead: see `leakscan findings list`",
        "not all that was due could be done: run `leakscan respond`",
        "search told nothing: no login",
    ]


def test_a_finding_on_a_line(new_token: Callable[[], str]) -> None:
    secret = Secret(new_token())
    place = a_place(2, path="a\x1b[31m.env")
    line = found_line(a_finding(secret, place, a_place(3)))
    assert secret.reveal() not in line
    assert secret.redacted() in line
    assert line.endswith("https://github.com/acme/app a\\x1b[31m.env:3 and 1 more")


def test_texts_are_redacted_by_the_operators_rules_too(new_token: Callable[[], str]) -> None:
    shipped = load_rules()
    own = replace(shipped[0], id="own", prefixes=("own_",), pattern="own_[0-9]{10}")
    clean, token = cleaner((*shipped, own)), new_token()
    assert clean("refs/heads/main") == "refs/heads/main"
    assert token not in clean(f"refs/heads/{token}")
    assert "0123456789" not in clean("refs/heads/own_0123456789")
    assert clean("refs/heads/\udcff") == "refs/heads/\\xff"  # which no database would take


def test_a_quiet_log_holds_only_what_matters(
    new_token: Callable[[], str], capsys: pytest.CaptureFixture[str]
) -> None:
    with LogTeller(lambda: [BUDGET], quiet=True) as teller:
        teller._next = 0.0
        teller.show(some_figures())
        teller.remark("nothing to speak of")
        assert capsys.readouterr().err == ""
        teller.found([a_finding(Secret(new_token()))])
        teller.say("the ledger failed")
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_a_log_tells_the_figures_once_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    with LogTeller(lambda: [BUDGET], quiet=False) as teller:
        teller.show(some_figures())
        assert capsys.readouterr().err == ""
        teller._next = 0.0
        for _ in range(3):
            teller.show(some_figures())
    (line,) = capsys.readouterr().err.splitlines()
    assert "1,240 seen" in line

"""The options of ``leakscan watch``, its figures, and what it ends with."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from leakscan.cli import cli
from leakscan.cli.watch_plan import Ending
from leakscan.cli.watch_reasons import left_out
from leakscan.cli.watch_words import (
    MOST_QUIET,
    budget_lines,
    document,
    feed_line,
    log_line,
    remarks,
    rows,
    source_rows,
    summary_lines,
)
from leakscan.crawl.figures import FeedFigures, Figures
from leakscan.crawl.github.allowance import Budget
from leakscan.model import Skip
from leakscan.push import Look, PushState
from leakscan.trouble import Trouble
from servers import a_closed_port

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

BUDGET = Budget("env:GH_TOKEN", "core", 4970, 5000, 1200.0)
KINDS = ("core", "search")
ANEW = "env:T0 search 0 of 5,000, anew in 1 min 0 s"
SETTINGS = '[ledger]\nurl = "ledger.sqlite3"\n[fingerprint]\nkey_file = "key"\n'


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
        (["--archive", "https://ada:pw@example.com/{1..9999}"], "https://example.com/{1..9999}"),
        (["--archive", "ftp://ada:pw@example.com/x"], "ftp://example.com/x: there is no such file"),
        (["--archive", "2026-01-02-3", "--archive", "2026-01-02-3"], "is there twice"),
        (["--archive", "no-such-file.json"], "no-such-file.json: there is no such file"),
        (["--concurrency", "0"], "--concurrency"),
        (["--once", "--for", "5m"], "--once and --for together"),
        (["--via", "carrier-pigeon"], "--via"),
    ],
)
def test_what_makes_no_sense_is_refused(
    options: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "leakscan.toml"
    settings.write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["watch", *options, "--config", str(settings)])
    assert done.exit_code != 0
    assert said in done.output + str(done.exception)
    assert "pw@" not in done.output + str(done.exception)
    assert done.exit_code == 2 or getattr(done.exception, "exit_status", 0) == 2


def run_without_sources(folder: Path, *options: str) -> Result:
    """Run the watch with no sources, and no GitHub to be asked."""
    settings = folder / "leakscan.toml"
    nowhere = f'[github]\napi_url = "http://127.0.0.1:{a_closed_port()}"\n'
    settings.write_text(f"{SETTINGS}[watch]\nsources = []\n{nowhere}")
    return CliRunner().invoke(cli, ["watch", "--once", *options, "--config", str(settings)])


def test_nothing_to_watch_is_refused(tmp_path: Path) -> None:
    done = run_without_sources(tmp_path)
    assert "watch.sources: nothing would be watched" in str(done.exception)
    assert getattr(done.exception, "exit_status", 0) == 2
    assert not (tmp_path / "ledger.sqlite3").exists()


def test_an_archive_alone_can_be_watched(tmp_path: Path) -> None:
    archive = tmp_path / "events.json.gz"
    event = {"id": "1", "type": "WatchEvent", "created_at": "2026-01-02T03:04:05Z"}
    event |= {"repo": {"id": 7, "name": "acme/app"}, "payload": {}, "public": True}
    archive.write_bytes(gzip.compress(json.dumps(event).encode()))
    done = run_without_sources(tmp_path, "--archive", str(archive), "--format", "json")
    assert done.exit_code == 0, done.output
    written = json.loads(done.stdout)
    (name,) = written["feeds"]
    assert name.startswith("archive:")
    assert written["left_out"] == []


def some_figures() -> Figures:
    figures = Figures(seen=1240, repeated=3, feed_requests=5, findings={1, 2}, news={2})
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
        " · lag: half within 1 min 0 s, 95% within 1 min 0 s"
        " · 1 git request · 7 API calls · 5.0 kB received"
        " · git left alone for 55 s · env:GH_TOKEN core 4,970 of 5,000"
    )
    assert log_line(Figures(), []) == (
        "0 seen · 0 scanned · 0 findings · 0 git requests · 0 API calls · 0 bytes received"
    )


def test_figures_in_rows() -> None:
    figures = some_figures()
    figures.feeds["search"].trouble = "no login"
    shown = rows(figures, [BUDGET], started=time.monotonic() - 75)
    assert ("running", "for 1 min 15 s") in shown
    assert ("left alone", "git for 55 s") in shown
    assert ("budget", "env:GH_TOKEN core 4,970 of 5,000") in shown
    assert source_rows(figures, 9)[0] == ("search", "no login · not asked yet")


def test_sources_that_do_not_fit_are_summed_up() -> None:
    figures = Figures(feeds={f"repo:acme/app{n:02}": FeedFigures(1, n, 1) for n in range(40)})
    for number, why in ((7, "no login"), (33, "no route")):
        figures.feeds[f"repo:acme/app{number:02}"].trouble = why
    shown = source_rows(figures, 5)
    names = ["repo:acme/app07", "repo:acme/app33", "repo:acme/app00", "repo:acme/app01"]
    assert [name for name, _ in shown] == [*names, ""]
    assert shown[-1][1] == "and 36 more sources: 739 events, 36 new pushes"
    assert source_rows(figures, 2)[-1][1].endswith(", 1 with trouble")
    assert source_rows(figures, 1) == [
        ("", "40 sources: 780 events, 40 new pushes, 2 with trouble")
    ]
    assert source_rows(figures, 0) == source_rows(figures, -3) == []
    rows = source_rows(figures, 40)  # of quiet ones a few are enough
    assert len(rows) == 2 + MOST_QUIET
    assert rows[-1][1] == "and 33 more sources: 730 events, 33 new pushes"
    figures.feeds = dict(list(figures.feeds.items())[: MOST_QUIET + 1])
    assert [name for name, _ in source_rows(figures, 40)] == sorted(figures.feeds)[:-2] + [""]


def test_sources_with_the_same_trouble_are_one_row() -> None:
    figures = Figures(feeds={f"repo:acme/app{n:02}": FeedFigures(1, n, 1) for n in range(40)})
    for feed in figures.feeds.values():
        feed.trouble = "no login"
    figures.feeds["events"] = FeedFigures(trouble="no route")
    assert source_rows(figures, 9) == [
        ("events", "no route · not asked yet"),
        ("repo:acme/app00", "and 39 more: no login · not asked yet"),
    ]
    assert source_rows(figures, 1)[0][1].endswith(", 41 with trouble")
    del figures.feeds["events"]
    assert len(source_rows(figures, 1)) == 1
    assert source_rows(figures, 1)[0][0] == "repo:acme/app00"


def test_budgets_of_many_credentials_are_summed_up() -> None:
    some = [Budget(f"env:T{n}", kind, 10 * n, 5000, 60.0) for n in range(4) for kind in KINDS]
    assert budget_lines(some[:2]) == ["env:T0 core 0 of 5,000, anew in 1 min 0 s", ANEW]
    assert budget_lines(some) == ["4 credentials · core 60 of 20,000 · search 60 of 20,000"]
    some[0] = replace(some[0], rests_for=60.0)
    (line,) = budget_lines(some)
    assert line.endswith(" · 1 left alone")
    assert log_line(Figures(), some).endswith("4 credentials · core 60 of 20,000 · 1 left alone")


@pytest.mark.parametrize(
    ("feed", "line"),
    [
        (FeedFigures(), "0 events · 0 new pushes · not asked yet"),
        (
            FeedFigures(7, 1300, 1240, gaps=2, asked_at=988, again_at=1034),
            "1,300 events · 1,240 new pushes · 2 gaps · asked 12 s ago, again in 34 s",
        ),
        (FeedFigures(1, 9, 1, asked_at=988), "9 events · 1 new push · asked 12 s ago"),
        (FeedFigures(1, 9, 2, is_over=True), "9 events · 2 new pushes · read to its end"),
        (FeedFigures(trouble="no", asked_at=988, again_at=900), "no · asked 12 s ago"),
    ],
)
def test_a_feed_on_a_line(feed: FeedFigures, line: str) -> None:
    assert feed_line(feed, 1000.0) == line


def test_figures_for_a_terminal_fit_into_it() -> None:
    lines = summary_lines(some_figures(), [BUDGET])
    assert " · ".join(lines) == log_line(some_figures(), [BUDGET])
    assert len(lines) == 4
    assert max(map(len, lines)) <= 80


def test_figures_for_programs() -> None:
    ending = Ending(
        some_figures(),
        (Skip("1 push", "refused"),),
        waiting=9,
        in_hand=2,
        alive=1,
        lacks=("no hook",),
    )
    written = document(ending, [BUDGET], None)
    assert json.loads(json.dumps(written)) == written
    assert written["pushes"] == {
        "seen": 1240,
        "repeated": 3,
        "scanned": 2,
        "partial": 1,
        "skipped": {"gone": 1},
        "failed": 1,
        "given_up": 0,
        "waiting": 9,
        "in_hand": 2,
    }
    assert written["left_out"] == [{"what": "1 push", "why": "refused"}]
    assert (written["findings"], written["news"], written["alive"]) == (2, 1, 1)
    assert (written["status"], len(written["reasons"])) == (3, 2)
    assert written["began_at"] <= written["ended_at"]
    assert written["lacks"] == ["no hook"]
    assert written["requests"] == {"api": 7, "git": 1}
    assert written["lag_seconds"] == {"median": 60.0, "p95": 60.0, "max": 60.0}
    assert written["budget"][0]["remaining"] == 4970


LEFT = (Skip("1 push", "refused"),)


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        (Ending(Figures()), 0),
        (Ending(Figures(), waiting=5), 0),  # another watch's
        (Ending(Figures(findings={1}, news={1})), 1),
        (Ending(Figures(findings={1})), 0),  # known, and dead
        (Ending(Figures(), LEFT), 3),
        (Ending(Figures(findings={1}), LEFT), 3),
        (Ending(Figures(findings={1}), alive=1), 3),
        (Ending(Figures(), alive_earlier=1), 3),
        (Ending(Figures(findings={1}), answered_well=False), 3),
    ],
)
def test_the_exit_status(ending: Ending, status: int) -> None:
    assert ending.status == status


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (Ending(Figures(), LEFT), "1 push: refused"),
        (Ending(Figures(), alive=2), "2 not known to be dead: see `leakscan findings list`"),
        (
            Ending(Figures(), alive_earlier=2),
            "2 tokens found earlier may be alive: see `leakscan findings list`",
        ),
        (
            Ending(Figures(), answered_well=False),
            "not all that was due could be done: run `leakscan respond`",
        ),
    ],
)
def test_no_status_3_without_a_word_why(ending: Ending, said: str) -> None:
    assert ending.status == 3
    assert next(remarks(ending)) == said


def test_what_waits_is_said() -> None:
    assert list(remarks(Ending(Figures(), waiting=9))) == [
        "9 to be looked at later: run `leakscan watch` again"
    ]
    assert list(remarks(Ending(Figures(), waiting=9, in_hand=2))) == [
        "9 to be looked at later: run `leakscan watch` again",
        "2 of them in hand of another watch, or of one that died just now",
    ]
    assert list(remarks(Ending(Figures()))) == []


def test_the_end_says_where_findings_are_and_what_lacks() -> None:
    ending = Ending(Figures(findings={1, 2}, news={1}), lacks=("no hook",))
    assert list(remarks(ending)) == ["2 findings: see `leakscan findings list`", "no hook"]


def looked(*looks: Look) -> Figures:
    """Count looks at pushes."""
    figures = Figures()
    for number, look in enumerate(looks):
        figures.count(number, look, None, 0.0)
    return figures


def fed(**feed: Any) -> Figures:
    """Count the answers of a feed."""
    return Figures(feeds={"events": FeedFigures(**feed)})


@pytest.mark.parametrize(
    ("figures", "reason"),
    [
        (
            looked(*2 * [Look(PushState.SCANNED, skipped=LEFT)]),
            ("2 pushes", "read in part: files, objects or commits left out"),
        ),
        (
            looked(Look(PushState.SCANNED, Trouble.TOO_LARGE)),
            ("1 push", "read in part: larger than watch.limits allows"),
        ),
        (
            looked(Look(PushState.SKIPPED, Trouble.TOO_LARGE)),
            ("1 push", "larger than watch.limits allows"),
        ),
        (
            looked(Look(PushState.SKIPPED, Trouble.NAMELESS)),
            ("1 push", "the name of its repository looks like a secret, and was not kept"),
        ),
        (
            looked(Look(PushState.FAILED, Trouble.BUSY)),
            (
                "1 push",
                "could not be read for now; tried again later, or at once with --retry",
            ),
        ),
        (
            Figures(given_back={1, 2}),
            ("2 pushes", "given back, to be looked at later"),
        ),
        (
            Figures(given_up=2),
            ("2 pushes", "given up: each look failed, or they waited longer than watch.keep"),
        ),
        (fed(trouble="no login"), ("feed events", "no login")),
        (fed(malformed=3), ("feed events", "3 of its events could not be understood")),
        (
            fed(unread=3, why_unread="it is encrypted"),
            ("feed events", "3 of its events could not be read whole: it is encrypted"),
        ),
        (fed(has_lost=True), ("feed events", "some of what it had to tell is lost")),
    ],
)
def test_every_reason_for_no_all_clear(figures: Figures, reason: tuple[str, str]) -> None:
    assert list(left_out(figures)) == [Skip(*reason)]


@pytest.mark.parametrize("trouble", [Trouble.GONE, Trouble.BLOCKED, Trouble.EMPTY])
def test_what_nobody_can_read_is_no_reason(trouble: Trouble) -> None:
    figures = looked(Look(PushState.SKIPPED, trouble), Look(PushState.SCANNED))
    assert list(left_out(figures)) == []


def test_a_server_that_was_not_waited_for_is_a_reason() -> None:
    assert list(left_out(Figures(), unreached=("git", "away"))) == [Skip("git", "away")]


def test_what_was_not_begun_is_a_reason() -> None:
    reason = Skip("2 pushes", "wait in the queue, and the watch was told to end")
    assert list(left_out(Figures(), unbegun=2)) == [reason]


@pytest.mark.parametrize("which", ["failed", "in_vain"])
def test_what_other_watches_did_not_read_is_a_reason(which: str) -> None:
    (reason,) = left_out(Figures(), **{which: 2})
    assert reason.what == "2 pushes"

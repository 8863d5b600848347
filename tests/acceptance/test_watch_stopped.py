"""``leakscan watch`` is stopped, killed, and run beside others: nothing is lost or done twice."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import random
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from scanning import environment

from hub import Change
from hub.backend import GitFault
from leakscan.cli.watch_answers import ALL_EVERY

if TYPE_CHECKING:
    from watched import Town

CLEAN, FOUND, INCOMPLETE = 0, 1, 3
KILLED = -signal.SIGKILL


def many_leaks(town: Town, count: int = 12) -> None:
    """Push to as many repositories, a token each; two pushes each, of one commit."""
    for number in range(count):
        town.leak(town.hub.repository(f"acme/app{number}"), f"leak {number}")


def assert_each_done_once(town: Town) -> None:
    """Check that every token is dead, was found once, and its owner told of it once."""
    assert town.alive() == set()
    rows = town.rows("pushes", "state, attempts")
    assert {row.state for row in rows} == {"scanned"}
    assert len(town.rows("findings")) == len(town.leaked)
    with town.office.desk() as desk:
        told = [row.kind for row in desk.rows("actions", "kind, state") if row.state == "done"]
    assert told.count("disable") == len(town.leaked)


def test_a_token_is_dead_as_soon_as_the_feed_tells_of_it(town: Town) -> None:
    """Not only when all that is due is done, twice a minute."""
    town.hub.poll_interval = 1
    app = town.hub.repository("acme/app")
    town.hub.push(app, Change({"README.md": "hello\n"}))
    with town.watching() as process:
        town.leak(app, "first")
        town.await_death("first")  # by now it runs
        waits = []
        for name in ("second", "third"):
            town.leak(app, name)
            started = time.monotonic()
            town.await_death(name)
            waits.append(time.monotonic() - started)
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=60)
    assert min(waits) < ALL_EVERY / 2, waits
    assert process.returncode == FOUND, errors
    assert out.startswith(b"5 seen"), out
    assert errors.count(b"disabled") == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_in_good_order(town: Town, number: int) -> None:
    """What is in hand is ended, what is not begun is given back."""
    many_leaks(town)
    town.git.faults.append(GitFault(delay=1))
    with town.watching("--concurrency", "2") as process:
        while not town.git.requests:
            time.sleep(0.02)
        process.send_signal(number)
        _out, errors = process.communicate(timeout=60)
    assert process.returncode == INCOMPLETE, errors  # some was left
    assert b"to be looked at later" in errors
    assert b"interrupted" not in errors
    states = [row.state for row in town.rows("pushes", "state")]
    assert set(states) == {"scanned", "seen"}
    town.git.faults.clear()
    assert town.once().status == FOUND
    assert_each_done_once(town)
    assert {row.attempts for row in town.rows("pushes", "attempts")} == {1}


def test_a_second_signal_ends_it_at_once(town: Town) -> None:
    many_leaks(town, 2)
    town.git.faults.append(GitFault("POST", delay=20))
    with town.watching() as process:
        while not town.git.requests:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        assert process.stderr
        while b"once more to stop at once" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 128 + signal.SIGTERM
    assert b"interrupted" in errors
    assert {row.state for row in town.rows("pushes", "state")} == {"seen"}
    town.git.faults.clear()
    assert town.once().status == FOUND
    assert_each_done_once(town)


def test_it_ends_after_the_time_that_it_was_given(town: Town) -> None:
    many_leaks(town, 2)
    started = time.monotonic()
    done = town.watch("--for", "8s", "--format", "json")
    assert time.monotonic() - started >= 8
    assert done.status == FOUND
    assert done.json["pushes"]["scanned"] == 4
    assert_each_done_once(town)


def test_several_at_once_share_the_work(town: Town) -> None:
    many_leaks(town)
    town.office.run("respond")  # makes the ledger
    command = [sys.executable, "-m", "leakscan", "watch", "--once", "--format", "json"]
    processes = [
        subprocess.Popen(
            [*command, "--config", str(town.office.settings)],
            env=environment(**town.variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    outputs = [process.communicate(timeout=100) for process in processes]
    figures = [json.loads(out) for out, _ in outputs]
    for process, one, (_, errors) in zip(processes, figures, outputs, strict=True):
        # One may end while another is disabling: what it, or the other, has found is still alive.
        status = FOUND if one["findings"] else CLEAN
        if one["alive"] or one["alive_earlier"]:
            status = INCOMPLETE
        assert process.returncode == status, errors
        assert (one["pushes"]["failed"], one["pushes"]["partial"]) == (0, 0)
    assert sum(one["pushes"]["seen"] for one in figures) == 24
    assert sum(one["pushes"]["scanned"] for one in figures) == 24
    assert len(town.hub.requests) == 1
    assert {row.attempts for row in town.rows("pushes", "attempts")} == {1}
    town.once()  # whatever one saw the other just do
    assert_each_done_once(town)


@pytest.mark.timeout(300)
def test_killed_at_random_again_and_again(town: Town) -> None:
    town.hub.poll_interval = 1
    rng = random.Random("watch")  # noqa: S311 - for times, not for keys
    deaths = 0
    for turn in range(10):
        many_leaks_of_turn(town, turn)
        with town.watching("--once") as process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(rng.uniform(0.5, 2.2))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            deaths += process.wait() == KILLED
        if (town.office.folder / "ledger.sqlite3").exists():
            town.pass_time()
    assert deaths >= 5
    town.pass_time()
    assert town.once().status in (CLEAN, FOUND, INCOMPLETE)
    with town.office.desk() as desk:
        desk.pass_time(timedelta(hours=2))
    town.office.run("respond")
    assert_each_done_once(town)


def many_leaks_of_turn(town: Town, turn: int) -> None:
    for number in range(3):
        town.leak(town.hub.repository(f"turn{turn}/app{number}"), f"leak {turn} {number}")


def test_a_ledger_that_fails_is_told_in_one_line_and_nothing_is_lost(town: Town) -> None:
    many_leaks(town, 3)
    town.office.run("respond")  # makes the ledger
    ledger = town.office.folder / "ledger.sqlite3"
    with sqlite3.connect(ledger) as other:
        other.execute(
            "CREATE TRIGGER full BEFORE INSERT ON findings"
            " BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    other.close()
    done = town.once()
    assert (done.status, done.stdout) == (INCOMPLETE, "")
    assert done.stderr.count("database or disk is full") == 2  # when it tries again, and at the end
    assert "make room" in done.stderr
    with sqlite3.connect(ledger) as other:
        other.execute("DROP TRIGGER full")
    other.close()
    town.pass_time()
    assert town.once().status == FOUND
    assert_each_done_once(town)


def test_a_full_disk_loses_nothing(town: Town) -> None:
    many_leaks(town, 3)
    town.office.run("respond")  # makes the ledger
    size = (town.office.folder / "ledger.sqlite3").stat().st_size

    def fill() -> None:
        # No file may grow beyond half of what the ledger has: as good as a disk that is full.
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))

    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "leakscan",
            "watch",
            "--once",
            "--config",
            str(town.office.settings),
        ],
        capture_output=True,
        check=False,
        env=environment(**town.variables),
        preexec_fn=fill,
    )
    assert done.returncode == INCOMPLETE, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"the ledger" in done.stderr
    town.pass_time()
    assert town.once().status == FOUND
    assert_each_done_once(town)


def test_a_terminal_shows_how_it_goes(town: Town) -> None:
    many_leaks(town, 3)
    shown, terminal = pty.openpty()
    command = [sys.executable, "-m", "leakscan", "watch", "--for", "8s"]
    with subprocess.Popen(
        [*command, "--config", str(town.office.settings)],
        env=environment(**town.variables, TERM="xterm", COLUMNS="140", LINES="40"),
        stdout=subprocess.DEVNULL,
        stderr=terminal,
    ) as process:
        os.close(terminal)
        seen = b""
        with contextlib.suppress(OSError):  # Linux says so when nobody writes any more
            while piece := os.read(shown, 1 << 16):
                seen += piece
        os.close(shown)
    assert process.returncode == FOUND
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode())
    for words in (
        "6 seen · 6 scanned",
        "git requests",
        "env:WATCH_TEST_TOKEN core 4,9",
        "disabled",
    ):
        assert words in text, text[-3000:]
    for token in town.leaked:
        assert token not in text

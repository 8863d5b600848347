"""``leakscan watch`` reads archives, shares a PostgreSQL ledger, and accounts for what it did."""

from __future__ import annotations

import contextlib
import gzip
import json
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from hub import Change
from hub.backend import GitFault
from ledgers import Desk
from postgres import running_postgres
from servers import a_closed_port

if TYPE_CHECKING:
    from pathlib import Path

    from watched import Town

CLEAN, FOUND, INCOMPLETE = 0, 1, 3


def archived(town: Town, name: str = "2026-01-02-3.json.gz") -> Path:
    """Write all events to an archive, as GH Archive has them."""
    path = town.office.folder / name
    lines = "".join(json.dumps(event) + "\n" for event in town.hub.events)
    path.write_bytes(gzip.compress(lines.encode()))
    return path


def leaks(town: Town, *names: str) -> None:
    for name in names:
        town.leak(town.hub.repository(f"acme/{name.replace(' ', '-')}"), name)


def test_an_archive_tells_what_the_feed_did_not(town: Town) -> None:
    leaks(town, "missed")
    town.hub.happen(town.hub.repository("acme/talk")).issue("x", town.new_token("said"))
    archive = archived(town)
    town.hub.events.clear()
    leaks(town, "live")
    done = town.once("--archive", str(archive))
    assert (done.status, town.alive()) == (FOUND, set()), done.stderr
    feeds = done.json["feeds"]
    (name,) = set(feeds) - {"events"}
    assert (feeds[name]["events"], feeds[name]["fresh"]) == (3, 2)
    again = town.once("--archive", str(archive))  # which is known by now
    assert (again.status, again.json["pushes"]["seen"]) == (CLEAN, 0)


def test_an_archive_shows_what_share_the_live_feed_had(town: Town) -> None:
    leaks(town, "one", "two", "three")
    assert town.once().status == FOUND
    leaks(town, "missed")
    archive = archived(town)
    town.hub.events.clear()
    done = town.once("--archive", str(archive))
    assert done.json["pushes"]["repeated"] == 6
    told = json.loads(town.office.run("coverage", "--format", "json").stdout)
    assert told["share"]["of_archive"]["known"] == 8
    assert told["share"]["of_archive"]["told"] == 6
    assert told["pushes"]["scanned"] == 8
    text = town.office.run("coverage").stdout
    assert "the live feeds had told of 6 of 8: 75.0%" in text


def test_an_archive_that_is_cut_off_is_no_all_clear(town: Town) -> None:
    leaks(town, *map(str, range(8)))
    archive = archived(town)
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) * 2 // 3])
    town.hub.events.clear()
    done = town.once("--archive", str(archive))
    assert done.status == INCOMPLETE
    assert 0 < len(town.alive()) < 8
    assert "given up" in done.stderr


@pytest.mark.timeout(300)
def test_a_fleet_shares_a_postgresql_ledger(town: Town) -> None:
    """Three at once: all take part, each push is looked at once, and one is killed."""
    town.hub.poll_interval = 1
    town.git.faults.append(GitFault("POST", delay=0.2))  # so that one alone falls behind
    options = ("--concurrency", "1", "--for", "10m", "--format", "json")
    with running_postgres() as new_database, contextlib.ExitStack() as stack:
        url = new_database()
        variables = {"LEAKSCAN_LEDGER_URL": url}
        assert town.office.run("ledger", "upgrade", **variables).status == 0
        fleet = [stack.enter_context(town.watching(*options, **variables)) for _ in range(3)]
        with Desk.open(url, town.office.folder / "ledger.key") as desk:
            deadline = time.monotonic() + 120
            number = 0
            while len(shares_of(desk)) < len(fleet):
                assert time.monotonic() < deadline, shares_of(desk)
                leaks(town, str(number := number + 1))
            fleet[0].kill()
            leaks(town, "after the death of one")
            town.await_death("after the death of one")
            for process in fleet[1:]:
                process.send_signal(signal.SIGTERM)
            outputs = [process.communicate(timeout=100) for process in fleet[1:]]
            assert all(process.returncode in (FOUND, INCOMPLETE) for process in fleet[1:]), outputs
            figures = [json.loads(out)["pushes"] for out, _ in outputs]
            assert all(one["failed"] == 0 for one in figures)
            told, shares = [one["scanned"] for one in figures], shares_of(desk)
            assert not Counter(told) - Counter(shares.values()), (told, shares)


def shares_of(desk: Desk) -> Counter[int]:
    """Count the pushes that each watch has scanned, by its number in the ledger."""
    rows = desk.rows("pushes", "id, run_id, state")
    return Counter(row.run_id for row in rows if row.state == "scanned")


def test_old_pushes_are_forgotten_but_stay_counted(town: Town) -> None:
    leaks(town, "one")
    town.once()
    with town.office.settings.open("a", encoding="utf-8") as file:
        file.write('\n[watch]\nkeep = "1.minute"\n')
    with town.office.desk() as desk, desk.ledger.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE pushes SET seen_at = '2026-01-02 03:04:05', happened_at = seen_at"
        )
    town.once()
    assert town.rows("pushes") == []
    told = json.loads(
        town.office.run("coverage", "--since", "2026-01-01", "--format", "json").stdout
    )
    assert told["pushes"]["scanned"] == 2
    assert told["findings"] >= 1


def test_the_run_is_in_the_ledger_with_what_was_left_out(town: Town) -> None:
    leaks(town, "one")
    gone = town.hub.repository("acme/gone")
    town.hub.push(gone, Change({"a": "a"}))
    town.hub.delete(gone)
    town.once()
    (run,) = town.rows("runs")
    assert run.target == f"public pushes of {town.hub.url.removeprefix('http://')}"
    assert (run.scope, run.state, run.findings) == ("events", "complete", 1)
    assert run.bytes > 0
    town.hub.limits.access[town.token].revoked = True
    town.pass_time()
    town.once()
    assert town.rows("runs")[-1].state == "incomplete"
    assert [row.what for row in town.rows("gaps")] == ["feed events"]


def test_what_was_left_out_is_read_once_the_limits_are_raised(town: Town) -> None:
    with town.office.settings.open("a", encoding="utf-8") as file:
        file.write('\n[watch.limits]\npack = "64KB"\n')
    noise = "".join(f"{number * 7919 % 104729:x}\n" for number in range(60_000))
    leak = f"{noise}REPLICATE_API_TOKEN={town.new_token('buried')}\n"
    town.hub.push(town.hub.repository("acme/large"), Change({"noise.env": leak}))
    leaks(town, "small")
    assert (town.once("--via", "git").status, town.alive()) == (INCOMPLETE, {"buried"})
    listed = town.office.run("coverage", "--pushes", "--format", "json").json["left_out"]
    assert {one["repository"] for one in listed} == {"acme/large"}
    assert {one["trouble"] for one in listed} == {"too-large"}
    assert town.office.run("coverage", "--pushes").stdout.count("  acme/large  ") == len(listed)
    town.office.configure('pack = "64KB"', 'pack = "64MB"')
    assert town.watch("--once", "--via", "git").status == CLEAN  # it is not looked at by itself
    assert town.alive() == {"buried"}
    done = town.once("--via", "git", "--retry")
    assert (done.status, town.alive()) == (FOUND, set()), done.stderr
    assert f"leakscan: {len(listed)} pushes are tried again" in done.stderr
    assert "Nothing was left out" in town.office.run("coverage", "--pushes").stdout
    again = town.watch("--once", "--via", "git", "--retry")
    assert again.status == CLEAN
    assert "nothing is tried again" in again.stderr


def test_a_source_that_failed_is_asked_at_once_when_it_is_mended(town: Town) -> None:
    leaks(town, "leaked")
    nowhere = f"http://127.0.0.1:{a_closed_port()}"
    town.office.configure(town.hub.url, nowhere)
    assert town.once().status == INCOMPLETE
    town.office.configure(nowhere, town.hub.url)
    done = town.once("--retry")
    assert (done.status, town.alive()) == (FOUND, set()), done.stderr
    assert "leakscan: 1 source is tried again" in done.stderr

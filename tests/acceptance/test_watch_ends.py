"""How a run of ``leakscan watch`` ends is the same in its status, its words and the ledger."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from hub import Change
from hub.backend import GitFault
from leakscan.ledger.push_tables import pushes
from pushes import NOON

if TYPE_CHECKING:
    from watched import Town

CLEAN, FOUND, INCOMPLETE = 0, 1, 3


def test_a_run_that_ends_with_3_says_why_and_is_not_complete_in_the_ledger(town: Town) -> None:
    """Here because of an event that makes no sense, for which no push stands."""
    archive = town.office.folder / "2026-01-02-3.json.gz"
    archive.write_bytes(gzip.compress(b'{"type": "PushEvent", "public": true}\n'))
    done = town.watch("--once", "--archive", str(archive))
    assert done.status == INCOMPLETE
    assert "1 of its events could not be understood" in done.stderr
    (run,) = town.rows("runs")
    assert run.state == "incomplete"
    (gap,) = town.rows("gaps")
    assert gap.what.startswith("feed archive:")


def test_a_run_of_some_time_forgets_what_is_old_when_it_ends(town: Town) -> None:
    """As one that a timer starts every hour: it never lives to the next look."""
    town.leak(town.hub.repository("acme/app"), "leaked")
    assert town.once().status == FOUND
    with town.office.desk() as desk, desk.ledger.writing() as connection:
        connection.execute(update(pushes).values(seen_at=NOON.replace(year=2020)))
    assert len(town.rows("pushes")) == 2
    town.watch("--for", "1s", "--format", "json")
    assert town.rows("pushes") == []


def test_what_waited_too_long_is_given_up_and_that_is_no_all_clear(town: Town) -> None:
    town.leak(town.hub.repository("acme/app"), "leaked")
    assert town.once().status == FOUND
    later = datetime.now(UTC) + timedelta(hours=12)
    waiting = {"state": "seen", "ended_at": None, "due_at": later}
    with town.office.desk() as desk, desk.ledger.writing() as connection:
        connection.execute(update(pushes).values(seen_at=NOON.replace(year=2020), **waiting))
    done = town.once()
    assert (done.status, done.json["pushes"]["given_up"]) == (INCOMPLETE, 2)
    assert [skip["what"] for skip in done.json["left_out"]] == ["2 pushes"]


def test_a_token_that_a_hook_could_not_disable_is_no_all_clear_for_later_runs(town: Town) -> None:
    town.leak(town.hub.repository("acme/app"), "leaked")
    town.office.lose_the_hook()
    assert town.once().status == INCOMPLETE
    town.hub.events.clear()
    done = town.watch("--once", "--source", "org:nobody")
    assert done.status == INCOMPLETE
    assert "1 token found earlier may be alive" in done.stderr


def test_a_token_that_is_known_and_dead_is_no_news(town: Town) -> None:
    app = town.hub.repository("acme/app")
    town.leak(app, "leaked")
    first = town.once()
    assert (first.status, first.json["findings"], first.json["news"]) == (FOUND, 1, 1)
    (token,) = town.leaked
    town.hub.push(app, Change({"again.env": f"KEY={token}\n"}))
    town.pass_time()
    again = town.watch("--once", "--quiet")
    assert (again.status, again.stdout, again.stderr) == (CLEAN, "", "")
    shown = town.office.run("coverage", "--format", "json").json
    assert (shown["findings"], shown["new_findings"]) == (1, 1)  # in three pushes


def test_a_quiet_run_tells_what_was_found_and_that_it_is_dead(town: Town) -> None:
    """The mail that cron sends: nothing of what went as it should besides, and the figures."""
    town.leak(town.hub.repository("acme/app"), "leaked")
    done = town.watch("--once", "--quiet")
    assert done.status == FOUND
    lines = done.stderr.splitlines()
    assert [line.partition("  ")[0] for line in lines[:2]] == ["found", "disabled"], lines
    assert "leakscan: 1 finding: see `leakscan findings list`" in lines
    assert any(line.startswith("leakscan: no [alerts] are configured") for line in lines)
    assert "told the owner" not in done.stderr
    assert done.stdout.count("\n") == 1
    assert "1 finding" in done.stdout


def test_what_is_not_configured_is_said_at_both_ends(town: Town) -> None:
    town.office.name_no_hook()
    town.leak(town.hub.repository("acme/app"), "leaked")
    done = town.watch("--once")
    assert done.status == FOUND
    assert done.stderr.count("no disable hook is configured for replicate-api-token") == 2


def test_what_a_dead_watch_has_left_in_hand_still_waits(town: Town) -> None:
    town.leak(town.hub.repository("acme/app"), "leaked")
    assert town.once().status == FOUND
    soon = datetime.now(UTC) + timedelta(seconds=50)
    dead = {"state": "scanning", "ended_at": None, "ticket": "dead", "lease_until": soon}
    with town.office.desk() as desk, desk.ledger.writing() as connection:
        connection.execute(update(pushes).values(dead))
    done = town.watch("--for", "1s", "--format", "json")
    assert (done.status, done.json["pushes"]["waiting"]) == (INCOMPLETE, 2)


def test_what_an_earlier_run_failed_to_read_is_no_all_clear_until_it_is_read(town: Town) -> None:
    town.leak(town.hub.repository("acme/app"), "leaked")
    town.git.faults.append(GitFault("POST", status=500))
    assert town.once("--via", "git").status == INCOMPLETE
    again = town.once("--via", "git")  # it is not due yet
    assert (again.status, again.json["pushes"]["waiting"]) == (INCOMPLETE, 2)
    (reason,) = again.json["left_out"]
    assert (reason["what"], "failed in an earlier watch" in reason["why"]) == ("2 pushes", True)
    town.git.faults.clear()
    town.pass_time()
    assert town.once("--via", "git").status == FOUND
    assert town.once("--via", "git").status == CLEAN


@pytest.mark.parametrize(("attempts", "status"), [(1, CLEAN), (2, INCOMPLETE)])
def test_what_others_have_in_hand_is_a_reason_if_it_was_begun_before(
    town: Town, attempts: int, status: int
) -> None:
    town.leak(town.hub.repository("acme/app"), "leaked")
    assert town.once().status == FOUND
    soon = datetime.now(UTC) + timedelta(seconds=50)
    theirs = {"state": "scanning", "ended_at": None, "ticket": "theirs", "lease_until": soon}
    with town.office.desk() as desk, desk.ledger.writing() as connection:
        connection.execute(update(pushes).values(theirs | {"attempts": attempts}))
    done = town.watch("--once")
    assert done.status == status
    assert "2 to be looked at later" in done.stderr
    assert ("2 pushes: begun before in vain" in done.stderr) == (status == INCOMPLETE)
    assert "2 of them in hand of another watch" in done.stderr


def test_lag_is_counted_as_by_the_ledger(town: Town) -> None:
    """What an archive told first is old, and says nothing of how late the watch is."""
    archive = town.office.folder / "2026-01-02-3.json.gz"
    event = (
        b'{"id": "1", "type": "PushEvent", "public": true, "created_at": "2026-01-02T03:04:05Z",'
        b' "repo": {"id": %d, "name": "acme/app"}, "payload": {"ref": "refs/heads/main",'
        b' "head": "%s", "before": "%s"}}\n'
    )
    app = town.hub.repository("acme/app")
    pushed = town.leak(app, "leaked")
    town.hub.events.clear()
    archive.write_bytes(gzip.compress(event % (app.id, pushed.head.encode(), b"0" * 40)))
    done = town.once("--archive", str(archive))
    assert (done.status, done.json["pushes"]["scanned"]) == (FOUND, 1)
    assert done.json["lag_seconds"] == {"median": None, "p95": None, "max": None}

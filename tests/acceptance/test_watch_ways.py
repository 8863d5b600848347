"""What ``leakscan watch`` does where git or the API is closed, slow, or at its limit."""

from __future__ import annotations

import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update
from watched import Town

from hub import Change, Fault
from hub.backend import GitFault
from leakscan.crawl.pace import IN_A_ROW
from leakscan.ledger.push_tables import feeds
from servers import a_closed_port

if TYPE_CHECKING:
    from responding import Office

CLEAN, FOUND, INCOMPLETE = 0, 1, 3


def three_leaks(town: Town) -> None:
    """Push to three repositories that have a history, a token each; 3 new branches, 9 pushes."""
    for name in ("one", "two", "three"):
        repository = town.hub.repository(f"acme/{name}")
        town.hub.push(repository, Change({"README.md": "hello\n"}))
        town.leak(repository, name)


def vias(town: Town) -> set[str | None]:
    return {row.via for row in town.rows("pushes", "via")}


def test_a_closed_git_endpoint_is_left_for_the_api(town: Town) -> None:
    town.git.faults.append(GitFault(status=403))
    three_leaks(town)
    done = town.once("--concurrency", "1")
    assert town.alive() == set()
    assert done.status == FOUND, (done.stderr, done.json)
    assert vias(town) == {"api"}
    # After three pushes in vain it is asked no more.
    assert len({request.path for request in town.git.requests}) <= 3
    assert done.json["pushes"]["scanned"] == 9
    assert done.json["requests"]["api"] == len(town.hub.requests)


@pytest.mark.parametrize("via", ["git", "api"])
def test_one_way_alone_is_used_where_that_is_wanted(town: Town, via: str) -> None:
    three_leaks(town)
    done = town.once("--via", via)
    assert (done.status, town.alive(), vias(town)) == (FOUND, set(), {via})
    assert (len(town.git.requests) > 0) == (via == "git")
    assert done.json["requests"]["git"] == len(town.git.requests)


def test_with_git_alone_a_closed_endpoint_is_no_all_clear(town: Town) -> None:
    town.git.faults.append(GitFault(status=403))
    three_leaks(town)
    done = town.once("--via", "git")
    assert done.status == INCOMPLETE
    pushes = done.json["pushes"]
    assert (pushes["skipped"], pushes["failed"], pushes["waiting"]) == ({}, 0, 9)
    assert done.stderr.count("access is denied") == 1
    town.git.faults.clear()
    town.pass_time()
    assert town.once("--via", "git").status == FOUND
    assert town.alive() == set()


def test_a_repository_that_git_refuses_with_a_reason_is_skipped(town: Town) -> None:
    reason = {"Content-Type": "text/plain"}
    fault = GitFault("acme/two", status=403, headers=reason, body=b"disabled by the staff")
    town.git.faults.append(fault)
    three_leaks(town)
    done = town.once("--via", "git")
    assert (done.status, town.alive()) == (INCOMPLETE, {"two"})
    assert done.json["pushes"]["skipped"] == {"refused": 3}


def test_a_server_that_speaks_the_old_protocol_only(office: Office) -> None:
    with Town.open(office, v0_only=True) as town:
        three_leaks(town)
        done = town.once("--via", "git")
        assert (done.status, town.alive()) == (FOUND, set()), done.stderr


def test_what_is_gone_by_then_is_skipped_and_nobody_is_alarmed(town: Town) -> None:
    deleted, private = town.hub.repository("acme/deleted"), town.hub.repository("acme/private")
    for repository in (deleted, private):
        town.hub.push(repository, Change({"README.md": "hello\n"}))
    town.hub.delete(deleted)
    town.hub.make_private(private)
    # GitHub asks for a password where there is nothing.
    town.git.faults.append(GitFault("acme/private", status=401))
    done = town.once()
    assert done.status == CLEAN, (done.stderr, done.json)
    assert done.json["pushes"]["skipped"] == {"gone": 4}


def test_a_repository_that_was_renamed_is_followed(town: Town) -> None:
    old = town.hub.repository("acme/old")
    town.leak(old, "renamed")
    town.hub.rename(old, "acme/new")
    town.git.moved["/acme/old.git"] = "/acme/new.git"
    assert (town.once().status, town.alive()) == (FOUND, set())


def test_a_git_server_that_asks_to_wait_a_moment_is_asked_again(town: Town) -> None:
    three_leaks(town)
    busy = GitFault(times=2, status=429, headers={"Retry-After": "1"})
    town.git.faults.append(busy)
    done = town.once()
    assert (done.status, town.alive()) == (FOUND, set()), (done.stderr, done.json)
    assert busy.times == 0
    assert done.json["pushes"]["failed"] == 0
    assert {row.attempts for row in town.rows("pushes", "attempts")} == {1}


def test_a_git_server_that_asks_to_wait_long_is_left_alone(town: Town) -> None:
    three_leaks(town)
    town.git.faults.append(GitFault(status=429, headers={"Retry-After": "3000"}))
    done = town.once("--concurrency", "2")
    assert done.status == INCOMPLETE
    assert done.json["pushes"]["waiting"] == 9
    assert len(town.git.requests) <= 4
    town.git.faults.clear()
    town.pass_time()
    assert town.once().status == FOUND
    assert town.alive() == set()


def test_an_api_at_its_limit_is_waited_for_until_another_run(office: Office) -> None:
    with Town.open(office) as town:
        three_leaks(town)
        town.token = town.hub.token(core=8)
        first = town.once("--via", "api")
        assert first.status == INCOMPLETE
        assert first.json["pushes"]["waiting"] > 0
        assert first.json["pushes"]["failed"] == 0
        assert {request.status for request in town.hub.requests} <= {200, 404}
        town.token = town.hub.token()
        town.pass_time()
        again = town.once("--via", "api")  # which may find again only what is dead by now
        assert (again.json["left_out"], town.alive()) == ([], set()), (again.stderr, again.json)


def test_a_credential_that_is_revoked_is_named_and_the_others_go_on(office: Office) -> None:
    with Town.open(office) as town:
        three_leaks(town)
        spare = town.hub.token()
        town.hub.revoke(town.token)
        text = 'env = "WATCH_TEST_TOKEN" }, { env = "SPARE_TEST_TOKEN"'
        office.configure('env = "WATCH_TEST_TOKEN"', text)
        done = town.once("--via", "api", SPARE_TEST_TOKEN=spare)
        assert (done.status, town.alive()) == (FOUND, set()), done.stderr
        assert "env:WATCH_TEST_TOKEN" in done.stderr
        assert town.token not in done.stderr + done.stdout


def test_a_revoked_credential_does_not_throw_the_queue_away(town: Town) -> None:
    """Where the API is all there is, and its only credential is gone, everything waits."""
    three_leaks(town)
    town.git.faults.append(GitFault(status=429, headers={"Retry-After": "3000"}))
    town.once()  # queues them
    town.pass_time()
    town.hub.revoke(town.token)
    done = town.once("--via", "api")
    assert done.status == INCOMPLETE
    pushes = done.json["pushes"]
    assert (pushes["skipped"], pushes["failed"], pushes["waiting"]) == ({}, 0, 9)
    assert {row.attempts for row in town.rows("pushes", "attempts")} == {0}
    assert "env:WATCH_TEST_TOKEN" in done.stderr
    town.token = town.hub.token()
    town.pass_time()
    again = town.once("--via", "api")
    assert (again.status, town.alive()) == (FOUND, set()), again.stderr


def test_without_a_credential_no_call_is_spent_on_what_git_refuses(office: Office) -> None:
    with Town.open(office) as town:
        office.configure('credentials = [{ env = "WATCH_TEST_TOKEN" }]', "")
        three_leaks(town)
        town.git.faults.append(GitFault("acme/two", status=401))
        done = town.once()
        assert (done.status, town.alive()) == (INCOMPLETE, {"two"})
        assert done.json["pushes"]["skipped"] == {"refused": 3}
        assert all(request.path.startswith("/events") for request in town.hub.requests)


def test_without_any_credential_left_what_is_queued_is_still_done(town: Town) -> None:
    three_leaks(town)
    town.git.faults.append(GitFault(status=429, headers={"Retry-After": "3000"}))
    town.once()
    town.git.faults.clear()
    town.pass_time()
    town.hub.revoke(town.token)
    done = town.once()
    assert town.alive() == set()
    assert done.status == INCOMPLETE
    assert done.json["feeds"]["events"]["trouble"]
    assert "env:WATCH_TEST_TOKEN" in done.stderr


def test_a_git_server_that_is_away_is_not_waited_for_by_a_run_that_ends(town: Town) -> None:
    for number in range(12):
        town.leak(town.hub.repository(f"acme/app{number}"), f"leak {number}")
    port = a_closed_port()
    town.office.configure(town.git.url, f"http://127.0.0.1:{port}")
    started = time.monotonic()
    done = town.watch("--once", "--via", "git")
    assert time.monotonic() - started < 45
    assert done.status == INCOMPLETE
    assert done.stderr.count(f"127.0.0.1:{port}") == 1, done.stderr
    assert {row.state for row in town.rows("pushes", "state")} == {"seen", "failed"}


def test_git_that_fails_on_is_left_for_the_api(town: Town) -> None:
    for number in range(12):
        town.leak(town.hub.repository(f"acme/app{number}"), f"leak {number}")
    town.git.faults.append(GitFault(status=503))
    done = town.watch("--once", "--quiet", "--concurrency", "1")
    states = Counter(row.state for row in town.rows("pushes", "state"))
    assert states["failed"] == IN_A_ROW - 1, (states, done.stderr)
    assert states.keys() == {"failed", "scanned"}
    assert (done.status, vias(town)) == (INCOMPLETE, {"git", "api"})
    lines = [line for line in done.stderr.splitlines() if "HTTP 503" in line]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("leakscan: git is passed over for api: cannot fetch")


def test_git_that_fails_on_is_told_of_until_it_answers_again(town: Town) -> None:
    for number in range(12):
        town.leak(town.hub.repository(f"acme/app{number}"), f"leak {number}")
    town.git.faults.append(GitFault(status=503))
    with town.watching("--quiet", "--via", "git") as process:
        assert process.stderr
        told = (line.decode() for line in process.stderr if line.startswith(b"leakscan: git"))
        first = next(told)
        town.git.faults.clear()
        second = next(told)
    why = r"leakscan: git is left alone( for \d+ s)?: cannot fetch http.*HTTP 503.*\n"
    assert re.fullmatch(why, first)
    assert second == "leakscan: git answers again\n"


def test_a_git_address_that_is_wrong_is_said_although_the_api_reads_all(town: Town) -> None:
    three_leaks(town)
    port = a_closed_port()
    town.office.configure(town.git.url, f"http://127.0.0.1:{port}")
    done = town.watch("--once")
    assert (done.status, town.alive()) == (FOUND, set()), done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("leakscan: git is")]
    assert len(lines) == 1
    assert lines[0].startswith("leakscan: git is passed over for api: cannot fetch")
    assert f"http://127.0.0.1:{port}/" in lines[0]


def test_a_feed_that_failed_a_moment_ago_is_no_all_clear(town: Town) -> None:
    town.office.configure(town.hub.url, f"http://127.0.0.1:{a_closed_port()}")
    first = town.watch("--once")
    with town.office.desk() as desk, desk.ledger.writing() as connection:
        connection.execute(update(feeds).values(due_at=datetime.now(UTC) + timedelta(minutes=4)))
    again = town.watch("--once")
    assert (first.status, again.status) == (INCOMPLETE, INCOMPLETE)
    assert first.stderr.count("Connection refused") == 1, first.stderr  # said once
    assert re.search(
        r"feed events: .*refused.* \(\d+ s ago; asked again in 2\d\d s, or at once",
        again.stderr,
    ), again.stderr
    for_a_while = town.watch("--for", "1s")
    assert for_a_while.status == INCOMPLETE
    assert "or at once with --retry" in for_a_while.stderr
    shown = town.office.run("coverage")
    assert "asked once · 0 events · 0 new pushes · once in vain" in shown.stdout
    assert "\n  127.0.0.1" in shown.stdout


def test_a_feed_that_is_broken_does_not_stop_the_others(town: Town) -> None:
    three_leaks(town)
    town.hub.fault(Fault("^/events", times=None, status=500), Fault.html("^/users/", times=None))
    done = town.once("--source", "events", "--source", "user:acme", "--source", "repo:acme/one")
    assert done.status == INCOMPLETE
    assert town.alive() == {"two", "three"}
    troubles = {name: feed["trouble"] for name, feed in done.json["feeds"].items()}
    assert troubles["repo:acme/one"] is None
    assert all(trouble for name, trouble in troubles.items() if name != "repo:acme/one")
    assert done.stderr.count("GitHub answered 500") == 1


def test_a_token_in_an_event_that_cannot_be_understood_is_disabled(town: Town) -> None:
    texts = {name: f"my key is {town.new_token(name)}" for name in ("odd", "listed", "bare")}
    odd = {"type": "IssuesEvent", "repo": {"name": "acme/app"}, "payload": texts["odd"]}
    town.hub.fault(Fault("^/events", times=2, status=200, body=[odd, [texts["listed"]]]))
    archive = town.office.folder / "2026-01-02-3.json"
    archive.write_text(
        f'{{"type": "PushEvent", "repo": {{"id": \n{texts["bare"]}\n{{"type": "x"}}\n'
    )
    done = town.once("--archive", str(archive))
    assert (done.status, town.alive()) == (INCOMPLETE, set()), done.stderr
    told = done.json["feeds"]
    assert {feed["malformed"] for feed in told.values()} == {2, 3}
    assert {
        "what": "feed events",
        "why": "2 of its events could not be understood",
    } in done.json["left_out"]
    places = {
        (row.repository.partition("//")[2].partition("/")[2], row.path)
        for row in town.rows("sightings")
    }
    assert places == {
        ("acme/app", "payload of an event that could not be understood"),
        ("", "an event that could not be understood"),
    }
    town.pass_time()
    again = town.once("--archive", str(archive))
    assert (again.status, again.json["findings"]) == (CLEAN, 0), again.stderr


def test_an_archive_that_is_none_is_no_all_clear(town: Town) -> None:
    archive = town.office.folder / "2026-01-02-3.json.gz"
    archive.write_bytes(b"")
    done = town.once("--archive", str(archive))
    assert done.status == INCOMPLETE
    assert "is damaged, or ends too early: fetch it again" in done.stderr
    assert any("ends too early" in left["why"] for left in done.json["left_out"]), done.json


@pytest.mark.parametrize(
    "fault",
    [GitFault("POST", cut_after=200), GitFault("POST", status=500), GitFault.result(b"<html>")],
    ids=["cut off", "500", "html"],
)
def test_what_fails_is_tried_again_later(town: Town, fault: GitFault) -> None:
    three_leaks(town)
    town.git.faults.append(fault)
    done = town.once("--via", "git")
    assert done.status == INCOMPLETE
    assert done.json["pushes"]["failed"] == 9, done.json
    assert done.json["pushes"]["waiting"] == 9
    town.git.faults.clear()
    town.pass_time()
    assert town.once("--via", "git").status == FOUND
    assert town.alive() == set()
    assert {row.state for row in town.rows("pushes", "state")} == {"scanned"}


def test_a_push_that_is_larger_than_allowed_is_said_to_be_left_out(office: Office) -> None:
    with Town.open(office, settings='[watch.limits]\npack = "64KB"\n') as town:
        repository = town.hub.repository("acme/large")
        noise = "".join(f"{number * 7919 % 104729:x}\n" for number in range(60_000))
        town.hub.push(repository, Change({"noise.txt": noise}), branch="main")
        done = town.once("--via", "git")
        assert done.status == INCOMPLETE
        pushes = done.json["pushes"]
        assert pushes["partial"] + pushes["skipped"].get("too-large", 0) == 2
        shown = town.office.run("coverage", "--pushes").stdout
        assert re.search(r"objects is larger than 64,000 bytes\): raise watch\.limits\.pack", shown)


def test_a_limit_of_a_repository_that_was_made_public_is_named(office: Office) -> None:
    with Town.open(office, settings='[watch.limits]\nrepository = "64KB"\n') as town:
        repository = town.hub.repository("acme/large")
        town.hub.make_private(repository)
        noise = "".join(f"{number * 7919 % 104729:x}\n" for number in range(60_000))
        town.hub.push(repository, Change({"noise.txt": noise}), tell=False)
        town.hub.publish(repository)
        assert town.once("--via", "git").status == INCOMPLETE
        shown = town.office.run("coverage", "--pushes").stdout
        assert "larger than 64,000 bytes): raise watch.limits.repository" in shown

"""A token is dead while the scan that has found it still goes on."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from scanning import environment

from leakscan.detect import Detector
from leakscan.git.layout import find_layout
from leakscan.ledger.words import ActionKind
from leakscan.model import PROVISIONAL, Kind
from leakscan.rules import load_rules, select_rules
from leakscan.sources.repository import RepositoryOptions, scan_repository
from leakscan.sources.sighting import Sighting, Tally, no_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from responding import Office

    from gitrepo import GitRepo

MUCH = b"\n" * (5 << 20)
"""More than a scan reads before it searches."""


@contextlib.contextmanager
def endless_scan(office: Office) -> Iterator[subprocess.Popen[bytes]]:
    """Scan standard input, which goes on."""
    command = [sys.executable, "-m", "leakscan", "scan", "-", "--record", "--format", "json"]
    with subprocess.Popen(
        [*command, "--config", str(office.settings)],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def feed(process: subprocess.Popen[bytes], *parts: bytes) -> None:
    assert process.stdin
    for part in (*parts, MUCH):
        process.stdin.write(part)
    process.stdin.flush()


def await_death(office: Office, token: str) -> None:
    deadline = time.monotonic() + 60
    while office.issuer.bearer(token):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_token_is_disabled_while_the_scan_goes_on(office: Office) -> None:
    token, other = office.leak("first"), office.leak("second", account="grace")
    with endless_scan(office) as process:
        feed(process, f"TOKEN={token}\n".encode())
        await_death(office, token)
        assert office.sink.mails == []
        assert process.poll() is None
        feed(process, f"OTHER={other}\n".encode())
        await_death(office, other)
        out, errors = process.communicate()
    assert process.returncode == 1
    assert len(json.loads(out)["findings"]) == 2
    assert errors.count(b"disabled            #") == 2
    assert errors.count(b"told the owner      #") == 2
    assert b"2 recorded, 2 of them new" in errors
    assert [mail["to"] for mail in office.sink.mails] == ["ada@example.com", "grace@example.com"]


@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["process", "group"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_scan_that_is_stopped_says_what_it_has_disabled(
    office: Office, number: int, send: Callable[[int, int], None]
) -> None:
    token, other = office.leak("first"), office.leak("second")
    with endless_scan(office) as process:
        feed(process, f"TOKEN={token}\n".encode())
        await_death(office, token)
        feed(process, f"TOKEN={other}\n".encode())
        send(process.pid, number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert b"disabled            #1" in errors
    assert b"run `leakscan respond` for what was found" in errors
    assert b"interrupted" in errors
    with office.desk() as desk:
        assert set(desk.states(ActionKind.NOTIFY)) == {"due"}
        desk.pass_time(timedelta(hours=1))
    assert office.run("respond").status == 0
    (mail,) = office.sink.mails
    assert mail["to"] == "ada@example.com"


def test_a_scan_that_is_killed_has_what_it_had_found_answered(office: Office) -> None:
    token = office.leak()
    with endless_scan(office) as process:
        feed(process, f"TOKEN={token}\n".encode())
        await_death(office, token)
        process.kill()
        process.communicate()
    assert office.run("respond").stdout.startswith("nothing was due · next due ")
    again = office.scan()
    assert again.status == 1
    assert len(office.sink.mails) == 1
    text = office.sink.mails[0].get_body(("plain",)).get_content()
    assert "<stdin>" in text
    assert "leaked.env:1" in text
    with office.desk() as desk:
        assert desk.count("findings") == 1
        assert desk.states(ActionKind.NOTIFY) == ["done"]


def sightings_of(repo: GitRepo, told: list[Sighting], **options: Any) -> list[Sighting]:
    layout = find_layout(repo.path)
    assert layout
    detector = Detector(select_rules(load_rules(), []))
    wanted = RepositoryOptions(early=told.append, **options)
    return list(scan_repository(layout, "acme/app", detector, wanted, Tally(), no_progress))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_repository_tells_before_it_is_known_where(
    repo: GitRepo, new_token: Callable[[], str], jobs: int
) -> None:
    tokens = [new_token() for _ in range(3)]
    repo.add(".env", tokens[0], message=f"use {tokens[1]}")
    repo.pack()
    repo.add(tokens[2], "a name that is a token")
    told: list[Sighting] = []
    found = sightings_of(repo, told, jobs=jobs)
    assert {s.match.secret.reveal() for s in found} == set(tokens)
    # What is found in a tree may be no name at all.
    assert {s.match.secret.reveal() for s in told} == set(tokens[:2])
    assert {s.location.kind for s in told} == {Kind.BLOB, Kind.COMMIT_MESSAGE}
    assert {(s.location.note, s.location.path) for s in told} == {(PROVISIONAL, None)}


def test_a_range_tells_nothing_early(repo: GitRepo, new_token: Callable[[], str]) -> None:
    repo.add("old.env", new_token())
    repo.add("new.env", new_token())
    told: list[Sighting] = []
    assert len(sightings_of(repo, told, revisions="HEAD~1..HEAD")) == 1
    assert told == []


def test_a_hook_that_is_down_meanwhile_does_not_stop_the_scan(office: Office) -> None:
    token = office.leak()
    office.lose_the_hook()
    with endless_scan(office) as process:
        feed(process, f"TOKEN={token}\n".encode())
        while not (office.folder / "ledger.sqlite3").exists():
            time.sleep(0.02)
        while True:
            with office.desk() as desk:
                if desk.states(ActionKind.DISABLE) == ["due"] and desk.finding().sealed_secret:
                    break
            time.sleep(0.02)
        out, errors = process.communicate()
    assert process.returncode == 3
    assert len(json.loads(out)["findings"]) == 1
    assert b"not known to be dead" in errors
    assert os.fsencode(token) not in errors

"""scan --record and respond when keys, disks, ledgers, servers and processes fail."""

from __future__ import annotations

import contextlib
import json
import mailbox
import resource
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from scanning import CLEAN, FOUND, INCOMPLETE, MISUSED, environment

from leakscan.ledger.schema import HEAD
from leakscan.ledger.words import ActionKind
from servers import a_closed_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from responding import Office


def test_the_key_is_rotated_while_a_secret_waits(office: Office) -> None:
    token = office.leak()
    office.lose_the_hook()
    office.scan()
    before = (office.folder / "ledger.key").read_text().split()
    done = office.run("ledger", "rotate-key")
    assert (done.status, "1 encrypted anew" in done.stdout) == (CLEAN, True)
    after = (office.folder / "ledger.key").read_text().split()
    assert after[1:] == before
    with office.desk() as desk:
        row = desk.finding()
        assert desk.vault.unseal(row.sealed_secret, row.sealed_by) == token
        assert row.sealed_by == desk.vault.seals_with
    assert len(office.run_alone("ledger", "new-key").stdout.strip()) == len(after[0])


def test_another_fingerprint_key_is_refused_before_anything_is_scanned(office: Office) -> None:
    office.leak()
    office.scan()
    done = office.scan(LEAKSCAN_FINGERPRINT_KEY="ee" * 32)
    assert (done.status, "another fingerprint key" in done.stderr) == (MISUSED, True)
    assert done.stdout == ""


def test_a_ledger_that_cannot_be_opened_is_told_before_anything_is_scanned(
    office: Office,
) -> None:
    office.leak()
    (office.folder / "ledger.sqlite3").write_bytes(b"not a database at all" * 100)
    done = office.scan()
    assert (done.status, done.stdout) == (INCOMPLETE, "")
    assert "not a database" in done.stderr


def test_a_full_disk_while_recording_loses_nothing(office: Office) -> None:
    token = office.leak()
    office.run("respond")  # makes the ledger
    size = (office.folder / "ledger.sqlite3").stat().st_size

    def fill() -> None:
        # No file may grow beyond a few pages of the ledger: as good as a disk that is full.
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 8, size // 8))

    command = [sys.executable, "-m", "leakscan", "scan", str(office.folder / "leaked.env")]
    done = subprocess.run(
        [*command, "--record", "--config", str(office.settings)],
        capture_output=True,
        check=False,
        env=environment(),
        preexec_fn=fill,
    )
    assert done.returncode == INCOMPLETE, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"the ledger" in done.stderr
    again = office.scan()
    assert again.status == FOUND
    assert office.issuer.bearer(token) is None
    assert len(office.sink.mails) == 1


def test_a_ledger_that_another_holds_for_a_while_is_waited_for(office: Office) -> None:
    token = office.leak()
    office.run("respond")  # makes the ledger
    other = sqlite3.connect(
        office.folder / "ledger.sqlite3", isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(3, lambda: other.execute("COMMIT"))
    timer.start()
    started = time.monotonic()
    done = office.scan()
    assert time.monotonic() - started > 2
    timer.join()
    other.close()
    assert done.status == FOUND
    assert office.issuer.bearer(token) is None


def test_a_report_is_written_though_the_ledger_fails_at_the_end(office: Office) -> None:
    office.leak()
    office.run("respond")  # makes the ledger
    with sqlite3.connect(office.folder / "ledger.sqlite3") as other:
        other.execute(
            "CREATE TRIGGER full BEFORE INSERT ON findings"
            " BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    other.close()
    done = office.scan()
    assert done.status == INCOMPLETE
    assert "1 finding in 1 place" in done.stdout
    assert "database or disk is full" in done.stderr
    assert "scan again with --record" in done.stderr


def test_an_upgrade_of_what_is_new_says_its_version(office: Office) -> None:
    assert f"at version {HEAD}" in office.run("ledger", "upgrade").stdout


def test_a_token_in_what_a_person_writes_is_redacted(office: Office) -> None:
    token = office.leak()
    office.scan("leaked", "--exposure", f"posted in a chat: {token}")
    office.run("findings", "resolve", "1", "--reason", f"revoked {token} by hand")
    shown = office.run("findings", "show", "1").stdout
    assert "posted in a chat: r8_" in shown
    for text in (shown, office.sink.mails[0].as_string()):
        assert token not in text
    assert token.encode() not in (office.folder / "ledger.sqlite3").read_bytes()


SLOW = """
import json, pathlib, sys, time
document = json.load(sys.stdin)
pathlib.Path(sys.argv[1]).write_text("begun")
time.sleep(float(sys.argv[2]))
print(json.dumps({"status": "disabled", "owner": {"email": "ada@example.com"}}))
"""


def _slow_hook(office: Office, seconds: float) -> Path:
    """Configure a command hook that takes its time; return the file that it makes."""
    begun = office.folder / "begun"
    (office.folder / "slow.py").write_text(SLOW)
    argv = json.dumps([sys.executable, str(office.folder / "slow.py"), str(begun), str(seconds)])
    office.name_no_hook()
    office.configure("[verify]", f'[disable.slow]\nkind = "command"\nargv = {argv}\n[verify]')
    return begun


@pytest.mark.parametrize(("seconds", "state"), [(1.0, "done"), (50.0, "running")])
def test_who_is_terminated_waits_a_moment_and_reports(
    office: Office, seconds: float, state: str
) -> None:
    office.leak()
    begun = _slow_hook(office, seconds)
    process = subprocess.Popen(
        [sys.executable, "-m", "leakscan", "scan", str(office.folder / "leaked.env"), "--record"]
        + ["--config", str(office.settings)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while not begun.exists():
        time.sleep(0.02)
    process.terminate()
    started = time.monotonic()
    out, errors = process.communicate(timeout=30)
    assert time.monotonic() - started < 10
    assert process.returncode == 143
    assert b"1 finding in 1 place" in out
    assert b"interrupted before all was done" in errors
    assert (b"disabled            #1" in errors) == (state == "done")
    with office.desk() as desk:
        assert desk.states(ActionKind.DISABLE) == [state]
        lease = desk.action(ActionKind.DISABLE).lease_until
        # Whoever comes next need not wait for a minute.
        assert lease is None or lease - desk.now() < timedelta(seconds=5)
    still = subprocess.run(["pgrep", "-f", str(office.folder / "slow.py")], check=False)
    assert still.returncode == 1


INTERRUPTED_AT = """
import os, signal, sys
from leakscan import cli
from leakscan.cli import scan
from leakscan.ledger.engine import Ledger

holder, name = {"report": (scan, "_write"), "ledger": (Ledger, "close")}[sys.argv.pop(1)]
begin = getattr(holder, name)

def interrupted(*arguments, **options):
    if os.path.exists(sys.argv[-1]):
        os.kill(os.getpid(), signal.SIGTERM)
    return begin(*arguments, **options)

setattr(holder, name, interrupted)
sys.exit(cli.main())
"""


@pytest.mark.parametrize("moment", ["report", "ledger"])
def test_who_is_terminated_when_all_is_done_reports(office: Office, moment: str) -> None:
    """From when the hook's program has begun, each such moment is one with a signal."""
    office.leak()
    begun = _slow_hook(office, 0)
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_AT, moment, "scan", str(office.folder / "leaked.env")]
        + ["--record", "--format", "text", "--config", str(office.settings)]
        + ["--exposure", str(begun)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 143
    assert "1 finding in 1 place" in done.stdout
    assert "disabled            #1" in done.stderr
    assert "Traceback" not in done.stderr
    with office.desk() as desk:
        assert desk.states(ActionKind.DISABLE) == ["done"]


@contextlib.contextmanager
def _mail_server(folder: Path) -> Iterator[int]:
    """Run an SMTP server in a process of its own, which keeps mails in a Maildir."""
    port = a_closed_port()
    listening = ["-n", "-l", f"127.0.0.1:{port}", "-c", "aiosmtpd.handlers.Mailbox", str(folder)]
    with subprocess.Popen([sys.executable, "-m", "aiosmtpd", *listening]) as process:
        try:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                with (
                    contextlib.suppress(OSError),
                    socket.create_connection(("127.0.0.1", port), 1),
                ):
                    break
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()


def test_mail_reaches_a_server_process_and_waits_for_one_that_is_killed(office: Office) -> None:
    maildir = office.folder / "maildir"
    token = office.leak()
    with _mail_server(maildir) as port:
        office.configure(f"port = {office.sink.port}", f"port = {port}")
        assert office.scan().status == FOUND
        (first,) = mailbox.Maildir(maildir)
    assert first["To"] == "ada@example.com"
    assert first["Subject"] == 'Your Replicate API token "leaked" was leaked and has been disabled'
    assert token not in first.as_string()
    office.leak("another", "grace")
    down = office.scan("another")
    assert (down.status, "told the owner" in down.stderr) == (INCOMPLETE, False)
    with office.desk() as desk:
        desk.pass_time(timedelta(hours=1))
    with _mail_server(maildir) as again:
        office.configure(f"port = {port}", f"port = {again}")
        assert office.run("respond").status == CLEAN
        assert sorted(mail["To"] for mail in mailbox.Maildir(maildir)) == [
            "ada@example.com",
            "grace@example.com",
        ]

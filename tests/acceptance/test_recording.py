"""scan --record, respond, findings and ledger, as an operator runs them."""

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
from responding import Office
from scanning import CLEAN, FOUND, INCOMPLETE, MISUSED, environment

from gitrepo import GitRepo
from leakscan.demo.sink import running_sink
from leakscan.issuer.serve import running
from leakscan.issuer.store import Issuer
from leakscan.ledger.words import ActionKind
from servers import a_closed_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Make an office whose issuer and mail server run."""
    with (
        Issuer.open(tmp_path / "issuer") as issuer,
        running(issuer) as url,
        running_sink() as sink,
    ):
        yield Office.made(tmp_path, issuer, url, sink)


def test_a_scan_that_is_recorded_answers_at_once(office: Office) -> None:
    token = office.leak()
    done = office.scan("leaked", "--format", "json")
    assert done.status == FOUND
    assert done.json["findings"][0]["checksum"] == "valid"
    assert "disabled" in done.stderr
    summary = "1 recorded, 1 of them new · 1 verified · 1 disabled · 1 mail to owners"
    assert summary in done.stderr
    (mail,) = office.sink.mails
    for text in (done.stdout, done.stderr, mail.as_string()):
        assert token not in text
    assert office.issuer.bearer(token) is None
    again = office.scan()
    assert again.status == FOUND
    assert "1 recorded, 0 of them new · nothing was due" in again.stderr
    assert len(office.sink.mails) == 1


def test_a_repository_is_known_by_its_whole_path(office: Office) -> None:
    repo = GitRepo.init(office.folder / "repo")
    repo.add(".env", f"TOKEN={office.leak()}\n")
    assert office.run("scan", "repo", "--record", cwd=office.folder).status == FOUND
    with office.desk() as desk:
        assert [row.repository for row in desk.rows("sightings", "repository")] == [str(repo.path)]
        assert desk.rows("runs", "target, state")[0].target == str(repo.path)


def test_the_owner_is_told_how_it_got_out(office: Office) -> None:
    office.leak()
    office.scan("leaked", "--exposure", "A customer saw it in a screen share.")
    body = office.sink.mails[0].get_body(("plain",))
    assert body
    assert "customer saw it in a screen share" in " ".join(body.get_content().split())


def test_standard_input_can_be_recorded(office: Office) -> None:
    token = office.leak()
    done = office.run("scan", "-", "--record", "--exposure", "sent by mail", stdin=token)
    assert done.status == FOUND
    assert office.issuer.bearer(token) is None


def test_without_a_hook_it_is_only_recorded_and_that_is_said(office: Office) -> None:
    office.leak()
    office.name_no_hook()
    done = office.scan()
    assert (done.status, "no disable hook is configured" in done.stderr) == (FOUND, True)
    with office.desk() as desk:
        assert desk.states(ActionKind.DISABLE) == []


def test_without_a_hook_the_issuer_on_this_machine_is_asked(office: Office) -> None:
    token = office.leak()
    office.name_no_hook()
    home = office.folder / "data" / "leakscan"
    home.mkdir(parents=True)
    (home / "issuer").symlink_to(office.folder / "issuer")
    done = office.scan(XDG_DATA_HOME=str(office.folder / "data"))
    assert (done.status, "no disable hook" in done.stderr) == (FOUND, False)
    assert office.issuer.bearer(token) is None
    assert len(office.sink.mails) == 1


def test_a_resolved_token_that_leaks_again_is_said(office: Office) -> None:
    token = office.leak()
    office.lose_the_hook()
    office.scan()
    office.run("findings", "resolve", "1", "--reason", "a mistake")
    again = office.scan()
    assert "nothing is done about 1 of them" in again.stderr
    assert office.run("findings", "reopen", "1").status == CLEAN
    assert office.run("findings", "reopen", "1").status == MISUSED
    office.configure(f":{office.dead_port}/hooks", f":{office.url.rpartition(':')[2]}/hooks")
    office.scan()
    assert office.issuer.bearer(token) is None


def test_a_token_that_is_still_alive_is_said_at_every_scan(office: Office) -> None:
    office.leak()
    office.lose_the_hook()
    for _ in range(2):
        done = office.scan()
        assert (done.status, "1 not known to be dead" in done.stderr) == (INCOMPLETE, True)


def test_a_rule_without_a_hook_is_said(office: Office) -> None:
    office.leak()
    office.configure('kind = "http"', 'kind = "http"\nrules = ["npm-access-token"]')
    done = office.scan()
    assert "no disable hook is configured for replicate-api-token" in done.stderr


def test_a_fingerprint_key_that_is_missing_is_not_made_anew(office: Office) -> None:
    office.leak()
    office.scan(LEAKSCAN_FINGERPRINT_KEY=None)
    key = office.folder / "fingerprint.key"
    kept = key.read_text()
    key.unlink()
    done = office.scan(LEAKSCAN_FINGERPRINT_KEY=None)
    assert (done.status, "fingerprint.key is missing" in done.stderr) == (MISUSED, True)
    assert not key.exists()
    key.write_text(kept)
    assert office.scan(LEAKSCAN_FINGERPRINT_KEY=None).status == FOUND


def test_a_hook_that_is_down_is_said_and_tried_again(office: Office) -> None:
    token = office.leak()
    settings = office.settings.read_text()
    office.lose_the_hook()
    done = office.scan()
    assert done.status == INCOMPLETE
    assert "to be tried again" in done.stderr
    assert "Connection refused" in done.stderr
    assert "1 finding in 1 place" in done.stdout  # the report is there all the same
    assert office.issuer.bearer(token)
    office.settings.write_text(settings)
    with office.desk() as desk:
        desk.pass_time(timedelta(hours=1))
    assert office.run("respond").status == CLEAN
    assert office.issuer.bearer(token) is None


def test_respond_has_nothing_to_do_and_says_so(office: Office) -> None:
    done = office.run("respond")
    assert (done.status, done.stdout) == (CLEAN, "nothing was due\n")


def test_respond_tells_programs_what_it_did(office: Office) -> None:
    office.leak()
    office.lose_the_hook()
    office.scan()
    with office.desk() as desk:
        desk.pass_time(timedelta(hours=1))
    done = office.run("respond", "--format", "json")
    assert done.status == INCOMPLETE
    assert done.json["schema"] == "leakscan-response/v1"
    assert done.json["next_due"]
    assert [(event["kind"], event["result"]) for event in done.json["events"]] == [
        ("disable", "later")
    ]


def test_the_configuration_can_be_checked_without_doing_anything(office: Office) -> None:
    office.leak()
    done = office.run("respond", "--check")
    assert (done.status, "Nothing is wrong here." in done.stdout) == (CLEAN, True)
    (office.folder / "mails").mkdir()
    (office.folder / "mails" / "leak.html").write_text("{% if %}")
    office.configure("[mail]\n", '[mail]\ntemplates = "mails"\n')
    broken = office.run("respond", "--check")
    assert broken.status in (MISUSED, INCOMPLETE)
    assert "leak.html" in broken.stderr


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('kind = "http"', 'kind = "http"\nrules = ["r8"]', "no rule r"),
        ("[verify]", '[verify]\nrules = ["nonsense"]', "no rule nonsense"),
        ('kind = "http"', 'kind = "http"\nrules = ["npm-access-token"]', "no scan uses npm"),
        ('kind = "http"', 'kind = "http"\nproxy = "/"', "disable.issuer.proxy: not an address"),
        ("[verify]", '[disable.x]\nkind = "command"\nargv = ["./absent"]\n[verify]', "no program"),
        ("[mail]", "[mial]", "mial: unknown key"),
    ],
)  # fmt: skip
def test_what_would_fail_only_at_a_leak_is_found_by_the_check(
    office: Office, old: str, new: str, words: str
) -> None:
    office.configure(old, new)
    done = office.run("respond", "--check")
    assert (done.status, words in done.stderr) == (MISUSED, True), done.stderr


def test_a_key_that_cannot_open_what_waits_is_found_by_the_check(office: Office) -> None:
    office.leak()
    office.lose_the_hook()
    office.scan()
    (office.folder / "ledger.key").unlink()
    done = office.run("respond", "--check")
    assert (done.status, "secrets wait that were encrypted" in done.stderr) == (INCOMPLETE, True)


def test_cron_hears_nothing_but_failures(office: Office) -> None:
    office.leak("good")
    office.scan("good")
    done = office.run("respond", "--quiet")
    assert (done.status, done.stdout, done.stderr) == (CLEAN, "", "")
    office.leak("bad")
    office.lose_the_hook()
    office.scan("bad")
    with office.desk() as desk:
        desk.pass_time(timedelta(hours=1))
    failing = office.run("respond", "--quiet")
    assert (failing.status, "to be tried again" in failing.stdout) == (INCOMPLETE, True)


def test_reading_a_ledger_that_is_not_there_makes_none(office: Office) -> None:
    for arguments in (("findings", "list"), ("ledger", "status"), ("findings", "export")):
        done = office.run(*arguments)
        assert (done.status, "there is no ledger" in done.stderr) == (MISUSED, True)
    assert not (office.folder / "ledger.sqlite3").exists()


def test_files_of_the_configuration_are_relative_to_it(office: Office) -> None:
    office.leak()
    for url in ("led.sqlite3", "sqlite:///led.sqlite3"):
        text = office.settings.read_text()
        office.settings.write_text(text.replace(str(office.folder / "ledger.sqlite3"), url))
        office.scan(cwd=office.folder / "issuer")
        assert (office.folder / "led.sqlite3").exists()
        assert not (office.folder / "issuer" / "led.sqlite3").exists()
        office.settings.write_text(text)


def test_findings_are_listed_shown_closed_and_exported(office: Office) -> None:
    token = office.leak("laptop")
    office.scan("laptop")
    listed = office.run("findings", "list")
    assert (listed.status, "ada@example.com" in listed.stdout) == (CLEAN, True)
    (document,) = office.run("findings", "list", "--format", "json").json["findings"]
    assert (document["standing"], document["token_name"]) == ("disabled", "laptop")
    shown = office.run("findings", "show", document["fingerprint"][:10])
    for word in ("laptop", "disable", "notify", "wiped", "laptop.env:1:21"):
        assert word in shown.stdout
    whole = office.run("findings", "show", "1", "--format", "json").json["finding"]
    assert [action["kind"] for action in whole["actions"]] == ["disable", "verify", "notify"]
    assert len(whole["sightings"]) == 1
    (line,) = office.run("findings", "export").stdout.splitlines()
    assert json.loads(line)["sightings"] == whole["sightings"]
    assert office.run("findings", "resolve", "1", "--reason", "told them").status == CLEAN
    assert office.run("findings", "resolve", "1", "--reason", "again").status == MISUSED
    assert office.run("findings", "list").stdout == "No findings.\n"
    everything = office.run("findings", "list", "--all")
    assert "resolved" in everything.stdout
    assert token not in listed.stdout + shown.stdout + everything.stdout + line


@pytest.mark.parametrize(
    "arguments",
    [
        ("findings", "show", "99"),
        ("findings", "show", ""),
        ("findings", "resolve", "1", "--reason", " "),
        ("findings", "retry", "1"),
        ("findings", "list", "--since", "yesterday"),
        ("scan", ".", "--exposure", "x"),
        ("scan", ".", "--record", "--exposure", ""),
    ],
)
def test_wrong_usage_is_one_clear_line(office: Office, arguments: tuple[str, ...]) -> None:
    done = office.run(*arguments)
    assert done.status == MISUSED
    assert done.stderr.splitlines()[-1].startswith("leakscan: ")


def test_what_a_stranger_wrote_is_shown_spelled_out(office: Office) -> None:
    name = "\x1b[2J\u202e evil"
    token = office.leak()
    (office.folder / f"{name}.env").write_text(token)
    office.scan(name)
    shown = office.run("findings", "show", "1")
    assert "\\x1b[2J\\u202e evil.env" in shown.stdout
    assert "\x1b" not in shown.stdout


def test_a_name_that_is_the_token_is_redacted_before_it_is_stored(office: Office) -> None:
    token = office.leak()
    folder = office.folder / "named"
    folder.mkdir()
    (folder / token).write_text("nothing")
    assert office.run("scan", str(folder), "--record").status == FOUND
    ledger = (office.folder / "ledger.sqlite3").read_bytes()
    assert token.encode() not in ledger
    assert token not in office.sink.mails[0].as_string()


def test_the_status_of_the_ledger_is_told(office: Office) -> None:
    office.leak()
    office.scan()
    status = office.run("ledger", "status").stdout
    assert "findings   1" in status
    assert "secrets    0" in status


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
        # No file may grow beyond what the ledger has: as good as a disk that is full.
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))

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
    assert "at version 0001" in office.run("ledger", "upgrade").stdout


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
    with office.desk() as desk:
        assert desk.states(ActionKind.DISABLE) == [state]
    still = subprocess.run(["pgrep", "-f", str(office.folder / "slow.py")], check=False)
    assert still.returncode == 1


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

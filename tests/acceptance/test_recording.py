"""scan --record, respond, findings and ledger, as an operator runs them."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from scanning import CLEAN, FOUND, INCOMPLETE, MISUSED

from gitrepo import GitRepo
from leakscan.ledger.words import ActionKind

if TYPE_CHECKING:
    from responding import Office


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


STEP = "Open https://replicate.com/account/api-tokens and disable the token"


def test_what_is_done_is_not_asked_of_the_reader(office: Office) -> None:
    office.leak()
    assert STEP in office.run("scan", str(office.folder / "leaked.env")).stdout
    for _ in range(2):
        done = office.scan()
        assert (done.status, STEP in done.stdout) == (FOUND, False)
        assert "1 finding in 1 place" in done.stdout


def test_what_is_not_known_to_be_done_is_asked_of_the_reader(office: Office, token: str) -> None:
    leaks = office.folder / "leaks"
    leaks.mkdir()
    (leaks / "issued.env").write_text(f"REPLICATE_API_TOKEN={office.leak()}\n")
    (leaks / "strange.env").write_text(f"REPLICATE_API_TOKEN={token}\n")
    # The issuer knows one of them, and nobody has disabled the other.
    office.configure("[mail]", '[respond]\ndisable_from = "low"\n\n[mail]')
    done = office.run("scan", str(leaks), "--record", "--min-confidence", "low")
    assert (done.status, STEP in done.stdout) == (FOUND, True)
    assert " · 1 disabled" in done.stderr
    assert " · 1 not ours" in done.stderr
    office.leak("unasked")
    office.name_no_hook()
    assert STEP in office.scan("unasked").stdout


def test_a_retry_while_a_process_is_at_it_says_so(office: Office) -> None:
    office.leak()
    office.lose_the_hook()
    office.scan()
    with office.desk() as desk:
        desk.pass_time(timedelta(hours=1))
        desk.claim()
    done = office.run("findings", "retry", "1")
    assert done.status == MISUSED
    assert re.search(r"a process has claimed .* #1 until 20[0-9-]+ [0-9:]+ UTC: wait", done.stderr)
    with office.desk() as desk:
        desk.pass_time(timedelta(hours=1))
    assert office.run("respond").status == INCOMPLETE
    assert office.run("findings", "retry", "1").status == CLEAN


def test_a_retry_of_what_is_done_says_where_to_look(office: Office) -> None:
    office.leak()
    office.scan()
    done = office.run("findings", "retry", "1")
    assert (done.status, done.stderr) == (
        MISUSED,
        "leakscan: nothing is to be tried again for #1: see `leakscan findings show 1`\n",
    )


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
    assert done.status == MISUSED
    assert "fingerprint.key is missing, with which the ledger's findings were made" in done.stderr
    assert "copy it from the machine that made it" in done.stderr
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
        ("findings", "list", "--since", "999999.weeks"),
        ("ledger", "forget"),
        ("ledger", "forget", "--before", ""),
        ("ledger", "forget", "--before", "2999-01-01"),
        ("ledger", "forget", "--person", ""),
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


def test_people_are_forgotten(office: Office) -> None:
    office.leak()
    office.scan()
    assert "ada@example.com" in office.run("findings", "show", "1").stdout
    assert (
        len(office.run("findings", "list", "--since", "1.hour", "-f", "json").json["findings"]) == 1
    )
    assert "from 0 findings" in office.run("ledger", "forget", "--before", "1.hour").stdout
    ada = r"\bada\b"  # and not as a part of some hexadecimal number
    assert re.search(ada, office.run("findings", "export").stdout)
    done = office.run("ledger", "forget", "--person", "Ada@Example.com")
    assert done.stdout == "People erased from 1 finding.\n"
    assert not re.search(ada, office.run("findings", "export").stdout)
    assert office.scan().status == FOUND
    assert len(office.sink.mails) == 1


def test_the_status_of_the_ledger_is_told(office: Office) -> None:
    office.leak()
    office.scan()
    status = office.run("ledger", "status").stdout
    assert "findings       1" in status
    assert "secrets        0" in status
    assert "unresolved     1" in status
    assert "need attention 0" in status

"""``leakscan rehearse``: the real hooks and servers are asked, and nothing is recorded."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING

import pytest

from servers import a_json, running_web

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from responding import Office


def has_ledger(office: Office) -> bool:
    return (office.folder / "ledger.sqlite3").exists()


def test_a_hook_and_an_endpoint_that_work(office: Office) -> None:
    done = office.run("rehearse", "hooks")
    assert done.stdout.splitlines() == [
        "well    disable.issuer  not_ours",
        "well    verify  invalid",
    ]
    assert (done.status, done.stderr) == (0, "")
    assert not has_ledger(office)


def test_the_issuer_on_this_machine_is_asked_where_no_hook_is_named(
    office: Office, tmp_path: Path
) -> None:
    office.name_no_hook()
    office.configure("[verify]", "[verify]\nper_minute = 100")
    data = tmp_path / "home" / ".local" / "share"
    variables = {"HOME": str(tmp_path / "home"), "XDG_DATA_HOME": str(data)}
    made = office.run_alone("issuer", "init", **variables)
    assert made.status == 0, made.stderr
    done = office.run("rehearse", "hooks", **variables)
    assert "well    disable.issuer  not_ours" in done.stdout


def test_a_hook_that_nobody_answers_at(office: Office) -> None:
    office.lose_the_hook()
    done = office.run("rehearse", "hooks")
    assert done.status == 3
    assert done.stdout.startswith("FAILED  disable.issuer  ")
    assert "well    verify" in done.stdout
    assert done.stderr == "leakscan: disable.issuer would not work: mend it, then rehearse again\n"


PACKAGE = """
class Odd:
    def __str__(self):
        raise KeyError("in words that nobody may see")

def disable(request):
    return {"status": Odd()}
"""


def test_a_hook_with_a_bug_is_named_and_the_others_are_asked(office: Office) -> None:
    (office.folder / "our_hook.py").write_text(PACKAGE)
    info = office.folder / "our_hook-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: our-hook\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[leakscan.disable_hooks]\nours = our_hook:disable\n")
    faulty = '[disable.faulty]\nkind = "python"\nentry_point = "ours"\n'
    office.configure("[disable.issuer]", f"{faulty}[disable.issuer]")
    done = office.run("rehearse", "hooks", PYTHONPATH=str(office.folder))
    assert done.status == 3
    assert done.stdout.splitlines() == [
        "FAILED  disable.faulty  internal error: KeyError",
        "well    disable.issuer  not_ours",
        "well    verify  invalid",
    ]


ASKED = """
import json, pathlib, sys
pathlib.Path("asked").write_text(sys.stdin.read())
print(json.dumps({"status": "not_ours"}))
"""
OWN_RULE = """
id = "acme-key"
name = "Acme key"
issuer = "Acme"
description = "Opens the Acme API."
severity = "low"
prefixes = ["acme_"]
pattern = '(?P<prefix>acme_)(?P<body>[0-9a-f]{20})'
max_length = 25
alphabet = '[0-9a-f]'
"""


@pytest.mark.parametrize(
    ("rule", "form"),
    [
        ("npm-access-token", "npm_[0-9A-Za-z]{36}"),
        ("replicate-api-token", "r8_[0-9A-Za-z]{37}"),
        ("acme-key", "r8_[0-9A-Za-z]{37}"),  # which has no example
    ],
)
def test_a_hook_is_asked_about_a_token_of_its_rule(office: Office, rule: str, form: str) -> None:
    (office.folder / "acme.toml").write_text(OWN_RULE)
    argv = json.dumps([sys.executable, "-c", ASKED])
    hook = f'[disable.other]\nkind = "command"\nargv = {argv}\nrules = ["{rule}"]\n'
    own = '[rules]\npaths = ["acme.toml"]\n'
    office.configure("[disable.issuer]", f"{own}{hook}[disable.issuer]")
    done = office.run("rehearse", "hooks", cwd=office.folder)
    assert "well    disable.other  not_ours" in done.stdout
    asked = json.loads((office.folder / "asked").read_text())["data"]
    assert asked["rule"] == rule
    assert re.fullmatch(form, asked["token"])
    assert (asked["sightings"], asked["sighting_count"]) == ([], 0)
    assert asked["exposure"].startswith("a rehearsal: ")


@pytest.mark.parametrize("answer", ["disabled", "already_disabled"])
def test_a_hook_that_says_so_of_any_token(office: Office, answer: str) -> None:
    program = f'import sys; sys.stdin.read(); print(\'{{"status": "{answer}"}}\')'
    argv = json.dumps([sys.executable, "-c", program])
    office.name_no_hook()
    with office.settings.open("a", encoding="utf-8") as settings:
        settings.write(f'\n[disable.eager]\nkind = "command"\nargv = {argv}\n')
    done = office.run("rehearse", "hooks")
    assert done.status == 3
    assert f"it answers {answer} for a token that nobody has issued" in done.stdout


def test_an_endpoint_at_which_every_token_works(office: Office) -> None:
    everybody = a_json({"type": "user", "username": "ada"})
    with running_web(lambda _request: everybody) as web:
        office.configure(f"{office.url}/v1/account", f"{web.url}/v1/account")
        done = office.run("rehearse", "hooks")
    assert done.status == 3
    assert "FAILED  verify  valid" in done.stdout


def test_without_anybody_to_ask(office: Office, tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.toml"
    nothing.write_text("")
    home = str(tmp_path / "nobody")
    for command in ("hooks", "mail", "alerts"):
        done = office.run_alone(
            "rehearse", command, "--config", str(nothing), HOME=home, XDG_DATA_HOME=home
        )
        assert done.status == 2
        assert done.stderr.startswith("leakscan: the configuration ")
        assert done.stderr.count("\n") == 1
        assert (command == "hooks") == ("`leakscan issuer init`" in done.stderr)


def test_the_mail_is_printed(office: Office) -> None:
    done = office.run("rehearse", "mail", "--tokens", "3")
    head, _, body = done.stdout.partition("\n\n")
    assert done.status == 0
    assert "From: Token issuer <security@example.com>" in head
    assert "Subject: [Example] 3 of your" in head
    assert f"{office.url}/tokens" in body
    assert office.sink.mails == []


def test_its_html_is_printed(office: Office) -> None:
    done = office.run("rehearse", "mail", "--html", "--exposure", "it was used <at night>")
    assert done.stdout.startswith("<!DOCTYPE html>")
    assert "it was used &lt;at night&gt;" in done.stdout
    assert done.stdout.rstrip().endswith("</html>")


def test_a_token_in_what_the_user_says_is_redacted(
    office: Office, new_token: Callable[[], str]
) -> None:
    token = new_token()
    done = office.run("rehearse", "mail", "--exposure", f"posted: {token}")
    assert "posted: r8_" in done.stdout
    assert token not in done.stdout


def test_a_template_is_seen_in_its_language(office: Office) -> None:
    folder = office.folder / "templates" / "de"
    folder.mkdir(parents=True)
    for name in ("leak.subject.txt", "leak.txt", "leak.html"):
        (folder / name).write_text("Ihr Token wurde gesperrt", encoding="utf-8")
    office.configure("[mail]", '[mail]\ntemplates = "templates"')
    assert "Ihr Token" in office.run("rehearse", "mail", "--locale", "de-AT").stdout
    assert "Ihr Token" not in office.run("rehearse", "mail", "--locale", "fr").stdout


def test_the_mail_is_sent(office: Office) -> None:
    done = office.run("rehearse", "mail", "--to", "ann@example.com")
    assert (done.status, done.stdout) == (0, "well    mail  250 OK, kept\n")
    (mail,) = office.sink.mails
    assert mail["to"] == "Ada Lovelace <ann@example.com>"
    assert mail["subject"].strip().startswith("[Example] ")
    assert mail["x-leakscan-finding"] is None
    assert not has_ledger(office)


def test_a_mail_that_cannot_be_sent(office: Office) -> None:
    office.configure(f"port = {office.sink.port}", "port = 1")
    done = office.run("rehearse", "mail", "--to", "ann@example.com")
    assert done.status == 3
    assert done.stdout.startswith("FAILED  mail  cannot connect")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--to", "nobody\r\nBcc: all@example.com"), "no address that mail can be sent to"),
        (("--to", "nobody"), "no address that mail can be sent to"),
        (("--to", ""), "--to is empty: perhaps a variable is not set"),
        (("--exposure", ""), "--exposure is empty: perhaps a variable is not set"),
        (("--locale", ""), "--locale is empty: perhaps a variable is not set"),
        (("--to", "ann@example.com", "--html"), "--html is for printing"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(
    office: Office, arguments: tuple[str, ...], words: str
) -> None:
    done = office.run("rehearse", "mail", *arguments)
    assert (done.status, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert office.sink.mails == []


def test_the_team_is_alerted_and_told_that_it_is_no_alert(office: Office) -> None:
    with running_web(lambda _request: a_json({})) as web:
        channel = f"json://{web.url.removeprefix('http://')}/secret-path"
        done = office.run("rehearse", "alerts", LEAKSCAN_ALERT_URLS=channel)
    assert (done.status, done.stdout) == (0, "well    alerts  sent to 1 channel\n")
    (request,) = web.requests
    assert "Nothing has happened" in request.body.decode()
    dead = office.run("rehearse", "alerts", LEAKSCAN_ALERT_URLS=channel)
    assert dead.status == 3
    assert "secret-path" not in dead.stdout + dead.stderr

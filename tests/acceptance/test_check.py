"""``leakscan respond --check``: what would fail, or not be done, is said before a token leaks."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest
from scanning import CLEAN, INCOMPLETE, MISUSED

if TYPE_CHECKING:
    from responding import Office

CHANNEL = "json://127.0.0.1:9/none"


def test_the_configuration_can_be_checked_without_doing_anything(office: Office) -> None:
    office.leak()
    done = office.run("respond", "--check", LEAKSCAN_ALERT_URLS=CHANNEL)
    assert (done.status, "Nothing is wrong here." in done.stdout) == (CLEAN, True)
    told = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert told["configuration"] == str(office.settings)
    assert told["fingerprints"] == "LEAKSCAN_FINGERPRINT_KEY"
    assert told["disable"] == "issuer"
    (office.folder / "mails").mkdir()
    (office.folder / "mails" / "leak.html").write_text("{% if %}")
    office.configure("[mail]\n", '[mail]\ntemplates = "mails"\n')
    broken = office.run("respond", "--check")
    assert broken.status in (MISUSED, INCOMPLETE)
    assert "leak.html" in broken.stderr


def test_what_would_not_be_done_is_said_by_the_check(office: Office) -> None:
    office.name_no_hook()
    done = office.run("respond", "--check")
    assert done.status == CLEAN
    assert done.stdout.endswith(
        "No hook: no token would be disabled.\n"
        "Nobody would be alerted when something is given up.\n"
        "No server was asked whether it answers.\n"
    )
    office.configure("[mail]", '[alerts]\non = ["disabled"]\n[mail]')
    half = office.run("respond", "--check", LEAKSCAN_ALERT_URLS=CHANNEL)
    assert "Nobody would be alerted when something is given up.\n" in half.stdout
    home = office.folder / "data" / "leakscan"
    home.mkdir(parents=True)
    (home / "issuer").symlink_to(office.folder / "issuer")
    own = office.run(
        "respond",
        "--check",
        XDG_DATA_HOME=str(office.folder / "data"),
        LEAKSCAN_ALERT_URLS=CHANNEL,
    )
    assert "disable        the issuer on this machine\n" in own.stdout
    assert "No hook" not in own.stdout


def test_the_check_needs_no_configuration(office: Office) -> None:
    home = {"HOME": str(office.folder), "XDG_STATE_HOME": str(office.folder / "state")}
    home["XDG_CONFIG_HOME"] = str(office.folder / "none")
    done = office.run_alone("respond", "--check", **home, LEAKSCAN_FINGERPRINT_KEY=None)
    assert done.status == CLEAN
    assert "configuration  none\n" in done.stdout
    key = office.folder / "state" / "leakscan" / "fingerprint.key"
    assert f"fingerprints   {key}\n" in done.stdout


def test_a_key_that_others_can_read_is_found_by_the_check(office: Office) -> None:
    folder = office.folder
    (folder / "smtp password").write_text("secret")
    office.configure(
        'host = "127.0.0.1"', 'host = "127.0.0.1"\nusername = "x"\npassword_file = "smtp password"'
    )
    variables = {"LEAKSCAN_ALERT_URLS": CHANNEL, "LEAKSCAN_FINGERPRINT_KEY": None}
    (folder / "smtp password").chmod(0o600)
    assert "Nothing is wrong here.\n" in office.run("respond", "--check", **variables).stdout
    keys = ("ledger.key", "fingerprint.key", "smtp password", "issuer/webhook.secret")
    for name, mode in zip(keys, (0o640, 0o604, 0o644, 0o660), strict=True):
        (folder / name).chmod(mode)
    done = office.run("respond", "--check", **variables)
    assert (done.status, "Nothing is wrong" in done.stdout) == (CLEAN, False)
    told = [line for line in done.stdout.splitlines() if line.startswith("Others can read ")]
    assert told == [
        f"Others can read {folder / name}: chmod 600 {shlex.quote(str(folder / name))}"
        for name in keys
    ]


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


WATCH = """
[github]
credentials = [{ env = "CHECK_TEST_TOKEN" }, { token_file = "github.token" }]
[watch]
sources = ["events", "org:acme", "user:ada", "repo:a/b", "repo:a/c", "repo:a/d", "search"]
keep = "12h"
[watch.limits]
blob = 1000
seconds = 0
"""


def watching(office: Office, settings: str = WATCH) -> Office:
    """Configure a watch; return its office."""
    with office.settings.open("a", encoding="utf-8") as file:
        file.write(settings)
    (office.folder / "github.token").write_text("one")
    (office.folder / "github.token").chmod(0o600)
    return office


def test_the_check_names_what_is_watched(office: Office) -> None:
    variables = {"LEAKSCAN_ALERT_URLS": CHANNEL, "CHECK_TEST_TOKEN": "two"}
    assert "sources" not in office.run("respond", "--check", **variables).stdout
    done = watching(office).run("respond", "--check", **variables)
    assert done.status == CLEAN, done.stderr
    told = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert told["sources"] == "events, org:acme, user:ada, repo:a/b, repo:a/c and 2 more"
    file = office.folder / "github.token"
    assert f"asked as       env:CHECK_TEST_TOKEN, file:{file}\n" in done.stdout
    assert told["API"] == "https://api.github.com"
    assert told["git"] == "https://github.com"
    assert told["limits"] == (
        "200.0 MB a push, 5.0 GB a repository made public, 1.0 kB a file, 50 commits"
    )
    assert "watch.keep is 12 h 0 min: " in done.stdout
    assert "Nothing is wrong here." not in done.stdout


def test_a_search_without_a_token_is_told_by_the_check(office: Office) -> None:
    done = watching(office, '[watch]\nsources = ["search"]\nvia = "api"').run("respond", "--check")
    assert done.status == CLEAN, done.stderr
    assert "asked as       anonymous\n" in done.stdout
    assert "git            not asked\n" in done.stdout
    assert "the source search needs a token: set github.credentials\n" in done.stdout


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"org:acme"', '"orgs:acme"', "unknown source orgs:acme (number 2): write org:acme"),
        ("CHECK_TEST_TOKEN", "UNSET", "github.credentials: UNSET is not set"),
        ("github.token", "absent.token", "absent.token: no token there"),
        ("blob =", "blobs =", "watch.limits.blobs: unknown key"),
    ],
)
def test_what_a_watch_would_refuse_is_found_by_the_check(
    office: Office, old: str, new: str, words: str
) -> None:
    watching(office, WATCH.replace(old, new))
    variables = {"CHECK_TEST_TOKEN": "two"}
    for command in (("respond", "--check"), ("watch", "--once")):
        done = office.run(*command, **variables)
        assert (done.status, done.stdout, words in done.stderr) == (MISUSED, "", True), done.stderr


def test_a_key_that_cannot_open_what_waits_is_found_by_the_check(office: Office) -> None:
    office.leak()
    office.lose_the_hook()
    office.scan()
    (office.folder / "ledger.key").unlink()
    done = office.run("respond", "--check")
    assert (done.status, "secrets wait that were encrypted" in done.stderr) == (INCOMPLETE, True)

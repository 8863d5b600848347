"""``leakscan issuer`` from the outside, and a real scan that knows its tokens."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from issuing import COMMAND, PASSWORD, Hook, account_answer, environment, serving

from leakscan.detect.digests import DigestFile, digest_key
from leakscan.issuer.store import Issuer
from leakscan.model import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from forked import Commands

TOKEN = re.compile(r"r8_[0-9A-Za-z]{37}")


@dataclass
class Done:
    """What one command answered."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def leakscan(commands: Commands, tmp_path: Path) -> Callable[..., Done]:
    """Run any command in the folder of the test."""

    def command(*arguments: str, stdin: str = "", status: int = 0) -> Done:
        done = commands.run(
            arguments, stdin=stdin.encode(), env=environment(tmp_path), cwd=tmp_path
        )
        stderr = done.stderr.decode()
        assert "Traceback" not in stderr
        assert done.returncode == status, stderr
        return Done(done.returncode, done.stdout.decode(), stderr)

    return command


@pytest.fixture
def run(leakscan: Callable[..., Done], tmp_path: Path) -> Callable[..., Done]:
    """Run a command of the issuer there."""

    def command(*arguments: str, **more: Any) -> Done:
        return leakscan("issuer", *arguments, "--data", str(tmp_path / "data"), **more)

    return command


@pytest.fixture
def ada_secret(run: Callable[..., Done]) -> Secret:
    """Add Ada's account and return its default token."""
    arguments = ("account", "add", "ada", "--email", "ada@example.com", "--password-stdin")
    added = run(*arguments, "--name", "Ada Lovelace", "--locale", "en", stdin=f"{PASSWORD}\r\n")
    assert TOKEN.fullmatch(added.stdout.strip())
    assert "shown only once" in added.stderr
    return Secret(added.stdout.strip())


def test_init_says_where_everything_is(run: Callable[..., Done], tmp_path: Path) -> None:
    told = run("init").stdout
    for name in ("issuer.sqlite3", "digest.key", "webhook.secret", "session.key"):
        assert str(tmp_path / "data" / name) in told
        assert (tmp_path / "data" / name).is_file()
    assert run("init").stdout == told
    assert "whsec_" not in told


def test_the_default_folder(tmp_path: Path) -> None:
    subprocess.run([*COMMAND, "issuer", "init"], check=True, env=environment(tmp_path))
    assert (tmp_path / ".local/share/leakscan/issuer/issuer.sqlite3").is_file()


def test_accounts_and_tokens(run: Callable[..., Done], ada_secret: Secret) -> None:
    assert run("account", "list").stdout == "ada  user  ada@example.com  Ada Lovelace\n"
    created = run("token", "create", "ada", "laptop")
    assert TOKEN.fullmatch(created.stdout.removesuffix("\n"))
    assert "laptop of ada" in created.stderr
    assert created.stdout.strip() not in created.stderr
    run("token", "rename", "ada", "laptop", "desk top")
    run("token", "disable", "ada", "Default")
    laptop, default = run("token", "list", "ada").stdout.splitlines()
    assert re.fullmatch(r"r8_.{4}\.\.\..{4}  active           never used        desk top", laptop)
    assert re.fullmatch(r"r8_.{4}\.\.\..{4}  disabled         never used        Default", default)
    assert ada_secret.reveal() not in default


@pytest.mark.usefixtures("ada_secret")
def test_accounts_are_listed_in_columns(run: Callable[..., Done]) -> None:
    arguments = ("--email", "all@acme-laboratories.example", "--kind", "organization")
    run("account", "add", "acme", *arguments, "--password-stdin", stdin=PASSWORD)
    assert run("account", "list").stdout == (
        "acme  organization  all@acme-laboratories.example\n"
        "ada   user          ada@example.com                Ada Lovelace\n"
    )


def test_the_hook_comes_with_how_to_verify(
    run: Callable[..., Done], leakscan: Callable[..., Done], tmp_path: Path
) -> None:
    printed = run("hook", "--url", "https://issuer.example/leaks/hooks/disable").stdout
    assert "verify" not in tomllib.loads(printed)
    wanted = printed.replace("# [", "[").replace("# url", "url")
    assert tomllib.loads(wanted)["verify"] == {"url": "https://issuer.example/leaks/v1/account"}
    config = tmp_path / "leakscan.toml"
    config.write_text(wanted)
    run("init")
    checked = leakscan("respond", "--check", "--config", str(config))
    assert "https://issuer.example/leaks/v1/account" in checked.stdout


@pytest.mark.usefixtures("ada_secret")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("account", "add", "bob", "--email", "b@example.com"), "no terminal to ask"),
        (("account", "add", "ada", "--email", "a@example.com", "--password-stdin"), "already an"),
        (("account", "add", "b b", "--email", "b@example.com", "--password-stdin"), "no user name"),
        (("account", "add", "bob", "--email", "nowhere", "--password-stdin"), "no e-mail address"),
        (("password", "ada"), "no terminal to ask"),
        (("password", "bob"), "no account bob"),
        (("password", "bob", "--password-stdin"), "no account bob"),
        (("password", os.fsdecode(b"\xff"), "--password-stdin"), "no account \\xff"),
        (("token", "create", "bob", "laptop"), "no account bob"),
        (("token", "create", "ada", "Default"), "already a token Default"),
        (("token", "create", "ada", "\x1b[31m"), "no name"),
        (("token", "list", os.fsdecode(b"\xff")), "no account \\xff"),
        (("token", "rename", "ada", "x", "y"), "has no token x"),
        (("token", "disable", "ada", os.fsdecode(b"\xff")), "no name"),
        (("digests", "--output", "/absent/file"), "cannot write the digest file"),
        (("hook", "--url", "localhost"), "not an address of a hook"),
        (("serve", "--port", "66666"), "66666 is not in the range"),
    ],
)
def test_mistakes_are_one_line(
    run: Callable[..., Done], arguments: tuple[str, ...], message: str
) -> None:
    done = run(*arguments, stdin=PASSWORD, status=2)
    assert message in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("leakscan: ")]
    assert len(lines) == 1
    assert done.stdout == ""
    assert PASSWORD not in done.stderr


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: data.write_text("x"), "cannot be used"),
        (lambda data: (data.mkdir(), (data / "issuer.sqlite3").mkdir()), "cannot be used"),
        (
            lambda data: (data.mkdir(), (data / "issuer.sqlite3").write_bytes(b"x" * 5000)),
            "damaged",
        ),
    ],
)
def test_a_wrong_folder_is_one_line(
    run: Callable[..., Done], tmp_path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    spoil(tmp_path / "data")
    done = run("account", "list", status=3)
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def read_until(terminal: int, ending: bytes) -> bytes:
    """Read what a terminal shows until it ends so, or until its program is gone."""
    shown = b""
    while not shown.endswith(ending):
        try:
            shown += os.read(terminal, 1000)
        except OSError:  # how a terminal ends
            break
    return shown


def test_the_password_is_asked_for_twice(tmp_path: Path) -> None:
    """Type it at a real terminal, where it must not appear."""
    arguments = ["account", "add", "ada", "--email", "a@example.com", "--data", str(tmp_path / "d")]
    terminal, inner = pty.openpty()
    asking = subprocess.Popen(
        [*COMMAND, "issuer", *arguments],
        env=environment(tmp_path),
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
    )
    os.close(inner)
    shown = b""
    for prompt in (b"Password: ", b"Repeat for confirmation: "):
        shown += read_until(terminal, prompt)
        os.write(terminal, f"{PASSWORD}\n".encode())
    shown += read_until(terminal, b"shown only once.\r\n")
    assert asking.wait(timeout=60) == 0
    os.close(terminal)
    assert PASSWORD.encode() not in shown
    assert TOKEN.search(shown.decode())
    with Issuer.open(tmp_path / "d") as issuer:
        assert issuer.sign_in("ada", PASSWORD)


@pytest.mark.usefixtures("ada_secret")
def test_the_operator_gives_another_password(run: Callable[..., Done], tmp_path: Path) -> None:
    new = "another password"
    with Issuer.open(tmp_path / "data") as issuer:
        before = issuer.sign_in("ada", PASSWORD)
        assert before is not None
        done = run("password", "ADA", "--password-stdin", stdin=f"{new}\r\n")
        assert (done.stdout, done.stderr) == (
            "The account has a new password, and is signed out everywhere.\n",
            "",
        )
        assert issuer.session_account(before.account.id, before.mark) is None
        assert issuer.sign_in("ada", PASSWORD) is None
        assert issuer.sign_in("ada", new)
        refused = run("password", "ada", "--password-stdin", stdin="short\n", status=2)
        assert "too short or too long" in refused.stderr
        assert issuer.sign_in("ada", new)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_serving(
    run: Callable[..., Done],
    ada_secret: Secret,
    tmp_path: Path,
    number: signal.Signals,
    status: int,
) -> None:
    settings = tomllib.loads(run("hook").stdout)["disable"]["issuer"]
    assert settings["kind"] == "http"
    assert settings["url"] == "http://127.0.0.1:8008/hooks/disable"
    secret = Path(settings["secret_file"]).read_text().strip()
    with serving(tmp_path / "data", "--quiet") as (process, url):
        assert account_answer(url, ada_secret).json()["username"] == "ada"
        assert Hook(url, secret).disable(ada_secret)["status"] == "disabled"
        assert account_answer(url, ada_secret).status_code == 401
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (status, "", "")
    assert "disabled: leak" in run("token", "list", "ada").stdout


def test_a_port_in_use_is_one_line(run: Callable[..., Done]) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", "--port", str(port), status=3)
    assert done.stderr == (
        f"leakscan: cannot listen on 127.0.0.1, port {port}: Address already in use: "
        "choose another --host or --port\n"
    )


@pytest.fixture
def scan(leakscan: Callable[..., Done]) -> Callable[[Path, Path], dict[str, Any]]:
    """Scan a folder that holds one secret; return the finding."""

    def command(folder: Path, config: Path) -> dict[str, Any]:
        options = ("--format", "json", "--config", str(config))
        done = leakscan("scan", *options, "--", str(folder), status=1)
        (finding,) = json.loads(done.stdout)["findings"]
        return dict(finding)

    return command


def test_a_scan_knows_what_was_issued(
    run: Callable[..., Done],
    scan: Callable[[Path, Path], dict[str, Any]],
    ada_secret: Secret,
    tmp_path: Path,
    token: str,
) -> None:
    done = run("digests", "-o", "issued.digests")
    assert done.stderr == "Wrote issued.digests.  Tokens issued: 1.\n"
    assert str(tmp_path / "data" / "digest.key") in done.stdout
    config = tmp_path / "leakscan.toml"
    config.write_text(done.stdout)
    key = digest_key(tmp_path / "data" / "digest.key")
    with DigestFile.open(tmp_path / "issued.digests", key) as issued:
        assert ada_secret in issued
    for secret, verdict in ((ada_secret.reveal(), True), (token, False)):
        folder = tmp_path / str(verdict)
        folder.mkdir()
        (folder / ".env").write_text(f"REPLICATE_API_TOKEN={secret}\n")
        assert scan(folder, config)["issued"] is verdict


def test_a_scan_knows_the_checksum(
    leakscan: Callable[..., Done],
    scan: Callable[[Path, Path], dict[str, Any]],
    ada_secret: Secret,
    tmp_path: Path,
    token: str,
) -> None:
    config = tmp_path / "leakscan.toml"
    config.write_text(leakscan("issuer", "rule").stdout)
    leakscan("rules", "check", "--config", str(config))
    for secret, verdict, confidence in (
        (ada_secret.reveal(), "valid", "high"),
        (token, "invalid", "low"),
    ):
        folder = tmp_path / verdict
        folder.mkdir()
        (folder / ".env").write_text(f"REPLICATE_API_TOKEN={secret}\n")
        if verdict == "valid":
            found = scan(folder, config)
            assert (found["checksum"], found["confidence"]) == (verdict, confidence)
        tried = leakscan("rules", "test", "--config", str(config), "-", stdin=secret, status=1)
        assert f"checksum:   {verdict}" in tried.stdout
        assert f"confidence: {confidence}" in tried.stdout

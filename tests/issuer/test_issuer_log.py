"""What an operator reads while the issuer serves, and what must never stand there."""

from __future__ import annotations

import itertools
import json
import logging
import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import requests
from issuing import (
    LOG_LINE,
    PASSWORD,
    TIMEOUT,
    Hook,
    Visitor,
    account_answer,
    event,
    send,
    token_shown,
)

from leakscan.issuer.log import LOG, logging_to, presentable
from leakscan.issuer.serve import running
from leakscan.issuer.store import Issuer
from leakscan.model import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from leakscan.issuer.values import NewAccount


class Log:
    """What was logged of a server of this process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._marks = itertools.count()

    def text(self) -> str:
        """Return all that has been logged: a line of ours, which is logged last, is waited for."""
        mark = f"mark {next(self._marks)}\n"
        LOG.info(mark)
        while f" {mark}" not in (text := self._path.read_text(encoding="ascii")):
            time.sleep(0.01)
        return re.sub(r"\S+ mark \d+\n", "", text)

    def lines(self, count: int = 0) -> list[str]:
        """Return the lines without their time, each of which must be well-formed.

        Args:
            count: how many to wait for; that of a request is written when it has been answered.
        """
        while (text := self.text()).count("\n") < count:
            time.sleep(0.01)
        assert text.endswith("\n")
        lines = text[:-1].split("\n")
        assert [line for line in lines if not LOG_LINE.fullmatch(line)] == []
        return [line.partition(" ")[2] for line in lines]

    def events(self) -> list[str]:
        """Return what touches security."""
        start = "127.0.0.1: "
        return [line[len(start) :] for line in self.lines() if line.startswith(start)]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """Log to a file, as the command does to standard error."""
    path = tmp_path / "log"
    with path.open("wb") as file, logging_to(file.fileno()):
        yield Log(path)


def test_a_line_for_each_request(log: Log, url: str, ada: NewAccount) -> None:
    secret = ada.token.secret.reveal()
    requests.get(
        f"{url}/v1/account?token={secret}",
        headers={"Authorization": f"Bearer {secret}"},
        timeout=TIMEOUT,
    )
    requests.put(f"{url}/tokens", data=secret, timeout=TIMEOUT)
    requests.get(f"{url}/absent/{secret}/x", timeout=TIMEOUT)
    requests.get(f"{url}/absent/{secret.replace('_', '%5F')}", timeout=TIMEOUT)
    redacted = ada.token.secret.redacted()
    seen = [re.sub(r"\d+ ms$", "N ms", line) for line in log.lines(4)]
    assert seen == [
        "127.0.0.1 GET /v1/account 200 N ms",
        "127.0.0.1 PUT /tokens 405 N ms",
        f"127.0.0.1 GET /absent/{redacted}/x 404 N ms",
        f"127.0.0.1 GET /absent/{redacted} 404 N ms",
    ]
    assert secret not in log.text()
    begun = datetime.strptime(log.text().partition(" ")[0], "%Y-%m-%dT%H:%M:%S%z")
    assert abs(datetime.now(UTC) - begun) < timedelta(minutes=2)


def test_the_time_that_it_took(log: Log, url: str, ada: NewAccount) -> None:
    visitor = Visitor(url)
    visitor.sign_in(ada.account.username, "wrong")
    page, form = [line for line in log.lines(3) if "/sign-in" in line]
    took = int(form.split()[-2])
    assert took >= 1  # to verify a password is slow on purpose
    assert page.split()[1:3] == ["GET", "/sign-in"]
    visitor.session.close()


def test_signing_in_and_passwords(log: Log, visitor: Visitor, ada: NewAccount) -> None:
    typed_wrong, new = "typed-into-the-wrong-field", "another password"
    visitor.sign_in("ADA", "wrong password")
    visitor.sign_in(typed_wrong, PASSWORD)
    visitor.sign_in(ada.account.username)
    visitor.change_password("not mine", new)
    visitor.change_password(PASSWORD, "short")
    visitor.change_password(PASSWORD, new)
    for _ in range(10):
        visitor.change_password(PASSWORD, new)
    stranger = Visitor(visitor.url)
    for _ in range(11):
        stranger.sign_in(typed_wrong, "wrong")
    refused = "change of password refused: wrong password, ada"
    nobody = "sign-in refused: wrong password, no account of that name"
    assert log.events() == [
        "sign-in refused: wrong password, ada",
        nobody,
        "signed in: ada",
        refused,
        "password changed: ada",
        *[refused] * 10,
        *[nobody] * 9,
        *["sign-in refused: too many attempts, no account of that name"] * 2,
    ]
    cookies = [cookie.value for cookie in visitor.session.cookies if cookie.value]
    for text in (typed_wrong, PASSWORD, new, "not mine", "short", *cookies):
        assert text not in log.text()


def test_too_many_attempts_of_somebody(log: Log, home: Visitor) -> None:
    for _ in range(10):
        home.change_password("wrong", "another password")
    home.change_password(PASSWORD, "another password")
    Visitor(home.url).sign_in("ada")
    assert log.events()[-2:] == [
        "change of password refused: too many attempts, ada",
        "sign-in refused: too many attempts, ada",
    ]


def test_what_owners_do_with_tokens(log: Log, home: Visitor, issuer: Issuer) -> None:
    secret = token_shown(home.create("laptop").text)
    (token,) = [one for one in issuer.tokens("ada") if one.name == "laptop"]
    home.create("laptop")  # refused, and so no news
    home.submit("/tokens", f"/tokens/{token.id}/rename", name="my desk")
    home.submit(f"/tokens/{token.id}/disable", f"/tokens/{token.id}/disable")
    assert log.events()[1:] == [
        f"token created: {token.hint} of ada",
        f"token renamed: {token.hint} of ada",
        f"token disabled by its owner: {token.hint} of ada",
    ]
    assert secret not in log.text()


def test_what_the_hook_did(log: Log, hook: Hook, ada: NewAccount) -> None:
    secret, finding = ada.token.secret, "cd" * 32
    body = json.dumps(event(secret.reveal(), finding=finding))
    headers = hook.signed(body)
    hook.post(body, {})
    hook.post(body, headers)
    hook.post(body, headers)
    hook.disable(secret, finding=finding)
    hook.disable(type(secret)("\x1b[31mnot\nours"), finding=finding)
    hook.post("{}", hook.signed("{}"))
    hook.post(b"x" * 1024 * 1025, headers)
    assert log.events() == [
        "hook: refused, not signed, wrongly, or too old",
        f"hook: disabled, token {secret.redacted()} of ada, finding {finding}",
        "hook: refused, a replay",
        f"hook: already_disabled, token {secret.redacted()} of ada, finding {finding}",
        f"hook: not_ours, finding {finding}",
        "hook: refused, signed but no such event: type: expected token.disable",
        "hook: refused, too large",
    ]
    for text in (secret.reveal(), hook.secret, headers["webhook-signature"]):
        assert text not in log.text()


def test_a_hostile_request_is_one_plain_line(log: Log, url: str, ada: NewAccount) -> None:
    """Whatever is sent: `Log.lines` checks that every line is one that we wrote."""
    forged = b"%0A2026-01-01T00:00:00Z%20127.0.0.1:%20signed%20in:%20ada"
    for request in (
        b"GET /" + forged + b" HTTP/1.1\r\n",
        b"GET /%0d%1b[2J%9b31m%00%ff%e2%80%ae%e2%80%a8 HTTP/1.1\r\n",
        b"GET /\x1b[2J HTTP/1.1\r\n",
        b"GET /\n127.0.0.1: HTTP/1.1\r\n",
        b"signed in:ada HTTP/1.1\r\n",
        b"X" * 5000 + b" /" + b"y" * 5000 + b" HTTP/1.1\r\n",
        b"\x1b[31m / HTTP/1.1\r\n",
    ):
        send(url, request + b"Host: x\r\nConnection: close\r\n\r\n")
    visitor = Visitor(url)
    for name in ("ada\n2026-01-01T00:00:00Z", "\x1b[31mada", "\u202eada", "x" * 5000):
        visitor.sign_in(name, "wrong")
    lines = log.lines(19)
    assert re.fullmatch(r"[\n -~]*", log.text())
    assert max(map(len, lines)) < 300
    assert "127.0.0.1: signed in: ada" not in lines
    assert any(line.startswith("127.0.0.1 signed in:ada 404 ") for line in lines)
    assert any("/%0A2026-01-01T00:00:00Z%20127.0.0.1:%20signed" in line for line in lines)
    assert any("/%0D%1B%5B2J" in line for line in lines)
    assert lines.count("Invalid HTTP request received.") == 3
    assert ada.token.secret.redacted() not in log.text()
    visitor.session.close()


def test_what_is_sent_becomes_one_word_without_tokens(ada: NewAccount) -> None:
    plain, redacted = ada.token.secret.reveal(), ada.token.secret.redacted()
    assert presentable("/tokens/1f", 200) == "/tokens/1f"
    assert presentable(f"/{plain}{plain}", 200) == f"/{redacted}{redacted}"
    assert presentable("/a b%\x85\ud800", 200) == "/a%20b%25%C2%85%3F"
    assert presentable("/a%20b%255F", 200) == "/a%2520b%25255F"  # without a token, as it came
    long = "x" * 190 + plain
    assert plain[:10] not in presentable(long, 200)
    assert presentable("x" * 20, 20) == "x" * 20
    assert presentable("x" * 21, 20) == "x" * 20 + "..."


def test_a_token_is_found_however_it_is_encoded(new_token: Callable[[], str]) -> None:
    plain, other = new_token(), new_token()
    redacted = Secret(plain).redacted()
    once = "".join(f"%{ord(character):02x}" for character in plain)
    text = plain.replace("_", "%5f")
    for _ in range(5):
        assert presentable(f"/{text}", 200) == f"/{redacted}"
        assert presentable(f"/{text}/a%20b/{other}", 200) == (
            f"/{redacted}/a%20b/{Secret(other).redacted()}"
        )
        text = text.replace("%", "%25")
    assert presentable(once, 200) == redacted
    assert presentable(once.replace("%", "%25"), 200) == redacted


def test_a_method_or_path_holds_no_token(log: Log, url: str, ada: NewAccount) -> None:
    plain, redacted = ada.token.secret.reveal(), ada.token.secret.redacted()
    for sent in (
        f"{plain} /",
        f"{plain.replace('_', '%5f')}%20x /",
        f"GET /{plain.replace('_', '%255f')}",
        f"GET /{plain.replace('_', '%25255f')}/{plain}",
    ):
        send(url, f"{sent} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert [line.split()[1:3] for line in log.lines(4)] == [
        [redacted, "/"],
        [f"{redacted}%20x", "/"],
        ["GET", f"/{redacted}"],
        ["GET", f"/{redacted}/{redacted}"],
    ]
    assert plain[8:20] not in log.text()


def test_a_broken_database_is_told_to_the_operator(log: Log, url: str, issuer: Issuer) -> None:
    issuer.close()
    for suffix in ("-wal", "-shm"):
        issuer.folder.database.with_name(f"issuer.sqlite3{suffix}").unlink(missing_ok=True)
    issuer.folder.database.write_bytes(b"no database" * 1000)
    assert requests.get(f"{url}/v1/account", timeout=TIMEOUT).status_code == 401
    headers = {"Authorization": "Bearer x"}
    assert requests.get(f"{url}/v1/account", headers=headers, timeout=TIMEOUT).status_code == 503
    (told,) = log.events()
    assert told.startswith(f"unavailable: {issuer.folder.database}: damaged (")


def test_an_error_of_ours_is_told_without_its_message(
    log: Log, url: str, ada: NewAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_issuer: Issuer, token: str) -> None:
        raise ValueError(f"\n{token}\x1b[31m")

    monkeypatch.setattr(Issuer, "bearer", broken)
    assert account_answer(url, ada.token.secret).status_code == 500
    request, error = log.lines(2)
    assert re.fullmatch(r"127\.0\.0\.1 GET /v1/account 500 \d+ ms", request)
    assert re.fullmatch(
        r"Exception in ASGI application: ValueError in test_issuer_log\.py:\d+", error
    )
    assert ada.token.secret.reveal() not in log.text()


def test_without_the_command_nothing_is_logged(
    issuer: Issuer, ada: NewAccount, capfd: pytest.CaptureFixture[str]
) -> None:
    with running(issuer) as url:
        Visitor(url).sign_in(ada.account.username)
        Hook(url, issuer.webhook_secret).disable(ada.token.secret)
    assert capfd.readouterr() == ("", "")
    assert (LOG.handlers, LOG.level) == ([], logging.NOTSET)


def test_afterwards_nothing_is_left(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file, logging_to(file.fileno()):
        LOG.info("heard")
    LOG.info("not heard")
    assert (tmp_path / "log").read_text()[21:] == "heard\n"
    assert (LOG.handlers, LOG.level) == ([], logging.NOTSET)

"""Signing in and out, sessions, and which forms are taken."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import requests
from issuing import (
    PASSWORD,
    TIMEOUT,
    Visitor,
    account_answer,
)

from leakscan.issuer.attempts import Attempts
from leakscan.issuer.minting import mint
from leakscan.issuer.serve import running

if TYPE_CHECKING:
    from leakscan.issuer.store import Issuer
    from leakscan.issuer.values import NewAccount

WRONG = "This user name and password do not belong together."


def test_the_start_leads_to_signing_in(visitor: Visitor) -> None:
    for path in ("/", "/tokens", "/tokens/x/disable", "/password"):
        assert visitor.get(path).url.endswith("/sign-in")


def test_signing_in_and_out(home: Visitor) -> None:
    assert home.get("/").url.endswith("/tokens")
    assert home.get("/sign-in").url.endswith("/tokens")
    page = home.get("/tokens").text
    assert "Ada Lovelace" in page
    assert "Default" in page
    assert home.submit("/tokens", "/sign-out").url.endswith("/sign-in")
    assert home.get("/tokens").url.endswith("/sign-in")


@pytest.mark.usefixtures("ada")
def test_an_unknown_user_and_a_wrong_password_are_the_same(visitor: Visitor) -> None:
    pages = []
    for username, password in (("ada", "wrong"), ("bob", PASSWORD)):
        answer = visitor.sign_in(username, password)
        assert answer.status_code == 401
        pages.append(answer.text.replace(username, "NAME"))
    assert WRONG in pages[0]
    assert "wrong" not in pages[0]
    assert pages[0] == pages[1]


@pytest.mark.usefixtures("dear_passwords")
def test_an_unknown_user_takes_the_same_work(
    issuer: Issuer, ada: NewAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    from argon2 import PasswordHasher

    verified: list[str] = []
    real = PasswordHasher.verify

    def watched(self: PasswordHasher, kept: str, password: Any) -> Any:
        verified.append(kept)
        return real(self, kept, password)

    monkeypatch.setattr(PasswordHasher, "verify", watched)
    for username in (ada.account.username, "bob"):
        assert issuer.sign_in(username, "wrong") is None
    mine, nobodys = verified
    assert mine.split("$")[:4] == nobodys.split("$")[:4]  # the same algorithm and cost


@pytest.mark.usefixtures("dear_passwords")
def test_few_passwords_are_verified_at_a_time(
    url: str, ada: NewAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    from argon2 import PasswordHasher

    begun: list[int] = []
    ended: list[int] = []
    at_once: list[int] = []
    real = PasswordHasher.verify

    def watched(self: PasswordHasher, kept: str, password: Any) -> Any:
        begun.append(1)
        at_once.append(len(begun) - len(ended))
        try:
            return real(self, kept, password)
        finally:
            ended.append(1)

    monkeypatch.setattr(PasswordHasher, "verify", watched)

    def sign_in(number: int) -> int:
        visitor = Visitor(url)
        answer = visitor.sign_in(f"{ada.account.username}{number}", "wrong")
        visitor.session.close()
        return answer.status_code

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(sign_in, range(12))) == {401}
    assert len(at_once) == 12
    assert max(at_once) <= 2


def test_too_many_attempts(visitor: Visitor, ada: NewAccount) -> None:
    for _ in range(10):
        assert visitor.sign_in("ada", "wrong").status_code == 401
    for name in ("ada", "ADA"):
        answer = visitor.sign_in(name)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= 60
        assert "too many attempts" in answer.text
    assert visitor.sign_in("bob", "wrong").status_code == 401
    assert account_answer(visitor.url, ada.token.secret).status_code == 200


def test_attempts_are_counted_by_the_minute() -> None:
    now = 0.0
    attempts = Attempts(limit=2, seconds=60, names=3, clock=lambda: now)
    assert [attempts.wait("a") for _ in range(3)] == [0, 0, 60]
    now = 59
    assert (attempts.wait("a"), attempts.wait("b")) == (1, 0)
    now = 60
    assert [attempts.wait("a") for _ in range(3)] == [0, 0, 60]
    attempts.forget("a")
    assert attempts.wait("a") == 0
    attempts.wait("a")
    for name in "bcd":  # the oldest name makes room
        attempts.wait(name)
    assert attempts.wait("a") == 0


def test_the_cookie_is_kept_from_scripts_and_lasts_half_a_day(home: Visitor) -> None:
    fresh = Visitor(home.url)
    cookie = fresh.get("/sign-in").headers["set-cookie"]
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "Max-Age=43200" in cookie
    assert "secure" not in cookie
    fresh.session.close()


def test_behind_https_the_cookie_is_secure(issuer: Issuer) -> None:
    with running(issuer, https=True) as url:
        cookie = requests.get(f"{url}/sign-in", timeout=TIMEOUT).headers["set-cookie"]
    assert cookie.startswith("__Host-")
    assert "; secure" in cookie


def test_a_forged_cookie_is_nobody(visitor: Visitor, ada: NewAccount) -> None:
    assert ada.account.id == 1
    for value in ("eyJhY2NvdW50IjogMX0=", "eyJhY2NvdW50IjogMX0=.aaaa.bbbb", "null", "\x01"):
        answer = requests.get(
            f"{visitor.url}/tokens",
            headers={"Cookie": f"leakscan-issuer={value}"},
            timeout=TIMEOUT,
        )
        assert answer.url.endswith("/sign-in")


def test_the_form_key_changes_at_sign_in(visitor: Visitor, ada: NewAccount) -> None:
    before = re.findall('name="form_key" value="(.*?)"', visitor.get("/sign-in").text)
    visitor.sign_in(ada.account.username)
    after = re.findall('name="form_key" value="(.*?)"', visitor.get("/tokens").text)
    assert before
    assert set(after).isdisjoint(before)
    assert visitor.post("/tokens", form_key=before[0], form="0" * 32, name="x").status_code == 403


FORMS = (
    "/sign-in",
    "/sign-out",
    "/password",
    "/tokens",
    "/tokens/{id}/rename",
    "/tokens/{id}/disable",
)


@pytest.mark.parametrize("path", FORMS)
def test_forms_without_the_right_key_are_refused(issuer: Issuer, home: Visitor, path: str) -> None:
    (token,) = issuer.tokens("ada")
    other = Visitor(home.url)
    (theirs,) = re.findall('name="form_key" value="(.*?)"', other.get("/sign-in").text)
    other.session.close()
    fields = {"form": "0" * 32, "name": "evil", "username": "ada", "password": PASSWORD}
    fields |= {"current": PASSWORD, "new": "a password of Eve's"}
    for key in (
        {},
        {"form_key": ""},
        {"form_key": "x"},
        {"form_key": "\u00e4"},
        {"form_key": theirs},
    ):
        answer = home.post(path.replace("{id}", token.id), **fields, **key)
        assert answer.status_code == 403
        assert "Nothing was changed" in answer.text
        assert "Open the page again" in answer.text
    assert issuer.tokens("ada") == (token,)
    assert home.get("/tokens").url.endswith("/tokens")


def test_hostile_forms_are_refused(home: Visitor) -> None:
    for body in (b"\xff\xfe", b"a=1&" * 100, b"x" * 100_000, b"form_key=%ff%fe"):
        answer = home.session.post(f"{home.url}/tokens", data=body, timeout=TIMEOUT)
        assert answer.status_code == 403


def test_an_account_that_is_gone_signs_nobody_in(issuer: Issuer, home: Visitor) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(issuer.folder.database)) as connection:
        connection.execute("DELETE FROM tokens")
        connection.execute("DELETE FROM accounts")
        connection.commit()
    assert home.get("/tokens").url.endswith("/sign-in")
    assert mint() is not None

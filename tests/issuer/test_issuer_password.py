"""Changing one's password: who may, what is refused, and which sessions go on."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import itsdangerous
import pytest
from issuing import PASSWORD, Visitor, account_answer, words

from leakscan.errors import UsageError
from leakscan.issuer.passwords import Passwords

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.issuer.store import Issuer
    from leakscan.issuer.values import NewAccount

NEW = "a new password"
WRONG = "This is not your current password."
SIGNED_OUT = "You were signed out, because the password was changed or the session is too old."


@pytest.fixture
def elsewhere(home: Visitor) -> Iterator[Visitor]:
    """Sign in as Ada with another browser, too."""
    other = Visitor(home.url)
    assert other.sign_in("ada").url.endswith("/tokens")
    yield other
    other.session.close()


def is_signed_in(visitor: Visitor) -> bool:
    return visitor.get("/tokens").url.endswith("/tokens")


@pytest.mark.usefixtures("dear_passwords")
def test_a_hash_costs_what_rfc_9106_recommends() -> None:
    assert Passwords().hash(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_every_page_leads_to_it(home: Visitor, issuer: Issuer) -> None:
    (token,) = issuer.tokens("ada")
    for path in ("/tokens", f"/tokens/{token.id}/disable", "/password"):
        assert '<a href="/password">Change password</a>' in home.get(path).text


def test_only_the_own_session_goes_on(
    home: Visitor, elsewhere: Visitor, issuer: Issuer, ada: NewAccount
) -> None:
    stolen = dict(home.session.cookies)
    answer = home.change_password(PASSWORD, NEW)
    assert answer.url.endswith("/tokens")
    assert "Your password is changed. Other browsers were signed out." in words(answer.text)
    assert is_signed_in(home)
    assert not is_signed_in(elsewhere)
    home.session.cookies.clear()
    home.session.cookies.update(stolen)  # the cookie from before the change is of no use either
    assert not is_signed_in(home)
    assert elsewhere.sign_in("ada").status_code == 401
    assert elsewhere.sign_in("ada", NEW).url.endswith("/tokens")
    assert issuer.sign_in("ada", PASSWORD) is None
    assert account_answer(home.url, ada.token.secret).status_code == 200  # tokens are untouched


def test_a_session_that_is_over_changes_nothing(
    home: Visitor, elsewhere: Visitor, issuer: Issuer
) -> None:
    tokens = elsewhere.get("/tokens").text
    key = tokens.partition('name="form_key" value="')[2].partition('"')[0]
    form = tokens.partition('name="form" value="')[2].partition('"')[0]
    home.change_password(PASSWORD, NEW)
    (token,) = issuer.tokens("ada")
    stolen = dict(elsewhere.session.cookies)
    for path, fields in (
        ("/password", {"current": NEW, "new": PASSWORD}),
        ("/tokens", {"name": "evil", "form": form}),
        (f"/tokens/{token.id}/rename", {"name": "evil"}),
        (f"/tokens/{token.id}/disable", {}),
    ):
        elsewhere.session.cookies.clear()
        elsewhere.session.cookies.update(stolen)
        answer = elsewhere.post(path, form_key=key, **fields)
        assert answer.status_code == 403 or answer.url.endswith("/sign-in")
    assert issuer.tokens("ada") == (token,)
    assert issuer.sign_in("ada", NEW)


@pytest.mark.parametrize("path", ["/", "/tokens", "/tokens/x/disable", "/password", "/sign-in"])
def test_who_was_signed_out_is_told_once_why(home: Visitor, elsewhere: Visitor, path: str) -> None:
    home.change_password(PASSWORD, NEW)
    answer = elsewhere.get(path)
    assert answer.url.endswith("/sign-in")
    assert SIGNED_OUT in words(answer.text)
    assert answer.text.count('role="status"') == 1
    assert SIGNED_OUT not in words(elsewhere.get(path).text)
    assert SIGNED_OUT not in words(home.get("/tokens").text)
    assert elsewhere.sign_in("ada", NEW).url.endswith("/tokens")
    assert elsewhere.submit("/tokens", "/sign-out").url.endswith("/sign-in")
    assert SIGNED_OUT not in words(elsewhere.get(path).text)  # who signs out knows why


def test_a_stranger_was_not_signed_out(visitor: Visitor) -> None:
    for _ in range(2):  # without a session, and with one that names nobody
        assert SIGNED_OUT not in words(visitor.get("/tokens").text)
    visitor.session.cookies.set("leakscan-issuer", "forged")
    assert SIGNED_OUT not in words(visitor.get("/tokens").text)


def test_the_operator_ends_every_session(home: Visitor, elsewhere: Visitor, issuer: Issuer) -> None:
    issuer.set_password("ada", PASSWORD)  # even if it is the same
    assert not is_signed_in(home)
    assert not is_signed_in(elsewhere)


def test_a_session_from_before_there_were_marks_is_over(visitor: Visitor, issuer: Issuer) -> None:
    account = issuer.create_account("ada", password=PASSWORD).account
    signer = itsdangerous.TimestampSigner(issuer.session_key.hex())

    def cookie(session: dict[str, object]) -> str:
        return signer.sign(base64.b64encode(json.dumps(session).encode())).decode()

    signed_in = issuer.sign_in("ada", PASSWORD)
    assert signed_in is not None
    good = {"account": account.id, "password_mark": signed_in.mark}
    for session, is_good in ((good, True), (good | {"password_mark": "0" * 32}, False)):
        visitor.session.cookies.set("leakscan-issuer", cookie(session))
        assert is_signed_in(visitor) is is_good
        visitor.session.cookies.clear()
    visitor.session.cookies.set("leakscan-issuer", cookie({"account": account.id}))
    assert not is_signed_in(visitor)


@pytest.mark.parametrize(
    ("current", "new", "status", "message"),
    [
        ("wrong", NEW, 401, WRONG),
        ("", NEW, 401, WRONG),
        ("wrong", "wrong", 422, "The password is too short or too long: use 8 to 1000 characters."),
        ("still wrong", "still wrong", 401, WRONG),
        (PASSWORD, "7 chars", 422, "The password is too short or too long"),
        (PASSWORD, "x" * 1001, 422, "The password is too short or too long"),
        (PASSWORD, PASSWORD, 422, "The new password is the same as the old one: choose another."),
    ],
)
def test_what_is_refused(
    home: Visitor, elsewhere: Visitor, current: str, new: str, status: int, message: str
) -> None:
    answer = home.change_password(current, new)
    assert answer.status_code == status
    assert answer.text.count('role="alert"') == 1
    assert message in words(answer.text)
    assert current not in answer.text or not current
    assert new not in answer.text
    assert is_signed_in(home)
    assert is_signed_in(elsewhere)
    assert Visitor(home.url).sign_in("ada").url.endswith("/tokens")


def test_fields_that_are_missing(home: Visitor, issuer: Issuer) -> None:
    assert home.submit("/password", "/password").status_code == 422
    assert home.submit("/password", "/password", new=NEW).status_code == 401
    assert issuer.sign_in("ada", PASSWORD)


def test_a_stolen_session_cannot_guess(home: Visitor, issuer: Issuer) -> None:
    for number in range(10):
        assert home.change_password(f"guess {number}", NEW).status_code == 401
    answer = home.change_password(PASSWORD, NEW)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert "too many attempts" in answer.text
    assert Visitor(home.url).sign_in("ada").status_code == 429  # counted together
    assert issuer.sign_in("ada", PASSWORD)


def test_attempts_to_sign_in_count_too(home: Visitor, issuer: Issuer) -> None:
    stranger = Visitor(home.url)
    for _ in range(10):
        stranger.sign_in("ADA", "wrong")
    assert home.change_password(PASSWORD, NEW).status_code == 429
    assert issuer.sign_in("ada", PASSWORD)


@pytest.mark.usefixtures("dear_passwords")
def test_signing_in_and_changing_share_their_turns(
    home: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from argon2 import PasswordHasher

    begun: list[int] = []
    ended: list[int] = []
    at_once: list[int] = []
    real = PasswordHasher.verify

    def watched(self: PasswordHasher, kept: str, password: bytes) -> bool:
        begun.append(1)
        at_once.append(len(begun) - len(ended))
        try:
            return real(self, kept, password)
        finally:
            ended.append(1)

    monkeypatch.setattr(PasswordHasher, "verify", watched)
    cookies = dict(home.session.cookies)

    def attempt(number: int) -> int:
        visitor = Visitor(home.url)
        if number % 2:
            status = visitor.sign_in(f"nobody{number}", "wrong").status_code
        else:
            visitor.session.cookies.update(cookies)
            status = visitor.change_password("wrong", NEW).status_code
        visitor.session.close()
        return status

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(attempt, range(12))) == {401}
    assert len(at_once) == 12
    assert max(at_once) <= 2


@pytest.mark.usefixtures("dear_passwords")
def test_of_many_changes_at_once_one_is_made(issuer: Issuer, ada: NewAccount) -> None:
    def change(number: int) -> bool:
        return issuer.change_password("ada", PASSWORD, f"{NEW} {number}") is not None

    with ThreadPoolExecutor(8) as pool:
        changed = list(pool.map(change, range(8)))
    assert changed.count(True) == 1
    signed_in = issuer.sign_in("ada", f"{NEW} {changed.index(True)}")
    assert signed_in is not None
    assert signed_in.account == ada.account


def test_passwords_are_not_told(issuer: Issuer, ada: NewAccount) -> None:
    with pytest.raises(UsageError) as caught:
        issuer.change_password(ada.account.username, PASSWORD, PASSWORD)
    assert PASSWORD not in str(caught.value)
    signed_in = issuer.sign_in("ada", PASSWORD)
    assert signed_in is not None
    assert signed_in.mark not in repr(signed_in)

"""``GET /v1/account`` over a real server."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
import requests
from issuing import PASSWORD, TIMEOUT, account_answer

from leakscan.errors import LeakscanError
from leakscan.issuer.minting import mint
from leakscan.issuer.serve import running

if TYPE_CHECKING:
    from leakscan.issuer.store import Issuer
    from leakscan.issuer.values import NewAccount

UNAUTHENTICATED = {
    "title": "Unauthenticated",
    "detail": "You did not pass a valid authentication token",
    "status": 401,
}


def ask(url: str, authorization: str | bytes) -> requests.Response:
    return requests.get(
        f"{url}/v1/account", headers={"Authorization": authorization}, timeout=TIMEOUT
    )


def test_a_token_tells_its_account(url: str, ada: NewAccount) -> None:
    answer = account_answer(url, ada.token.secret)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "type": "user",
        "username": "ada",
        "name": "Ada Lovelace",
        "github_url": "https://github.com/ada",
    }


def test_what_is_not_set_is_left_out(issuer: Issuer, url: str) -> None:
    made = issuer.create_account("acme", password=PASSWORD, kind="organization")
    told = account_answer(url, made.token.secret).json()
    assert told == {"type": "organization", "username": "acme"}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_may_be_in_any_case(url: str, ada: NewAccount, scheme: str) -> None:
    assert ask(url, f"{scheme}  {ada.token.secret.reveal()}").status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Token {token}",
        "{token}",
        "Bearer {token}x",
        "Bearer x{token}",
        "Bearer {token} {token}",
        "Basic e3Rva2VufTo=",
        b"Bearer \xff\xfe\x80",
        "Bearer " + "x" * 30_000,
    ],
)
def test_all_else_is_unauthenticated(url: str, ada: NewAccount, authorization: str | bytes) -> None:
    if isinstance(authorization, str):
        authorization = authorization.replace("{token}", ada.token.secret.reveal())
    answer = ask(url, authorization)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json() == UNAUTHENTICATED


def test_unknown_absent_and_disabled_are_the_same(
    issuer: Issuer, url: str, ada: NewAccount
) -> None:
    issuer.disable_token("ada", "Default")
    absent = requests.get(f"{url}/v1/account", timeout=TIMEOUT)
    for answer in (account_answer(url, mint()), account_answer(url, ada.token.secret), absent):
        assert (answer.status_code, answer.json()) == (401, UNAUTHENTICATED)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /v1/account HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + b"x" * 200_000,
        b"GET /v1/account HTTP/1.1\r\nHost: x\r\nAuthorization: \x00\x01\r\n\r\n",
        b"\x16\x03\x01 not HTTP at all \r\n\r\n",
        b"GET /v1/acc\xffount HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_garbage_breaks_nothing(url: str, ada: NewAccount, request_bytes: bytes) -> None:
    port = int(url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as connection:
        try:
            connection.sendall(request_bytes + b"\r\n\r\n")
            status = connection.recv(100)
        except ConnectionError:
            status = b""  # it hung up, as it may
    assert not status or status.split()[1] in (b"400", b"401", b"404", b"431")
    assert account_answer(url, ada.token.secret).status_code == 200


def test_other_addresses_and_methods(url: str) -> None:
    absent = requests.get(f"{url}/v1/predictions", timeout=TIMEOUT)
    assert (absent.status_code, absent.json()["status"]) == (404, 404)
    assert absent.headers["content-type"] == "application/problem+json"
    for method, path in (("DELETE", "/v1/account"), ("GET", "/hooks/disable")):
        answer = requests.request(method, url + path, timeout=TIMEOUT)
        assert (answer.status_code, answer.json()["status"]) == (405, 405)
        assert answer.headers["allow"]


def test_a_broken_database_is_told_without_details(
    issuer: Issuer, url: str, ada: NewAccount
) -> None:
    assert account_answer(url, ada.token.secret).status_code == 200
    issuer.close()
    for suffix in ("-wal", "-shm"):
        issuer.folder.database.with_name(f"issuer.sqlite3{suffix}").unlink(missing_ok=True)
    issuer.folder.database.write_bytes(b"no database" * 1000)
    answer = account_answer(url, ada.token.secret)
    assert answer.status_code == 503
    assert "sqlite" not in answer.text
    assert requests.get(f"{url}/", timeout=TIMEOUT).status_code == 200  # needs none


def test_running_frees_its_port(issuer: Issuer) -> None:
    with running(issuer) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(LeakscanError, match=f"port {port}: Address already in use"):
            running(issuer, port).__enter__()
    with running(issuer, port) as again:
        assert again == url

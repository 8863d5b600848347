"""Verification: what the account endpoint says, and what it does not."""

from __future__ import annotations

import threading
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leakscan.errors import UsageError
from leakscan.issuer.serve import running
from leakscan.issuer.store import Issuer
from leakscan.ledger.words import Verdict
from leakscan.model import Secret
from leakscan.respond.failure import AttemptError
from leakscan.respond.verify import ACCOUNT_URL, Pace, Verifier, read_verifier
from leakscan.respond.web import Server
from servers import Reply, a_closed_port, a_json, running_web

if TYPE_CHECKING:
    from collections.abc import Callable

RULES = frozenset({"replicate-api-token"})
UNAUTHENTICATED = {
    "title": "Unauthenticated",
    "detail": "You did not pass a valid authentication token",
    "status": 401,
}


def verifier(url: str) -> Verifier:
    return Verifier(Server(url, 2), RULES, Pace(100_000))


@pytest.mark.parametrize(
    ("reply", "verdict", "account"),
    [
        (a_json({"type": "user", "username": "ada", "name": "Ada"}), Verdict.VALID, "ada"),
        (a_json({"type": "organization", "username": "acme"}), Verdict.VALID, "acme"),
        (a_json({"type": "user"}), Verdict.VALID, None),
        (a_json(UNAUTHENTICATED, 401), Verdict.INVALID, None),
        (a_json({"detail": "forbidden"}, 403), Verdict.UNKNOWN, None),
        (a_json({"detail": "not found"}, 404), Verdict.UNKNOWN, None),
        (a_json({"ok": True}), Verdict.UNKNOWN, None),
        (a_json(["user"]), Verdict.UNKNOWN, None),
        ((200, {}, b"<html>Sign in to the hotel's network</html>"), Verdict.UNKNOWN, None),
        ((302, {"location": "http://127.0.0.1:1/"}, b""), Verdict.UNKNOWN, None),
    ],
)
def test_an_answer_is_a_verdict(
    token: str, reply: Reply, verdict: Verdict, account: str | None
) -> None:
    with running_web(lambda _: reply) as web:
        assert verifier(web.url).verify(Secret(token)) == (verdict, account)
    (request,) = web.requests
    assert (request.method, request.headers["authorization"]) == ("GET", f"Bearer {token}")


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [(429, {"retry-after": "7"}, 7), (429, {}, None), (503, {}, None)],
)
def test_a_busy_endpoint_is_asked_again_later(
    token: str, status: int, headers: dict[str, str], wait: int | None
) -> None:
    with (
        running_web(lambda _: (status, headers, b"Request was throttled.")) as web,
        pytest.raises(AttemptError, match=f"HTTP {status}") as caught,
    ):
        verifier(web.url).verify(Secret(token))
    assert (caught.value.wait and caught.value.wait.total_seconds()) == wait


def test_nobody_there_is_no_verdict(token: str) -> None:
    with pytest.raises(AttemptError, match="refused"):
        verifier(f"http://127.0.0.1:{a_closed_port()}/").verify(Secret(token))


def test_the_embedded_issuer_answers_as_the_real_one(tmp_path: Path) -> None:
    with Issuer.open(tmp_path / "issuer") as issuer, running(issuer) as url:
        made = issuer.create_account("ada", password="x" * 20, email="ada@example.com")
        check = verifier(f"{url}/v1/account").verify
        assert check(made.token.secret) == (Verdict.VALID, "ada")
        issuer.disable_token("ada", "Default")
        assert check(made.token.secret) == (Verdict.INVALID, None)


def test_calls_of_all_threads_are_spaced_out() -> None:
    pace = Pace(60 * 50)  # one in 20 ms
    started = time.monotonic()
    threads = [threading.Thread(target=pace.wait) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - started >= 9 * 0.02


def read(text: str) -> Verifier:
    return read_verifier(tomllib.loads(text)["verify"], Path("/etc/leakscan.toml"))


def test_an_empty_table_asks_replicate() -> None:
    assert read("[verify]").server.url == ACCOUNT_URL


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('verify.url = "http://issuer.example.com/"', "in the clear"),
        ('verify.url = "http://[::1"', "not an address"),
        ('verify.url = "http://127.0.0.1:99999/"', "not an address"),
        ("verify.per_minute = 0", "verify.per_minute"),
        ('verify.token = "x"', "verify.token: unknown key"),
        ("verify = true", "expected a table"),
    ],
)
def test_what_is_wrong_is_named(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read(text)


def test_a_verifier_is_one_for_all_threads(token: str) -> None:
    check: Callable[[Secret], object]
    with running_web(lambda _: a_json({"type": "user", "username": "ada"})) as web:
        check = verifier(web.url).verify
        threads = [threading.Thread(target=check, args=(Secret(token),)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(web.requests) == 8


def test_an_account_named_after_the_token_is_redacted(token: str) -> None:
    with running_web(lambda _: a_json({"type": "user", "username": token})) as web:
        verdict, account = verifier(web.url).verify(Secret(token))
    assert (verdict, account) == (Verdict.VALID, Secret(token).redacted())

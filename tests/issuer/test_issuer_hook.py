"""The disable hook: who is believed, what is answered, and what happens only once."""

from __future__ import annotations

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from issuing import PASSWORD, SIGHTING, Hook, account_answer, assert_problem, event
from standardwebhooks.webhooks import Webhook

from leakscan.issuer.leak_event import read_leak
from leakscan.issuer.minting import mint

if TYPE_CHECKING:
    from collections.abc import Callable

    from leakscan.issuer.store import Issuer
    from leakscan.issuer.values import NewAccount

OWNER = {"name": "Ada Lovelace", "email": "ada@example.com", "locale": "en-GB"}
Headers = dict[str, str]


def test_a_leaked_token_is_disabled(hook: Hook, issuer: Issuer, ada: NewAccount) -> None:
    answer = hook.disable(ada.token.secret)
    assert answer == {"status": "disabled", "owner": OWNER, "token": {"name": "Default"}}
    assert account_answer(hook.url, ada.token.secret).status_code == 401
    (token,) = issuer.tokens("ada")
    assert token.disabled is not None
    assert (token.disabled.by, token.disabled.reason) == ("leak", "public-repository")
    assert token.disabled.sighting_count == 1
    (sighting,) = token.disabled.evidence
    assert (sighting.repository, sighting.place, sighting.url) == (
        SIGHTING["repository"],
        "src/.env:3",
        SIGHTING["url"],
    )


def test_other_answers(hook: Hook, issuer: Issuer, ada: NewAccount) -> None:
    assert hook.disable(mint()) == {"status": "not_ours", "owner": None, "token": None}
    issuer.disable_token("ada", "Default")
    answer = hook.disable(ada.token.secret)
    assert answer == {"status": "already_disabled", "owner": OWNER, "token": {"name": "Default"}}
    (token,) = issuer.tokens("ada")
    assert token.disabled is not None
    assert token.disabled.by == "owner"


def test_owners_of_whom_little_is_known(hook: Hook, issuer: Issuer) -> None:
    made = issuer.create_account("acme", password=PASSWORD, kind="organization")
    nobody = {"name": None, "email": None, "locale": None}
    assert hook.disable(made.token.secret)["owner"] == nobody


def test_only_the_secret_signs(hook: Hook, ada: NewAccount) -> None:
    other = "whsec_" + base64.b64encode(b"another secret of 32 bytes here.").decode()
    body = json.dumps(event(ada.token.secret.reveal()))
    assert_problem(hook.post(body, Hook(hook.url, other).signed(body)), 401)
    assert_problem(hook.post(body + " ", hook.signed(body)), 401)
    assert_problem(hook.post(body, {}), 401)
    assert account_answer(hook.url, ada.token.secret).status_code == 200


@pytest.mark.parametrize("age", [timedelta(minutes=6), timedelta(minutes=-6), timedelta(days=9)])
def test_old_and_future_messages_are_refused(hook: Hook, ada: NewAccount, age: timedelta) -> None:
    body = json.dumps(event(ada.token.secret.reveal()))
    assert_problem(hook.post(body, hook.signed(body, age=age)), 401)
    assert account_answer(hook.url, ada.token.secret).status_code == 200


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "x",
        "nan",
        "inf",
        "-1",
        "1e9",
        "9" * 11,
        "9" * 400,
        "0",
        "v1",
        "v1,",
        "v1,,",
        "v1,a",
        "v1,====",
        "v1,%%%",
        "v2,AAAA",
        "v1,AAAA v1,AAAA",
        "a.b",
        "\u00fc".encode(),
        b"\xff\x80",
    ],
)
def test_malformed_headers_are_unauthenticated(
    hook: Hook, ada: NewAccount, name: str, value: Any
) -> None:
    body = json.dumps(event(ada.token.secret.reveal()))
    headers: dict[str, Any] = hook.signed(body)
    headers[name] = value
    if value is None:
        del headers[name]
    assert_problem(hook.post(body, headers), 401)
    assert account_answer(hook.url, ada.token.secret).status_code == 200


def test_one_good_signature_among_others_is_enough(hook: Hook, ada: NewAccount) -> None:
    body = json.dumps(event(ada.token.secret.reveal()))
    headers = hook.signed(body)
    headers["webhook-signature"] = f"v2,AAAA v1,AAAA {headers['webhook-signature']}"
    assert hook.post(body, headers).json()["status"] == "disabled"


def _same(_headers: Headers) -> None:
    pass


def _another_signature_before(headers: Headers) -> None:
    headers["webhook-signature"] = "v1,AAAA " + headers["webhook-signature"]


def _twice(headers: Headers) -> None:
    headers["webhook-signature"] += " " + headers["webhook-signature"]


@pytest.mark.parametrize("disguise", [_same, _another_signature_before, _twice])
def test_a_replay_is_refused(
    hook: Hook, ada: NewAccount, disguise: Callable[[Headers], None]
) -> None:
    body = json.dumps(event(ada.token.secret.reveal()))
    headers = hook.signed(body)
    assert hook.post(body, headers).json()["status"] == "disabled"
    disguise(headers)
    assert_problem(hook.post(body, headers), 409)


@pytest.mark.parametrize("spelling", ["{}.0", "{}.7", "0{}", "+{}", "{}e0"])
def test_another_spelling_of_the_time_hides_no_replay(
    hook: Hook, ada: NewAccount, spelling: str
) -> None:
    body = json.dumps(event(ada.token.secret.reveal()))
    headers = hook.signed(body)
    assert hook.post(body, headers).status_code == 200
    headers["webhook-timestamp"] = spelling.format(headers["webhook-timestamp"])
    assert_problem(hook.post(body, headers), 409 if spelling == "0{}" else 401)


def test_a_retry_is_told_the_same(hook: Hook, ada: NewAccount) -> None:
    body = json.dumps(event(ada.token.secret.reveal()))
    first = hook.post(body, hook.signed(body, "msg_a", timedelta(seconds=60)))
    retry = hook.post(body, hook.signed(body, "msg_a", timedelta(seconds=30)))
    later = hook.post(body, hook.signed(body, "msg_b"))
    assert first.json()["status"] == "disabled"
    assert retry.json() == first.json()
    assert later.json() == first.json() | {"status": "already_disabled"}


def test_replays_are_known_after_a_restart(hook: Hook, issuer: Issuer, ada: NewAccount) -> None:
    from leakscan.issuer.serve import running
    from leakscan.issuer.store import Issuer

    body = json.dumps(event(ada.token.secret.reveal()))
    headers = hook.signed(body)
    assert hook.post(body, headers).status_code == 200
    with Issuer.open(issuer.folder.path) as again, running(again) as url:
        assert_problem(Hook(url, again.webhook_secret).post(body, headers), 409)


def test_one_of_many_disables_it(hook: Hook, issuer: Issuer, ada: NewAccount) -> None:
    start = threading.Barrier(20)

    def disable(_number: int) -> str:
        start.wait()
        return str(hook.disable(ada.token.secret)["status"])

    with ThreadPoolExecutor(20) as pool:
        answers = sorted(pool.map(disable, range(20)))
    assert answers == ["already_disabled"] * 19 + ["disabled"]
    assert len(issuer.tokens("ada")) == 1


def test_one_of_many_replays_is_taken(hook: Hook, ada: NewAccount) -> None:
    body = json.dumps(event(ada.token.secret.reveal()))
    headers = hook.signed(body)
    with ThreadPoolExecutor(10) as pool:
        codes = sorted(pool.map(lambda _: hook.post(body, headers).status_code, range(10)))
    assert codes == [200] + [409] * 9


def test_old_deliveries_are_forgotten(issuer: Issuer, ada: NewAccount) -> None:
    import sqlite3
    import time
    from contextlib import closing

    from leakscan.issuer.values import Delivery

    leak = read_leak(json.dumps(event(ada.token.secret.reveal())).encode())
    now = int(time.time())
    issuer.disable_leaked(leak, Delivery("old", now - 601, "v1,x"))
    issuer.disable_leaked(leak, Delivery("new", now, "v1,x"))
    with closing(sqlite3.connect(issuer.folder.database)) as connection:
        kept = connection.execute("SELECT webhook_id FROM deliveries").fetchall()
    assert kept == [("new",)]


def test_a_sender_who_leaves_early_breaks_nothing(hook: Hook, ada: NewAccount) -> None:
    import socket

    port = int(hook.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(
            b"POST /hooks/disable HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"
        )
    assert hook.disable(ada.token.secret)["status"] == "disabled"


def test_the_signature_is_that_of_the_library(hook: Hook, issuer: Issuer) -> None:
    from leakscan.issuer.hook import signed_delivery

    body = "{}"
    headers = hook.signed(body, "msg_x")
    delivery = signed_delivery(Webhook(issuer.webhook_secret), body.encode(), headers)
    assert delivery is not None
    assert delivery.signature == headers["webhook-signature"]
    assert abs(delivery.sent_at - datetime.now(UTC).timestamp()) < 60

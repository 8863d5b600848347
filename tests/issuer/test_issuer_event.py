"""What the hook is told: the body of a message, from harmless to hostile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from issuing import SIGHTING, Hook, account_answer, assert_problem, event

from leakscan.issuer.leak_event import EventError, read_leak
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from leakscan.issuer.store import Issuer
    from leakscan.issuer.values import NewAccount


def _without(key: str) -> dict[str, Any]:
    told = event("r8_x")
    del told["data"][key]
    return told


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "null",
        "[]",
        "7",
        '"token.disable"',
        "{}",
        "[" * 100_000,
        '{"type": ' + "7" * 5000 + "}",
        b"\xff\xfe{}",
        {"type": "token.enable", "data": {}},
        {"type": "token.disable"},
        {"type": "token.disable", "data": []},
        _without("token"),
        _without("finding"),
        _without("exposure"),
        _without("sightings"),
        event(""),
        event("r8_x", token=7),
        event("r8_x", finding="AB" * 32),
        event("r8_x", finding="ab"),
        event("r8_x", exposure=None),
        event("r8_x", sightings={}),
        event("r8_x", sightings=["x"]),
        event("r8_x", sightings=[{}]),
        event("r8_x", sightings=[SIGHTING | {"line": "3"}]),
        event("r8_x", sightings=[SIGHTING | {"line": True}]),
        event("r8_x", sightings=[SIGHTING | {"line": -1}]),
        event("r8_x", sightings=[SIGHTING | {"url": 7}]),
        event("r8_x", sighting_count="1"),
        event("r8_x", sighting_count=2**63),
        event("r8_x", sighting_count=1.5),
    ],
    ids=lambda body: str(body)[:30],
)
def test_what_is_no_event_is_a_bad_request(hook: Hook, body: Any) -> None:
    if isinstance(body, dict):
        body = json.dumps(body)
    if isinstance(body, bytes):  # cannot be signed: what is signed is text
        assert_problem(hook.post(body, hook.signed("{}")), 401)
        return
    assert_problem(hook.post(body, hook.signed(body)), 400)


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 5 * 1024 * 1024])
def test_a_large_body_is_refused(hook: Hook, ada: NewAccount, size: int) -> None:
    body = " " * size
    assert_problem(hook.post(body, hook.signed(body)), 413)
    assert account_answer(hook.url, ada.token.secret).status_code == 200


def test_a_body_of_just_the_limit_is_read(hook: Hook, ada: NewAccount) -> None:
    body = json.dumps(event(ada.token.secret.reveal()))
    body += " " * (1024 * 1024 - len(body))
    assert hook.post(body, hook.signed(body)).json()["status"] == "disabled"


def test_hostile_texts_are_kept_harmless(hook: Hook, issuer: Issuer, ada: NewAccount) -> None:
    secret = ada.token.secret
    hostile = {
        "kind": "blob",
        "repository": f"https://x.example/{secret.reveal()}\x1b[31m\u202e",
        "commit": "\ud800",
        "path": f"{secret.reveal()}/" + "p" * 5000,
        "line": 2**62,
        "url": f"https://x.example/{secret.reveal()}#L1",
    }
    far = SIGHTING | {"url": "https://x.example/" + "u" * 5000}
    body = json.dumps(event(secret.reveal(), exposure="\r\nleak\0", sightings=[hostile, far]))
    assert hook.post(body, hook.signed(body)).json()["status"] == "disabled"
    (token,) = issuer.tokens("ada")
    assert token.disabled is not None
    kept, long = token.disabled.evidence
    assert secret.reveal() not in str(token)
    assert kept.repository == f"https://x.example/{secret.redacted()}\\x1b[31m\\u202e"
    assert kept.commit == "\\ud800"
    assert kept.path is not None
    assert len(kept.path) < 600
    assert long.url is None
    assert token.disabled.reason == "\\r\\nleak\\x00"
    assert token.disabled.sighting_count == 2


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@settings(max_examples=200)
@given(st.sampled_from(sorted(event("x")["data"])), json_values)
def test_any_json_is_read_or_refused(key: str, value: object) -> None:
    body = json.dumps(event("r8_x", **{key: value})).encode()
    try:
        leak = read_leak(body)
    except EventError:
        return
    assert leak.token.reveal()
    assert leak.exposure == safe_text(leak.exposure)
    assert str(leak).encode()

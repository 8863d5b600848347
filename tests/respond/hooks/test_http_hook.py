"""The http hook against real servers that answer well, badly, or not at all."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from standardwebhooks.webhooks import Webhook

from certificates import certificate
from leakscan.ledger.outcomes import Disabled
from leakscan.ledger.words import Answer, Owner
from leakscan.respond.failure import AttemptError
from leakscan.respond.hooks.http import HttpHook
from leakscan.respond.web import Server
from servers import (
    Reply,
    Request,
    a_closed_port,
    a_json,
    dripping,
    running_socket,
    running_web,
)

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from leakscan.respond.hooks import DisableRequest

SECRET = "whsec_" + "c2VjcmV0IGZvciB0ZXN0cyBvbmx5"
DISABLED = a_json({"status": "disabled"})


def hook(url: str, timeout: float = 5, ca_file: Path | None = None) -> HttpHook:
    return HttpHook(Server(url, timeout, ca_file), SECRET)


def failure(hook: HttpHook, request: DisableRequest) -> AttemptError:
    """Return how an attempt fails."""
    with pytest.raises(AttemptError) as caught:
        hook.disable(request)
    assert request.token.reveal() not in caught.value.why
    assert caught.value.why.isprintable()
    return caught.value


def test_the_request_is_signed_and_says_all(request_: DisableRequest) -> None:
    owner = {"name": "Ada", "email": "ada@example.com", "locale": "en"}
    answer = a_json({"status": "disabled", "owner": owner, "token": {"name": "laptop"}})
    with running_web(lambda _: answer) as web:
        outcome = hook(web.url).disable(request_)
    assert outcome == Disabled(Answer.DISABLED, Owner("Ada", "ada@example.com", "en"), "laptop")
    (sent,) = web.requests
    Webhook(SECRET).verify(sent.body, sent.headers)
    assert sent.headers["webhook-id"] == sent.headers["idempotency-key"] == request_.finding
    assert sent.json["type"] == "token.disable"
    data = sent.json["data"]
    assert data["token"] == request_.token.reveal()
    assert (data["exposure"], data["sighting_count"]) == (request_.exposure, 1)
    assert data["sightings"][0]["path"] == ".env"


@pytest.mark.parametrize("status", ["already_disabled", "not_ours"])
def test_other_answers_are_understood(request_: DisableRequest, status: str) -> None:
    with running_web(lambda _: a_json({"status": status, "owner": None})) as web:
        assert hook(web.url).disable(request_) == Disabled(Answer(status))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"OK",
        b"[" * 60_000,
        b'"disabled"',
        b"{}",
        b'{"status": "ok"}',
        b'{"status": ["disabled"]}',
        b'{"error": "no such token"}',
        b'{"status": "disabled", "owner": "ada"}',
        b'{"status": "disabled", "owner": {"email": 5}}',
        b'{"status": "disabled", "token": {"name": "' + b"x" * 1000 + b'"}}',
        b"\xff\xfe\x00",
    ],
)
def test_a_success_without_an_answer_is_none(request_: DisableRequest, body: bytes) -> None:
    with running_web(lambda _: (200, {}, body)) as web:
        assert failure(hook(web.url), request_).trouble
    assert len(web.requests) == 1


def test_a_redirect_is_not_followed_and_the_token_sent_nowhere_else(
    request_: DisableRequest,
) -> None:
    with running_web(lambda _: DISABLED) as elsewhere:
        for status in (301, 302, 303, 307, 308):
            with running_web(lambda _, s=status: (s, {"location": elsewhere.url}, b"")) as web:
                assert "redirects" in failure(hook(web.url), request_).why
    assert elsewhere.requests == []


def test_an_error_that_echoes_the_token_is_redacted(request_: DisableRequest) -> None:
    with running_web(lambda request: (400, {}, b"bad: " + request.body)) as web:
        error = failure(hook(web.url), request_)
    assert error.why.startswith("HTTP 400: bad")
    assert error.trouble
    assert len(error.why) <= 300


def test_an_answer_that_tries_to_paint_the_terminal_is_spelled_out(
    request_: DisableRequest,
) -> None:
    with running_web(lambda _: (403, {}, b"\x1b[2J\r\n\x00 no\xe2\x80\xae")) as web:
        assert failure(hook(web.url), request_).why.startswith("HTTP 403: \\x1b[2J")


def test_a_server_that_recovers_is_asked_again_with_a_new_signature(
    request_: DisableRequest,
) -> None:
    answers = iter([(503, {}, b""), DISABLED])
    with running_web(lambda _: next(answers)) as web:
        assert hook(web.url, 10).disable(request_).answer is Answer.DISABLED
    first, second = web.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


def test_a_busy_server_says_how_long_to_wait(request_: DisableRequest) -> None:
    with running_web(lambda _: (429, {"retry-after": "120"}, b"")) as web:
        error = failure(hook(web.url, 1), request_)
    assert error.wait is not None
    assert error.wait.total_seconds() == 120
    assert len(web.requests) == 1


def test_nobody_there_is_told_apart_from_nonsense(request_: DisableRequest) -> None:
    port = a_closed_port()
    error = failure(hook(f"http://127.0.0.1:{port}/", 1), request_)
    assert error.why == f"127.0.0.1:{port}: Connection refused"
    assert (error.down, error.trouble, error.unsure) == (True, False, False)


def _say_nothing(connection: socket.socket) -> None:
    connection.recv(1 << 16)
    time.sleep(30)


@pytest.mark.parametrize(
    "behave",
    [
        _say_nothing,
        dripping(b"HTTP/1.1 200 OK\r\n"),  # a header without an end
        dripping(b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n{"),
    ],
    ids=["silence", "dripping headers", "dripping body"],
)
def test_a_server_that_hangs_is_left_in_time(
    request_: DisableRequest, behave: Callable[[socket.socket], None]
) -> None:
    with running_socket(behave) as url:
        started = time.monotonic()
        error = failure(hook(url, 0.7), request_)
        assert time.monotonic() - started < 10
    assert error.down
    assert "no answer" in error.why


def _vanish(connection: socket.socket) -> None:
    connection.recv(10)


def _speak_smtp(connection: socket.socket) -> None:
    connection.sendall(b"220 mail.example.com ESMTP\r\n")
    connection.recv(1 << 16)


def _flood(connection: socket.socket) -> None:
    connection.recv(1 << 16)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b" " * 65536)


@pytest.mark.parametrize("behave", [_vanish, _speak_smtp, _flood])
def test_nonsense_is_a_failure(
    request_: DisableRequest, behave: Callable[[socket.socket], None]
) -> None:
    with running_socket(behave) as url:
        assert failure(hook(url, 1), request_).down


def test_a_certificate_that_nobody_vouches_for_is_refused(
    request_: DisableRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, public = certificate(tmp_path)
    # What would make requests trust it is not listened to.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(public))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(public))
    with running_web(lambda _: DISABLED, tls) as web:
        assert "certificate" in failure(hook(web.url, 1), request_).why
        assert web.requests == []
        trusting = hook(web.url, 5, public)
        assert trusting.disable(request_).answer is Answer.DISABLED


def test_a_certificate_of_another_host_is_refused(request_: DisableRequest, tmp_path: Path) -> None:
    tls, public = certificate(tmp_path)
    with running_web(lambda _: DISABLED, tls) as web:
        url = web.url.replace("127.0.0.1", "localhost")
        assert "certificate" in failure(hook(url, 1, public), request_).why
    assert web.requests == []


def test_proxies_and_netrc_of_the_environment_have_no_say(
    request_: DisableRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password sesame\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{a_closed_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{a_closed_port()}")
    with running_web(lambda _: DISABLED) as web:
        hook(web.url).disable(request_)
    assert "authorization" not in web.requests[0].headers


def test_a_proxy_that_is_configured_is_used(request_: DisableRequest) -> None:
    def proxied(request: Request) -> Reply:
        return a_json({"status": "disabled" if request.path.startswith("http://") else "no"})

    with running_web(proxied) as proxy:
        far = Server("http://issuer.invalid/hook", 5, None, proxy.url)
        assert HttpHook(far, SECRET).disable(request_).answer is Answer.DISABLED


def test_a_hook_does_not_print_its_key() -> None:
    assert SECRET not in repr(hook("http://127.0.0.1/"))


def test_a_token_at_the_edge_of_what_is_kept_is_redacted_whole(
    request_: DisableRequest,
) -> None:
    token = request_.token.reveal()
    for blanks in range(220, 310, 7):
        body = b"x" * blanks + token.encode()
        with running_web(lambda _, b=body: (400, {}, b)) as web:
            assert token[:12] not in failure(hook(web.url), request_).why

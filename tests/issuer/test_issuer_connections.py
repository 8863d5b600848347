"""Connections that say nothing, or too slowly, over real sockets."""

from __future__ import annotations

import logging
import socket
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
import requests
from issuing import TIMEOUT, account_answer

from leakscan.issuer.connections import timely_protocol
from leakscan.issuer.serve import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.issuer.store import Issuer
    from leakscan.issuer.values import NewAccount

LIMIT = 1.0
"""Seconds for the head of a request, in these tests."""

BUFFERED = 64 * 1024
"""Bytes not taken with which asyncio has a server wait."""

STYLE = b"GET /style.css HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def url(issuer: Issuer) -> Iterator[str]:
    """Serve the issuer impatiently."""
    with running(issuer, head_seconds=LIMIT) as address:
        yield address


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    port = int(url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as connection:
        yield connection


def answer(connection: socket.socket) -> bytes:
    """Read one whole answer, and return its first line."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    (length,) = [
        int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
    ]
    while len(body) < length:
        body += _some(connection)
    return head.partition(b"\r\n")[0]


def _some(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    assert received, "the connection ended in the middle of an answer"
    return received


def wait_until_closed(connection: socket.socket, drip: bytes = b"") -> None:
    """Wait for the other side to close; meanwhile send these bytes one by one, again and again."""
    begun = time.monotonic()
    connection.settimeout(LIMIT / 10 if drip else TIMEOUT)
    sent = 0
    while True:
        try:
            if not connection.recv(65536):
                break
        except TimeoutError:
            assert drip, "it is still open"
            assert time.monotonic() - begun < TIMEOUT, "it is still open"
            connection.send(drip[sent % len(drip) :][:1])
            sent += 1
        except ConnectionError:
            break


def test_a_silent_connection_is_closed(url: str) -> None:
    begun = time.monotonic()
    with connected(url) as connection:
        wait_until_closed(connection)
    assert time.monotonic() - begun >= LIMIT


@pytest.mark.parametrize("start", [b"", b"G", STYLE[:-2]])
def test_one_byte_now_and_then_is_not_enough(url: str, start: bytes) -> None:
    begun = time.monotonic()
    with connected(url) as connection:
        connection.sendall(start)
        wait_until_closed(connection, b"X-Y: z\r\n")
    assert time.monotonic() - begun >= LIMIT


def test_it_begins_anew_after_each_answer(url: str) -> None:
    with connected(url) as connection:
        for _ in range(4):
            time.sleep(LIMIT * 0.4)  # longer in all than the limit, each time shorter
            begun = time.monotonic()
            connection.sendall(STYLE)
            assert answer(connection).startswith(b"HTTP/1.1 200")
        connection.sendall(STYLE[:10])  # with which uvicorn's own timer is called off
        wait_until_closed(connection)
    assert time.monotonic() - begun >= LIMIT


def test_the_next_head_may_have_come_already(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(STYLE + STYLE + STYLE[:10])
        connection.settimeout(TIMEOUT)
        received = b""
        while some := connection.recv(65536):
            received += some
        assert received.count(b"HTTP/1.1 200") == 2


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET /style.css HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n",
        b"POST /absent HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n",
        b"POST /v1/account HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_a_body_that_nobody_reads_is_not_waited_for(url: str, request_head: bytes) -> None:
    with connected(url) as connection:
        connection.sendall(request_head)
        wait_until_closed(connection, b"1\r\n0\r\n" if b"chunked" in request_head else b"x")


@pytest.mark.parametrize("path", [b"/hooks/disable", b"/sign-in"])
def test_a_body_has_its_time(url: str, path: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leakscan.issuer.bodies.SECONDS", LIMIT)
    head = b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n"
    with connected(url) as connection:
        connection.sendall(head)
        wait_until_closed(connection, b"x")


def test_a_body_may_take_longer_than_a_head(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(b"POST /hooks/disable HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{")
        time.sleep(LIMIT * 2)
        connection.sendall(b"}")
        assert answer(connection).startswith(b"HTTP/1.1 401")


def test_an_answer_that_is_not_taken_is_given_up(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Ask for more than the buffers of both sides hold, and read nothing."""

    def listen(host: str, port: int) -> socket.socket:
        listener = socket.create_server((host, port))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        return listener

    caplog.set_level(logging.INFO, "leakscan.issuer")
    monkeypatch.setattr("leakscan.issuer.serve._listen", listen)
    monkeypatch.setattr("leakscan.issuer.connections.ANSWER_SECONDS", LIMIT)
    with running(issuer, head_seconds=LIMIT) as url, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", int(url.rpartition(":")[2])))
        connection.sendall(STYLE * 100)
        while "too slow" not in caplog.text:
            time.sleep(0.01)
        received = 0
        with suppress(ConnectionError):
            while some := connection.recv(65536):
                received += len(some)
    # More was waiting in the server, which waits only then; it is not kept until it is taken.
    assert 0 < received < BUFFERED


def test_silent_connections_keep_nobody_out_for_long(
    issuer: Issuer, ada: NewAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakscan.issuer.serve._MOST_CONNECTIONS", 6)
    with running(issuer, head_seconds=3) as url, ExitStack() as silent:
        for _ in range(6):
            silent.enter_context(connected(url))
        assert account_answer(url, ada.token.secret).status_code == 503
        wait_until_served(url)
        assert account_answer(url, ada.token.secret).status_code == 200


def wait_until_served(url: str) -> None:
    """Ask until there is room; the test's own time-out ends it otherwise."""
    while requests.get(f"{url}/style.css", timeout=TIMEOUT).status_code == 503:
        time.sleep(0.05)


def test_another_limit_is_another_class() -> None:
    assert timely_protocol(1).head_seconds == 1
    assert timely_protocol(2).head_seconds == 2

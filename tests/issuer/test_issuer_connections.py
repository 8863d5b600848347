"""Connections that say nothing, or too slowly, over real sockets."""

from __future__ import annotations

import logging
import re
import socket
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
import requests
from issuing import TIMEOUT, Visitor, account_answer

from leakscan.issuer.connections import Limits, timely_protocol
from leakscan.issuer.serve import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.issuer.store import Issuer
    from leakscan.issuer.values import NewAccount

LIMIT = 1.0
"""Seconds for what the server is to give up."""

AMPLE = 4.0
"""Seconds for what it is to wait for, on a busy machine too."""

NEVER = 600.0
"""Seconds for what no test waits for."""

BUFFERED = 64 * 1024
"""Bytes not taken with which asyncio has a server wait."""

STYLE = b"GET /style.css HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def url(issuer: Issuer) -> Iterator[str]:
    """Serve the issuer impatiently."""
    with running(issuer, limits=Limits(head=LIMIT)) as address:
        yield address


@pytest.fixture
def patient_url(issuer: Issuer) -> Iterator[str]:
    """Serve the issuer to those who are to be served."""
    with running(issuer, limits=Limits(head=AMPLE)) as address:
        yield address


@pytest.fixture
def small_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the system take little of what a server writes before the other side reads it."""

    def listen(host: str, port: int) -> socket.socket:
        listener = socket.create_server((host, port))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        return listener

    monkeypatch.setattr("leakscan.issuer.serve._listen", listen)


@pytest.fixture
def long_page(issuer: Issuer, ada: NewAccount) -> bytes:
    """Return the request for a page that is longer than all buffers; its end is missing."""
    with running(issuer) as address:
        home = Visitor(address)
        home.sign_in(ada.account.username)
        home.session.close()
    for number in range(150):
        issuer.create_token("ada", f"token {number}")
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in home.session.cookies)
    return f"GET /tokens HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\n".encode()


@contextmanager
def connected_narrowly(url: str) -> Iterator[socket.socket]:
    """Connect with little room for what is not read."""
    with socket.socket() as connection:
        connection.settimeout(TIMEOUT)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", int(url.rpartition(":")[2])))
        yield connection


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
            with suppress(ConnectionError):  # which the next `recv` meets as well
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


def test_it_begins_anew_after_each_answer(patient_url: str) -> None:
    with connected(patient_url) as connection:
        for _ in range(11):
            time.sleep(AMPLE / 10)  # longer in all than the limit, each time far shorter
            begun = time.monotonic()
            connection.sendall(STYLE)
            assert answer(connection).startswith(b"HTTP/1.1 200")
        connection.sendall(STYLE[:10])  # with which uvicorn's own timer is called off
        wait_until_closed(connection)
    assert time.monotonic() - begun >= AMPLE


def test_the_next_head_may_have_come_already(patient_url: str) -> None:
    with connected(patient_url) as connection:
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


def test_a_body_may_take_longer_than_a_head(patient_url: str) -> None:
    with connected(patient_url) as connection:
        connection.sendall(b"POST /hooks/disable HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{")
        time.sleep(AMPLE * 1.2)
        connection.sendall(b"}")
        assert answer(connection).startswith(b"HTTP/1.1 401")


@pytest.mark.usefixtures("small_buffers")
@pytest.mark.parametrize("last", [False, True], ids=["kept", "last"])
def test_a_long_answer_may_be_taken_slowly(issuer: Issuer, long_page: bytes, last: bool) -> None:
    """The application is done at once: the whole answer is in the transport's buffer."""
    limits = Limits(head=AMPLE / 2, answer=NEVER)
    with running(issuer, limits=limits) as url, connected_narrowly(url) as connection:
        connection.sendall(long_page + (b"Connection: close\r\n\r\n" if last else b"\r\n"))
        begun = time.monotonic()
        received = connection.recv(4096)
        length = len(received.partition(b"\r\n\r\n")[2])
        (whole,) = re.findall(rb"content-length: (\d+)", received)
        assert int(whole) > 2 * BUFFERED
        while length < int(whole):
            time.sleep(0.1)
            some = connection.recv(4096)
            assert some, f"cut after {length} bytes of {whole}"
            length += len(some)
        assert time.monotonic() - begun > limits.head * 1.5
        # Now it is the next request that is waited for, as long as for any other.
        with suppress(ConnectionError):
            connection.sendall(STYLE[:10])
        wait_until_closed(connection)


@pytest.mark.usefixtures("small_buffers")
@pytest.mark.parametrize("one", [True, False], ids=["one", "many"])
def test_an_answer_that_is_not_taken_is_given_up(
    issuer: Issuer, caplog: pytest.LogCaptureFixture, long_page: bytes, one: bool
) -> None:
    """Ask for more than the buffers of both sides hold, and read nothing."""
    caplog.set_level(logging.INFO, "leakscan.issuer")
    limits = Limits(head=NEVER, answer=LIMIT)
    with running(issuer, limits=limits) as url, connected_narrowly(url) as connection:
        begun = time.monotonic()
        connection.sendall(long_page + b"\r\n" if one else STYLE * 100)
        while "too slow" not in caplog.text:
            time.sleep(0.01)
        assert time.monotonic() - begun >= LIMIT
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
    with running(issuer, limits=Limits(head=AMPLE)) as url, ExitStack() as silent:
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
    for limits in (Limits(head=1), Limits(head=2)):
        assert timely_protocol(limits).limits == limits

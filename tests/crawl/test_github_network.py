"""Servers that speak to us badly, or not at all, in the place of GitHub's API."""

from __future__ import annotations

import gzip
import time
from typing import TYPE_CHECKING

import pytest
from asking_github import base

from certificates import certificate
from leakscan.crawl.github.answers import ApiMeter
from leakscan.trouble import Trouble, TroubleError
from servers import a_closed_port, a_json, dripping, running_socket, running_web

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from leakscan.crawl.github.calls import GitHub


def test_an_answer_without_end_is_given_up(ask: Callable[..., GitHub]) -> None:
    bomb = gzip.compress(b"[" + b" " * 5_000_000 + b"]")
    with running_web(lambda _: (200, {"content-encoding": "gzip"}, bomb)) as web:
        github = ask(base(web.url))
        with pytest.raises(TroubleError) as caught:
            github.get("/x", longest=1_000_000)
        assert caught.value.trouble is Trouble.TOO_LARGE
        assert github.get("/x").body == []


def test_a_server_that_drips_is_given_up_in_time(ask: Callable[..., GitHub]) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"
    sent: list[float] = []

    def behave(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(head)
        dripping(b" ")(connection)

    with running_socket(behave) as url:
        sent.append(time.monotonic())
        with pytest.raises(TroubleError) as caught:
            ask(base(url), timeout=1).get("/x")
    assert caught.value.trouble is Trouble.UNREACHABLE
    assert "in time" in str(caught.value)
    assert time.monotonic() - sent[0] < 5


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "ConnectionError"),
        (b"nonsense\r\n\r\n", "ConnectionError"),
        (OK + b"content-length: 50\r\n\r\n[1, 2]", "cut off"),
        (OK + b"transfer-encoding: chunked\r\n\r\n6\r\n[1, 2]\r\n", "cut off"),
        (OK + b"content-encoding: gzip\r\ncontent-length: 5\r\n\r\n[1,2]", "DecodeError"),
    ],
)
def test_an_answer_that_is_cut_off_is_none(
    ask: Callable[..., GitHub], answer: bytes, why: str
) -> None:
    def behave(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(answer)

    with running_socket(behave) as url:
        meter = ApiMeter()
        with pytest.raises(TroubleError) as caught:
            ask(base(url)).get("/x", meter=meter)
    assert caught.value.trouble is Trouble.UNREACHABLE
    assert why in str(caught.value)
    assert meter.requests == 1


def test_nobody_there(ask: Callable[..., GitHub]) -> None:
    github = ask(f"http://127.0.0.1:{a_closed_port()}")
    for _ in range(20):  # what comes to nothing is given back to the governor
        with pytest.raises(
            TroubleError, match=r"127\.0\.0\.1:\d+ cannot be reached: Connection"
        ) as no:
            github.get("/secret-path")
        assert no.value.trouble is Trouble.UNREACHABLE
        assert "secret" not in str(no.value)


def test_certificates_are_verified(
    ask: Callable[..., GitHub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = certificate(tmp_path)
    with running_web(lambda _: a_json([]), context) as web:
        github = ask(base(web.url))
        with pytest.raises(TroubleError, match="certificate cannot be trusted"):
            github.get("/events")
        assert web.requests == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
        assert github.get("/events").body == []

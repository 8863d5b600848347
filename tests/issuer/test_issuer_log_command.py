"""What ``leakscan issuer serve`` logs on standard error, whatever that leads to."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import requests
from issuing import LOG_LINE, TIMEOUT, Visitor, account_answer, asleep, send, serving

from leakscan.issuer.store import Issuer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from leakscan.issuer.values import NewAccount


LONG_PATHS = [f"/absent/{number}/{'x' * 150}" for number in range(250)]
"""Of which the log is twice as long as what a terminal takes that nobody reads."""


@pytest.fixture
def data(issuer: Issuer, ada: NewAccount) -> Path:
    """Return the folder of an issuer that knows Ada."""
    assert ada
    return issuer.folder.path


def test_the_command_logs_on_standard_error(data: Path, ada: NewAccount) -> None:
    with serving(data) as (process, url):
        account_answer(url, ada.token.secret)
        Visitor(url).sign_in("ada")
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (0, "")
    lines = stderr.splitlines()
    assert [line for line in lines if not LOG_LINE.fullmatch(line)] == []
    assert [" ".join(line.split()[1:4]) for line in lines] == [
        "127.0.0.1 GET /v1/account",
        "127.0.0.1 GET /sign-in",
        "127.0.0.1: signed in:",
        "127.0.0.1 POST /sign-in",
        "127.0.0.1 GET /tokens",
    ]


def test_quiet(data: Path, ada: NewAccount) -> None:
    with serving(data, "--quiet") as (process, url):
        account_answer(url, ada.token.secret)
        send(url, b"\x1b[31m no HTTP\r\n\r\n")
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == ("", "")


@contextmanager
def full_disk() -> Iterator[int]:
    full = os.open("/dev/full", os.O_WRONLY)
    yield full
    os.close(full)


@contextmanager
def reader_gone() -> Iterator[int]:
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@contextmanager
def reader_asleep() -> Iterator[int]:
    with asleep() as (_, writer):
        yield writer


@contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    """Open a terminal; give the end at which people sit, and that of programs."""
    people, programs = os.openpty()
    try:
        yield people, programs
    finally:
        os.close(people)
        os.close(programs)


@pytest.mark.parametrize("stream", [full_disk, reader_gone, reader_asleep])
def test_a_log_that_cannot_be_written_holds_nobody_up(
    data: Path, ada: NewAccount, stream: Callable[[], AbstractContextManager[int]]
) -> None:
    with stream() as stderr, serving(data, stderr=stderr) as (process, url):
        for _ in range(20):
            assert account_answer(url, ada.token.secret).status_code == 200
        assert Visitor(url).sign_in("ada").url.endswith("/tokens")  # logged before the answer
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0


def ask_for(paths: list[str], url: str) -> None:
    """Ask for what does not exist, one after the other."""
    with requests.Session() as session:
        for path in paths:
            assert session.get(url + path, timeout=TIMEOUT).status_code == 404


def test_a_terminal_that_nobody_reads_holds_nobody_up(data: Path) -> None:
    """It says that it has room until the end, and then takes a part of a line."""
    with terminal() as (people, programs), serving(data, stderr=programs) as (process, url):
        ask_for(LONG_PATHS, url)
        seen = b""
        while f" {LONG_PATHS[-1]} 404 " not in seen.decode() or not seen.endswith(b"\n"):
            seen += os.read(people, 65536)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    lines = seen.decode().splitlines()
    assert [line for line in lines if not LOG_LINE.fullmatch(line)] == []
    assert [line.split()[3] for line in lines] == LONG_PATHS


def test_a_terminal_that_nobody_reads_does_not_hold_up_the_end(data: Path) -> None:
    with terminal() as (_, programs), serving(data, stderr=programs) as (process, url):
        ask_for(LONG_PATHS, url)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0


def test_a_closed_standard_error_holds_nobody_up(data: Path, ada: NewAccount) -> None:
    closing = ("sh", "-c", 'exec "$@" 2>&-', "sh")
    with serving(data, around=closing) as (process, url):
        for _ in range(20):
            assert account_answer(url, ada.token.secret).status_code == 200
        assert Visitor(url).sign_in("ada").url.endswith("/tokens")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    with Issuer.open(data) as again:  # no line went into the database in its place
        assert again.bearer(ada.token.secret.reveal())

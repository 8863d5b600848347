"""What ``leakscan issuer serve`` logs on standard error, whatever that leads to."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

import pytest
from issuing import LOG_LINE, Visitor, account_answer, send, serving

from leakscan.issuer.store import Issuer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leakscan.issuer.values import NewAccount


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


def _full_disk() -> tuple[int, tuple[int, ...]]:
    full = os.open("/dev/full", os.O_WRONLY)
    return full, (full,)


def _reader_gone() -> tuple[int, tuple[int, ...]]:
    reader, writer = os.pipe()
    os.close(reader)
    return writer, (writer,)


def _reader_asleep() -> tuple[int, tuple[int, ...]]:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    return writer, (reader, writer)


@pytest.mark.parametrize("stream", [_full_disk, _reader_gone, _reader_asleep])
def test_a_log_that_cannot_be_written_holds_nobody_up(
    data: Path, ada: NewAccount, stream: Callable[[], tuple[int, tuple[int, ...]]]
) -> None:
    stderr, descriptors = stream()
    try:
        with serving(data, stderr=stderr) as (process, url):
            for _ in range(20):
                assert account_answer(url, ada.token.secret).status_code == 200
            assert Visitor(url).sign_in("ada").url.endswith("/tokens")  # logged before the answer
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 0
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


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

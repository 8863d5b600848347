"""How the lines of the issuer's log are written, whoever reads them or does not."""

from __future__ import annotations

import os
import re
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from issuing import asleep

from leakscan.issuer.log import LOG, logging_to

if TYPE_CHECKING:
    from pathlib import Path


def test_in_the_end_what_waits_is_written(tmp_path: Path) -> None:
    numbers = [f"number {number}" for number in range(2000)]
    with (tmp_path / "log").open("wb") as file, logging_to(file.fileno()):
        for number in numbers:
            LOG.info(number)
    assert [line[21:] for line in (tmp_path / "log").read_text().splitlines()] == numbers


@pytest.mark.parametrize("waiting", [True, False], ids=["waiting", "non-blocking"])
def test_while_the_reader_sleeps_lines_wait(monkeypatch: pytest.MonkeyPatch, waiting: bool) -> None:
    """As many as may; those are whole and in order when it wakes."""
    monkeypatch.setattr("leakscan.issuer.log_writer._MOST_LINES", 5)
    with asleep() as (reader, writer), logging_to(writer):
        os.set_blocking(writer, waiting)
        for number in range(50):
            LOG.info("number %d.", number)
        received = b""
        while received.count(b".") < 5:
            received += os.read(reader, 65536).lstrip(b"x")
    lines = received.decode().splitlines()
    assert [line for line in lines if not re.fullmatch(r"\S+ number \d+\.", line)] == []
    found = [int(line.split()[2][:-1]) for line in lines]
    assert found == sorted(set(found))
    assert found[:5] == [0, 1, 2, 3, 4]
    assert len(found) < 50


def test_a_reader_who_sleeps_on_does_not_hold_up_the_end() -> None:
    with asleep() as (reader, writer):
        with logging_to(writer):
            LOG.info("never written")
            (thread,) = threads()
        os.set_blocking(reader, False)
        with suppress(BlockingIOError):
            while True:
                os.read(reader, 65536)
        thread.join()  # which could not go on before
    assert threads() == []


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "issuer-log"]

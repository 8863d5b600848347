"""Forked processes and the messages between them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from leakscan.processes import message, messages, write_all

AT_A_FORK = """
import os, signal, sys
from leakscan.processes import forked

number, scan, begun = int(sys.argv[1]), os.getpid(), []

def end(number, frame):
    raise SystemExit(40)

def say(text):  # in one piece, since two processes do
    os.write(1, f"{text}\\n".encode())

signal.signal(number, end)
os.register_at_fork(before=lambda: os.kill(scan, number))  # it waits until it is let through
try:
    forked(lambda: say("worked"), {}, begun.append)
finally:
    say("unwound by the scan" if os.getpid() == scan else "unwound by the other")
    say(os.waitpid(begun[0], 0)[1])
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_at_a_fork_ends_only_who_forks_and_loses_nobody(number: int) -> None:
    command = [sys.executable, "-c", AT_A_FORK, str(int(number))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 40, done.stderr
    assert sorted(done.stdout.split("\n")) == ["", "0", "unwound by the scan", "worked"]


def test_messages_come_out_as_they_went_in() -> None:
    values = [1, "two", (b"3" * 100_000, None), []]
    whole = b"".join(map(message, values))
    buffer, seen = bytearray(), []
    for start in range(0, len(whole), 777):
        buffer += whole[start : start + 777]
        seen += list(messages(buffer))
    assert (seen, buffer) == (values, bytearray())
    assert list(messages(bytearray(whole[:-1]))) == values[:-1]


def test_everything_is_written_to_a_pipe_that_takes_little() -> None:
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        write_all(writing, b"x" * 300_000)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert len(pipe.read()) == 300_000
    assert os.waitpid(pid, 0)[1] == 0

"""A watch that is told to end."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from leakscan.cli.watch_signals import ending_in_order

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class SecondError(Exception):
    """The usual handler was called."""


def usual(_number: int, _frame: FrameType | None) -> None:
    raise SecondError


@pytest.fixture(autouse=True)
def usual_handlers() -> Iterator[None]:
    before = {number: signal.signal(number, usual) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_one_signal_ends_it_in_good_order() -> None:
    stopped: list[bool] = []
    with ending_in_order(lambda: stopped.append(True)):
        os.kill(os.getpid(), signal.SIGINT)
    assert stopped == [True]
    assert signal.getsignal(signal.SIGINT) is usual
    assert signal.set_wakeup_fd(-1) == -1


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_one_ends_it_at_once(second: signal.Signals) -> None:
    with ending_in_order(lambda: None):
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(SecondError):
            os.kill(os.getpid(), second)


def test_two_that_come_while_python_is_busy_are_two() -> None:
    """The first handler runs when both are there, as after a long call into a library."""
    kill = f"kill -TERM {os.getpid()}"
    with pytest.raises(SecondError), ending_in_order(lambda: None):
        ctypes.PyDLL(None).system(f"{kill}; sleep 0.05; {kill}".encode())


def test_a_signal_after_the_end_is_not_lost() -> None:
    program = (
        "import os, signal; from leakscan.cli import main; main();"
        "os.kill(os.getpid(), signal.SIGTERM); print('here')"
    )
    done = subprocess.run([sys.executable, "-c", program, "--version"], capture_output=True,
                          check=False)  # fmt: skip
    assert (done.returncode, b"here" in done.stdout) == (-signal.SIGTERM, False)

"""End a watch by signals."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


@contextlib.contextmanager
def ending_in_order(stop: Callable[[], None]) -> Iterator[None]:
    """Have the first signal end the watch in good order, and the next one at once.

    Python calls a handler once for signals that come while it is busy elsewhere, so that they are
    counted by the bytes that it writes for each.

    Args:
        stop: called within the handler of the first one.
    """
    usual = {
        number: signal.getsignal(number)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN  # as nohup has it
    }
    read, written = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def first(number: int, _frame: FrameType | None) -> None:
        stop()
        for each, handler in usual.items():
            signal.signal(each, handler)
        if sum(byte in usual for byte in os.read(read, 64)) > 1:
            signal.raise_signal(number)

    before = signal.set_wakeup_fd(written, warn_on_full_buffer=False)
    for number in usual:
        signal.signal(number, first)
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before)
        os.close(read)
        os.close(written)

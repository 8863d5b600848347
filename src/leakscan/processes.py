"""Processes that are forked to work beside this one, and the messages that pass between them."""

from __future__ import annotations

import os
import signal
import struct
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Handlers = Mapping[signal.Signals, Callable[[int, Any], None] | signal.Handlers]

_LENGTH = struct.Struct("=Q")


def forked(work: Callable[[], None], handlers: Handlers, begun: Callable[[int], None]) -> None:
    """Fork a process that does its work and nothing that this one would do at its end.

    Args:
        work: called in it; an exception ends it with status 1, and nobody is told.
        handlers: what it does on signals, from its first moment on.
        begun: called in this process with the other's id, before any signal can be raised.

    Raises:
        OSError: there cannot be one process more.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    # Else a signal at the wrong moment would unwind this process's stack in the other.
    unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
        if pid:
            begun(pid)
            return
        status = 1
        try:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
            work()
            status = 0
        finally:
            # Without this process's exit handlers and buffers.
            os._exit(status)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)


def message(value: object) -> bytes:
    """Return a value as it goes through a pipe."""
    import pickle  # here, since most scans need it not

    body = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


def messages(buffer: bytearray) -> Iterator[Any]:
    """Take the values whose messages are complete off the front of a buffer."""
    import pickle

    while len(buffer) >= _LENGTH.size:
        (length,) = _LENGTH.unpack_from(buffer)
        end = _LENGTH.size + length
        if len(buffer) < end:
            return
        # The bytes come through a private pipe from a process that we have forked.
        value = pickle.loads(buffer[_LENGTH.size : end])  # noqa: S301 - written by `message`
        del buffer[:end]
        yield value


def write_all(descriptor: int, data: bytes | bytearray) -> None:
    """Write to a pipe, however little it takes at a time.

    Raises:
        OSError: nobody reads it any more.
    """
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]

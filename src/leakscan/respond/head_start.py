"""Answer what a scan has found while it still goes on, in a process beside it.

A thread would not do: the scan forks workers, and a lock that a thread holds at that moment stays
locked in the worker for ever.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import select
import signal
import struct
import sys
import time
from typing import TYPE_CHECKING

from leakscan.errors import LeakscanError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from leakscan.respond.event import Event
    from leakscan.sources.sighting import Sighting

    Answer = Callable[[Sequence[Sighting]], Sequence[Event]]

PATIENCE = 0.5
"""Seconds that a secret waits for the end of the scan, when it is known where it stands."""

MOST = 1000
"""Secrets that are answered before the end; a flood is taken down in one go, at the end."""

_LENGTH = struct.Struct("=I")
_REST = _LENGTH.pack(0)
"""A length that no message has: the rest is left to the scan's own process."""

_LOOK_AGAIN = 1.0
"""Seconds after which a process that hears nothing looks whether the scan is still alive."""


class HeadStart:
    """A process that is told of sightings and answers those that have waited long enough.

    It is started at the first.  Should the scan be killed, it answers what it was told and ends.

    Args:
        answer: called there with sightings of secrets that it has not been called with before.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._told: set[tuple[str, str]] = set()
        self._pipes: tuple[int, int] | None = None
        self._pid = 0

    def tell(self, sighting: Sighting) -> None:
        """Tell of a sighting, unless the secret is known, or the process has enough to do."""
        secret = sighting.match.rule, sighting.match.secret.reveal()
        if secret in self._told or len(self._told) >= MOST or not hasattr(os, "fork"):
            return
        if self._pipes is None:
            self._pipes = self._start()
        body = pickle.dumps(sighting, pickle.HIGHEST_PROTOCOL)
        if _LENGTH.size + len(body) > select.PIPE_BUF:
            return
        # As much as this is written whole or not at all, so that the scan never waits.
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            os.write(self._pipes[0], _LENGTH.pack(len(body)) + body)
            self._told.add(secret)

    def finish(self, *, is_over: bool) -> Sequence[Event]:
        """End the process when it has done what it is doing; return what it did.

        Args:
            is_over: whether the scan came to its end, so that what was not begun is left to the
                caller; else that is done, too.
        """
        if self._pipes is None:
            return ()
        writing, results = self._pipes
        self._pipes = None
        if is_over:
            with contextlib.suppress(BrokenPipeError):
                os.set_blocking(writing, True)
                os.write(writing, _REST)
        os.close(writing)
        with open(results, "rb") as pipe:  # noqa: PTH123 - pathlib opens no file descriptor
            body = pipe.read()
        os.waitpid(self._pid, 0)
        try:
            events: Sequence[Event] = pickle.loads(body)  # noqa: S301 - our own process wrote it
        except (EOFError, pickle.UnpicklingError):
            return ()  # it died: what it had begun is due again later
        return events

    def _start(self) -> tuple[int, int]:
        """Fork; return the pipes to tell it through, and to read from what it did."""
        reading, writing = os.pipe()
        results, out = os.pipe()
        os.set_blocking(writing, False)
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid:
            os.close(reading)
            os.close(out)
            return writing, results
        status = 1
        try:
            os.close(writing)
            os.close(results)
            # Ctrl-C reaches the whole group; the scan's process says what is to be done.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            gc.freeze()  # what the scan has made is not looked through, and stays shared
            gc.enable()
            body = pickle.dumps(_serve(reading, parent, self._answer), pickle.HIGHEST_PROTOCOL)
            with open(out, "wb") as pipe:  # noqa: PTH123 - as above
                pipe.write(body)
            status = 0
        finally:
            # Without the parent's exit handlers and buffers, which are not this process's.
            os._exit(status)


def _serve(reading: int, parent: int, answer: Answer) -> list[Event]:
    """Answer what comes through a pipe, until it ends or its other end dies."""
    events: list[Event] = []
    waiting: list[Sighting] = []
    since = 0.0
    buffer = bytearray()
    ready = select.poll()
    ready.register(reading, select.POLLIN)
    while True:
        left = since + PATIENCE - time.monotonic() if waiting else _LOOK_AGAIN
        if left <= 0:
            events += _answered(waiting, answer)
            waiting = []
            continue
        if ready.poll(1000 * min(left, _LOOK_AGAIN)):
            data = os.read(reading, 1 << 16)
            if not data:
                break
            buffer += data
            since = since if waiting else time.monotonic()
            waiting += _taken(buffer)
            if buffer.startswith(_REST):
                return events
        elif os.getppid() != parent:
            break
    return events + _answered(waiting, answer)


def _taken(buffer: bytearray) -> Iterator[Sighting]:
    """Take the whole messages off the front of a buffer, up to the one that ends it."""
    while len(buffer) >= _LENGTH.size and not buffer.startswith(_REST):
        (length,) = _LENGTH.unpack_from(buffer)
        end = _LENGTH.size + length
        if len(buffer) < end:
            return
        yield pickle.loads(buffer[_LENGTH.size : end])  # noqa: S301 - the scan's own process wrote it
        del buffer[:end]


def _answered(waiting: Sequence[Sighting], answer: Answer) -> list[Event]:
    """Answer; what fails here is done again by the scan's process, which tells of it then."""
    try:
        return list(answer(waiting)) if waiting else []
    except LeakscanError:
        return []

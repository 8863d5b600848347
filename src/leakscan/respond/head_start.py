"""Answer what a scan has found while it still goes on, in a process beside it.

A thread would not do: the scan forks workers, and a lock that a thread holds at that moment stays
locked in the worker for ever.
"""

from __future__ import annotations

import contextlib
import enum
import gc
import os
import select
import signal
import time
from typing import TYPE_CHECKING, Any

from leakscan.processes import forked, message, messages, write_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from leakscan.respond.event import Event
    from leakscan.sources.sighting import Sighting

    Answer = Callable[[Sequence[Sighting]], Iterable[Event]]

PATIENCE = 0.5
"""Seconds that a secret waits for the end of the scan, when it is known where it stands."""

MOST = 1000
"""Secrets that are answered before the end; a flood is taken down in one go, at the end."""

PARTING = 2.0
"""Seconds that the process has for what it is doing when the scan was interrupted."""

_LOOK_AGAIN = 1.0
"""Seconds after which a process that hears nothing looks whether the scan is still alive."""


class _End(enum.Enum):
    """The last word to the process: what to do about what waits."""

    LEAVE = enum.auto()
    ANSWER = enum.auto()


class _Stop(Exception):  # noqa: N818 - not an error
    """The process has had its time."""


class HeadStart:
    """A process that is told of sightings and answers those that have waited long enough.

    It is started at the first.  The scan never waits for it before its own end; should the scan
    be killed, it answers what it was told and ends.

    Args:
        answer: called there with sightings of secrets that it has not been called with before.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._told: set[tuple[str, str]] = set()
        self._unsent = bytearray()
        self._pipes: tuple[int, int] | None = None
        self._pid = 0

    def tell(self, sighting: Sighting) -> None:
        """Tell of a sighting, unless the secret is known, or the process has enough to do."""
        secret = sighting.match.rule, sighting.match.secret.reveal()
        if secret in self._told or len(self._told) >= MOST or not hasattr(os, "fork"):
            return
        if self._pipes is None:
            try:
                self._start()
            except OSError:  # no process or file can be had: all is answered at the end
                return
        self._send()
        if not self._unsent:
            self._told.add(secret)
            self._unsent += message(sighting)
            self._send()

    def finish(self, *, is_over: bool) -> Sequence[Event]:
        """End the process; return what it did.

        Args:
            is_over: whether the scan came to its end.  Then what waits is left to the caller;
                else it is answered, too, as far as that takes no longer than `PARTING`.
        """
        if self._pipes is None:
            return ()
        writing, results = self._pipes
        self._pipes = None
        try:
            self._unsent += message(_End.LEAVE if is_over else _End.ANSWER)
            with contextlib.suppress(BrokenPipeError):
                os.set_blocking(writing, True)
                write_all(writing, self._unsent)
            if not is_over and not _is_ready(results, PARTING):
                os.kill(self._pid, signal.SIGUSR1)
            with open(results, "rb", closefd=False) as pipe:
                body = bytearray(pipe.read())
        except BaseException:  # a signal, perhaps the second: nobody wants to wait any more
            os.kill(self._pid, signal.SIGKILL)
            raise
        finally:
            os.close(writing)
            os.close(results)
            os.waitpid(self._pid, 0)
        # Without a whole answer, it died: what it had begun is due again later.
        return next(messages(body), ())

    def _send(self) -> None:
        """Send what is left, as far as that can be done without waiting."""
        assert self._pipes  # noqa: S101 - whoever calls this has started it
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            while self._unsent:
                del self._unsent[: os.write(self._pipes[0], self._unsent)]

    def _start(self) -> None:
        """Start the process.

        Raises:
            OSError: there can be none.
        """
        reading, writing = os.pipe()
        results, out = os.pipe()
        os.set_blocking(writing, False)
        parent = os.getpid()

        def work() -> None:
            os.close(writing)
            os.close(results)
            gc.freeze()  # what the scan has made is not looked through, and stays shared
            gc.enable()
            events = _serve(reading, parent, self._answer)
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            write_all(out, message(events))

        # What reaches the whole group is for the scan's process, which says what is to be done.
        handlers = dict.fromkeys((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), _ignore)
        try:
            self._pid = forked(work, handlers | {signal.SIGUSR1: _stop})
        except OSError:
            os.close(writing)
            os.close(results)
            raise
        finally:
            os.close(reading)
            os.close(out)
        self._pipes = writing, results


def _serve(reading: int, parent: int, answer: Answer) -> list[Event]:
    """Answer what comes through a pipe, until a word ends it, or its other end dies."""
    events: list[Event] = []
    waiting: list[Sighting] = []
    since = 0.0
    buffer = bytearray()
    with contextlib.suppress(_Stop):
        while True:
            left = since + PATIENCE - time.monotonic() if waiting else _LOOK_AGAIN
            if left <= 0:
                _answer_all(waiting, answer, events)
                waiting = []
            elif _is_ready(reading, min(left, _LOOK_AGAIN)):
                data = os.read(reading, 1 << 16)
                buffer += data
                since = since if waiting else time.monotonic()
                told: list[Any] = list(messages(buffer))
                waiting += [one for one in told if not isinstance(one, _End)]
                if _End.LEAVE in told:
                    break
                if _End.ANSWER in told or not data:
                    _answer_all(waiting, answer, events)
                    break
            elif os.getppid() != parent:
                _answer_all(waiting, answer, events)
                break
    return events


def _answer_all(waiting: Sequence[Sighting], answer: Answer, events: list[Event]) -> None:
    """Answer, if there is something; what fails is left to the scan's process, which tells of it.

    Raises:
        _Stop: there is no more time.
    """
    try:
        if waiting:
            events.extend(answer(waiting))  # one by one: there may be no time for the next
    except _Stop:
        raise
    except Exception:  # noqa: BLE001, S110 - whatever it is, the scan's process meets it again
        pass


def _is_ready(descriptor: int, seconds: float) -> bool:
    """Wait until something can be read, or the other end is closed."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(1000 * seconds))


def _ignore(_number: int, _frame: object) -> None:
    """Do nothing; unlike `signal.SIG_IGN`, programs that are started do not inherit this."""


def _stop(_number: int, _frame: object) -> None:
    raise _Stop

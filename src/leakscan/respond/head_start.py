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

LAST = 5.0
"""Seconds that it then has to leave in good order."""

_MOST_FILES = 1 << 16
"""A descriptor that is higher than any that a scan has open."""

_LOOK_AGAIN = 1.0
"""Seconds after which a process that hears nothing looks whether the scan is still alive."""


class _End(enum.Enum):
    """The last word to the process: what to do about what waits."""

    LEAVE = enum.auto()
    ANSWER = enum.auto()


class _Stop(BaseException):
    """The process has had its time; not to be taken for a failure of what it is doing."""


class HeadStart:
    """A process that is told of sightings and answers those that have waited long enough.

    It is started at the first.  The scan never waits for it before its own end; should the scan
    be killed, it answers what it was told and ends.

    Args:
        answer: called there with sightings of secrets that it has not been called with before.

    Attributes:
        events: what it did, known when it has ended.
    """

    def __init__(self, answer: Answer) -> None:
        self.events: Sequence[Event] = ()
        self._answer = answer
        self._told: set[tuple[str, str]] = set()
        self._unsent = bytearray()
        self._pipes: tuple[int, int] | None = None
        self._pid = 0

    @property
    def was_told(self) -> bool:
        """Whether it was told of anything."""
        return bool(self._told)

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
        assert self._pipes  # noqa: S101 - started
        writing, _ = self._pipes
        self._send(writing)
        if not self._unsent:
            self._told.add(secret)
            self._unsent += message(sighting)
            self._send(writing)

    def finish(self, *, is_over: bool) -> None:
        """End the process, and know what it did.

        Args:
            is_over: whether the scan came to its end.  Then what waits is left to the caller;
                else it is answered, too, as far as that takes no longer than `PARTING`.
        """
        if self._pipes is None:
            return
        writing, results = self._pipes
        self._pipes = None
        self._unsent += message(_End.LEAVE if is_over else _End.ANSWER)
        body = bytearray()
        try:
            try:
                self._converse(writing, results, body, None if is_over else PARTING)
            except BaseException:  # a signal
                self._converse(writing, results, body, 0)
                raise
        except BaseException:  # the next one: nobody wants to wait any more
            os.kill(self._pid, signal.SIGKILL)
            raise
        finally:
            os.close(writing)
            os.close(results)
            os.waitpid(self._pid, 0)
            # Without a whole answer, it died: what it had begun is due again later.
            self.events = next(messages(body), ())

    def _converse(self, writing: int, results: int, body: bytearray, seconds: float | None) -> None:
        """Send what is left and read what the process did, until it ends.

        Args:
            writing: where to send it.
            results: where to read.
            body: where to put that.
            seconds: that it has; then it is stopped, and after `LAST` killed.  ``None`` for any.
        """
        over = float("inf") if seconds is None else time.monotonic() + seconds
        is_stopped = False
        while True:
            if time.monotonic() >= over:
                os.kill(self._pid, signal.SIGKILL if is_stopped else signal.SIGUSR1)
                is_stopped, over = True, time.monotonic() + LAST
            poll = select.poll()
            poll.register(results, select.POLLIN)
            if self._unsent and not is_stopped:
                poll.register(writing, select.POLLOUT)
            wait = min(over - time.monotonic(), _LOOK_AGAIN)
            ready = {descriptor for descriptor, _ in poll.poll(max(0, 1000 * wait))}
            if writing in ready:
                self._send(writing)
            if results in ready:
                data = os.read(results, 1 << 16)
                if not data:
                    return
                body += data

    def _send(self, writing: int) -> None:
        """Send what is left, as far as that can be done without waiting."""
        try:
            while self._unsent:
                del self._unsent[: os.write(writing, self._unsent)]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self._unsent.clear()

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
            _close_all_but(reading, out)  # such as what only the scan's process may read from
            gc.freeze()  # what the scan has made is not looked through, and stays shared
            gc.enable()
            events = _serve(reading, parent, self._answer)
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            write_all(out, message(events))

        def begun(pid: int) -> None:
            self._pid, self._pipes = pid, (writing, results)

        # What reaches the whole group is for the scan's process, which says what is to be done.
        handlers = dict.fromkeys((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), _ignore)
        try:
            forked(work, handlers | {signal.SIGUSR1: _stop}, begun)
        except OSError:
            os.close(writing)
            os.close(results)
            raise
        finally:
            os.close(reading)
            os.close(out)


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
    """Answer, if there is something; what fails is left to the scan's process, and told by it."""
    try:
        if waiting:
            events.extend(answer(waiting))  # one by one: there may be no time for the next
    except Exception:  # noqa: BLE001, S110 - whatever it is, the scan's process meets it again
        pass


def _close_all_but(*kept: int) -> None:
    """Close every file but these and the standard ones."""
    begin = 3
    for descriptor in (*sorted(kept), _MOST_FILES):
        os.closerange(begin, descriptor)
        begin = descriptor + 1


def _is_ready(descriptor: int, seconds: float) -> bool:
    """Wait until something can be read, or the other end is closed."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(1000 * seconds))


def _ignore(_number: int, _frame: object) -> None:
    """Do nothing; unlike `signal.SIG_IGN`, programs that are started do not inherit this."""


def _stop(_number: int, _frame: object) -> None:
    raise _Stop

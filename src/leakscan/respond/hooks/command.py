"""The hook that runs a command of the operator's."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING

from leakscan.respond.failure import AttemptError, presentable
from leakscan.respond.hooks.contract import read_answer
from leakscan.respond.web import LONGEST_ANSWER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leakscan.ledger.outcomes import Disabled
    from leakscan.model import Secret
    from leakscan.respond.hooks.contract import DisableRequest

_LOOK = 0.01
"""Seconds between two looks at whether the program has ended."""

_LONGEST_START = 1.0
"""Seconds for a program to be started, unless it lies where nobody answers."""

_LINGER = 5.0
"""Seconds for what it has said to arrive after it has ended: none, unless others hold its pipes."""


class _Programs:
    """The programs of a hook that are running.

    Attributes:
        stops: how often they were stopped.
    """

    def __init__(self) -> None:
        self.stops = 0
        self._running: set[int] = set()
        self._lock = threading.Lock()

    def start(self, argv: Sequence[str], stops: int) -> subprocess.Popen[bytes]:
        """Start a program, and know it before anybody wants to stop it.

        Args:
            argv: program and arguments.
            stops: how often they had been stopped when this was wanted.

        Raises:
            AttemptError: they were stopped meanwhile.
            OSError: it cannot be started.
            ValueError: an argument holds a null character.
        """
        with self._lock:
            if self.stops != stops:
                raise AttemptError("stopped before it was begun", unsure=False)
            process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(),
                start_new_session=True,  # so that all of it can be killed
            )
            self._running.add(process.pid)
            if self.stops != stops:  # it took too long for whoever stopped it to wait
                _kill(process.pid)
            return process

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Kill what a program has left, and forget it before its number can be another's."""
        with self._lock:
            self._running.discard(process.pid)
            _kill(process.pid)

    def stop(self) -> None:
        """Kill all, and have none started that was wanted before."""
        self.stops += 1
        is_held = self._lock.acquire(timeout=_LONGEST_START)
        try:
            for pid in tuple(self._running):
                _kill(pid)
        finally:
            if is_held:
                self._lock.release()


@dataclass(frozen=True, slots=True)
class CommandHook:
    """Runs a program: the request on its standard input, the answer on its standard output.

    There is no shell; the token is in no argument and no variable, which other users can read.

    Attributes:
        argv: program and arguments.
        timeout: seconds after which it is killed, with all that it has started.
    """

    argv: tuple[str, ...]
    timeout: float = 30
    _programs: _Programs = field(default_factory=_Programs, init=False, repr=False, compare=False)

    def disable(self, request: DisableRequest) -> Disabled:
        """Run the program once."""
        stops = self._programs.stops
        try:
            process = self._programs.start(self.argv, stops)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "a null character in argv"
            raise AttemptError(f"cannot run it ({reason})", trouble=True, unsure=False) from None
        try:
            talk = _Talk(process, request.to_json(datetime.now(UTC)))
            ended = _ends_within(process, self.timeout)
        finally:
            self._programs.end(process)
            status = process.wait()
        answer, errors = talk.end()
        if not ended:
            raise AttemptError(f"no answer within {self.timeout:g} s", down=True)
        if status:
            raise AttemptError(_complaint(status, errors, request.token))
        if len(answer) > LONGEST_ANSWER:
            raise AttemptError(f"its answer is longer than {LONGEST_ANSWER} bytes", trouble=True)
        return read_answer(answer)

    def stop(self) -> bool:
        """Kill the programs that are running or about to, and what they have started."""
        self._programs.stop()
        return True


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


class _Talk:
    """Writes to a program and reads what it says, no more than is wanted of it."""

    def __init__(self, process: subprocess.Popen[bytes], request: bytes) -> None:
        assert process.stdin and process.stdout and process.stderr  # noqa: S101, PT018 - all are pipes
        self._streams: tuple[IO[bytes], ...] = (process.stdin, process.stdout, process.stderr)
        self._request = request
        self._answer = b""
        self._errors = b""
        self._threads = [
            threading.Thread(target=target, name="leakscan-command", daemon=True)
            for target in (self._write, self._read, self._read_errors)
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> tuple[bytes, bytes]:
        """Return what it said: the answer, and the end of its complaints."""
        over = time.monotonic() + _LINGER
        for thread in self._threads:
            thread.join(max(0, over - time.monotonic()))
        if not any(thread.is_alive() for thread in self._threads):
            for stream in self._streams:
                with contextlib.suppress(OSError):
                    stream.close()
        return self._answer, self._errors

    def _write(self) -> None:
        with contextlib.suppress(OSError):
            self._streams[0].write(self._request)
            self._streams[0].close()

    def _read(self) -> None:
        while chunk := os.read(self._streams[1].fileno(), 1 << 16):
            if len(self._answer) <= LONGEST_ANSWER:
                self._answer += chunk

    def _read_errors(self) -> None:
        while chunk := os.read(self._streams[2].fileno(), 1 << 16):
            self._errors = (self._errors + chunk)[-LONGEST_ANSWER:]


def _ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait for a program to end, without making its number free."""
    over = time.monotonic() + seconds
    look = os.WEXITED | os.WNOHANG | os.WNOWAIT
    while os.waitid(os.P_PID, process.pid, look) is None:
        if time.monotonic() > over:
            return False
        time.sleep(_LOOK)
    return True


def _environment() -> dict[str, str]:
    """Leave out our own settings, among which are keys."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LEAKSCAN_")}


def _complaint(status: int, errors: bytes, token: Secret) -> str:
    if len(errors) == LONGEST_ANSWER:  # it was cut, perhaps in the middle of the token
        errors = errors[len(token) :]
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    said = f": {lines[-1]}" if lines else ""
    return presentable(f"exit status {status}{said}", token)

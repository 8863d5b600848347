"""Runs the command line in forked processes that kill themselves at a given step.

It reads one JSON a line, ``{"arguments": [...], "step": n, "patience": p}``, and answers each with
``{"status": s, "steps": k}``.  A step lies before and after each transaction of the ledger, each
request and each mail; ``step`` 0 kills at none.  What a scan finds is answered beside it after p
seconds.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from leakscan.cli import main
from leakscan.cli import recording as _recording  # noqa: F401 - imported once for all
from leakscan.ledger.engine import Ledger
from leakscan.respond import head_start
from leakscan.respond.mail import Mailer
from leakscan.respond.web import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Steps:
    """Counts steps, and kills the process at one of them."""

    def __init__(self, fatal: int) -> None:
        self.count = 0
        self._fatal = fatal
        self._lock = threading.Lock()

    def take(self) -> None:
        with self._lock:
            self.count += 1
            if self.count == self._fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            self.take()
            result = function(*arguments, **named)
            self.take()
            return result

        return wrapped

    def install(self) -> None:
        writing = Ledger.writing

        @contextlib.contextmanager
        def stepped(ledger: Ledger) -> Iterator[Any]:
            with writing(ledger) as connection:
                yield connection
                self.take()
            self.take()

        Ledger.writing = stepped  # type: ignore[method-assign]
        Server.send = self.around(Server.send)  # type: ignore[method-assign]
        Mailer.send = self.around(Mailer.send)  # type: ignore[method-assign]


def run(arguments: list[str], step: int, patience: float) -> dict[str, int]:
    """Run one command in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        head_start.PATIENCE = patience
        steps = Steps(step)
        steps.install()
        sys.argv = ["leakscan", *arguments]
        status = main()
        os.write(writing, str(steps.count).encode())
        os._exit(status)
    os.close(writing)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with os.fdopen(reading) as pipe:
        return {"status": status, "steps": int(pipe.read() or 0)}


if __name__ == "__main__":
    for line in sys.stdin:
        command = json.loads(line)
        print(json.dumps(run(**command)), flush=True)

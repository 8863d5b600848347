"""Runs the command line in forked processes that kill themselves at a given step.

It reads one JSON a line, ``{"arguments": [...], "step": n, "beside": b}``, and answers each with
``{"status": s, "deaths": d}``.  A step lies before and after each transaction of the ledger, each
request and each mail; ``step`` 0 kills at none.  If b is true, the scan goes on long enough for the
process beside it, which counts on from where it was forked: d holds an ``s`` if the scan was
killed, and a ``b`` if the other was.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from forked import preload
from leakscan.cli import main
from leakscan.ledger.engine import Ledger
from leakscan.respond import head_start
from leakscan.respond.mail import Mailer
from leakscan.respond.web import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Steps:
    """Counts steps, and kills the process at one of them, when it has written down which it is."""

    def __init__(self, fatal: int, deaths: int) -> None:
        self._count = 0
        self._fatal = fatal
        self._deaths = deaths
        self._scan = os.getpid()
        self._lock = threading.Lock()

    def take(self) -> None:
        with self._lock:
            self._count += 1
            if self._count == self._fatal:
                os.write(self._deaths, b"s" if os.getpid() == self._scan else b"b")
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


def go_on_for_a_while() -> None:
    """Have what a scan finds answered beside it at once, and the scan last long enough for that."""
    finish = head_start.HeadStart.finish

    def finish_later(head: head_start.HeadStart, *, is_over: bool) -> Any:
        time.sleep(0.5)
        return finish(head, is_over=is_over)

    head_start.PATIENCE = 0
    head_start.HeadStart.finish = finish_later  # type: ignore[method-assign]


def run(arguments: list[str], step: int, *, beside: bool) -> dict[str, object]:
    """Run one command in a process of its own."""
    reading, deaths = os.pipe()
    os.set_blocking(reading, False)
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        os.dup2(deaths, 0)  # since the process beside the scan closes all but the standard files
        if beside:
            go_on_for_a_while()
        Steps(step, 0).install()
        sys.argv = ["leakscan", *arguments]
        os._exit(main())
    os.close(deaths)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    died = b""
    with contextlib.suppress(BlockingIOError):  # the process beside the scan may still live
        died = os.read(reading, 9)
    os.close(reading)
    return {"status": status, "deaths": died.decode()}


if __name__ == "__main__":
    preload()
    for line in sys.stdin:
        command = json.loads(line)
        print(json.dumps(run(**command)), flush=True)

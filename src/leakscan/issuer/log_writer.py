"""Write lines where it may take for ever, without waiting for it."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time

_MOST_LINES = 10_000
"""That wait to be written; more are dropped."""

_LAST_SECONDS = 1
"""Within which, in the end, the lines that wait must be written."""

_PAUSE_SECONDS = 0.05
"""Between two attempts to write where the system does not wait."""


class LineWriter:
    """Writes lines in a thread of its own, in their order and whole.

    A log must not hold up who is served, and to write may take for ever: a terminal that nobody
    reads says that it has room, and means less than a line.  So lines wait in a queue; one that
    finds it full is dropped, and so is one that cannot be written, be the disk full or the reader
    gone.  The logging handlers of the standard library with a queue wait for ever in the end.
    """

    def __init__(self, descriptor: int) -> None:
        # A copy: the number of another's may mean another file by the time that a line is written.
        self._descriptor = os.dup(descriptor)
        self._lines: queue.Queue[bytes | None] = queue.Queue(_MOST_LINES)
        self._given_up = False
        self._thread = threading.Thread(target=self._run, name="issuer-log", daemon=True)
        self._thread.start()

    def add(self, line: bytes) -> None:
        """Have a line written, without waiting for it."""
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(line)

    def finish(self) -> None:
        """Wait until everything is written, but not for long; then nothing more is."""
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=_LAST_SECONDS)
            self._thread.join(_LAST_SECONDS)
        self._given_up = True

    def _run(self) -> None:
        try:
            while (line := self._lines.get()) is not None and not self._given_up:
                with contextlib.suppress(OSError):
                    self._write(line)
        finally:
            os.close(self._descriptor)

    def _write(self, line: bytes) -> None:
        while line and not self._given_up:
            try:
                line = line[os.write(self._descriptor, line) :]
            except BlockingIOError:  # who shares the terminal or pipe has set it to do so
                time.sleep(_PAUSE_SECONDS)

"""One line of progress on a terminal, nothing elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress, TaskID

PATIENCE = 0.3
"""Seconds that pass before anything is shown: most scans are over by then."""


class ProgressLine:
    """Shows how far a scan is.  rich is imported only when there is something to show.

    Args:
        stream: where to show it, if it is a terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._started = time.monotonic()
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._stage = ""

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress:
            self._progress.stop()

    def cloning(self, stage: str, done: int, total: int) -> None:
        """Show how far a clone is."""
        self._show(stage, done, total)

    def reading(self, done: int, total: int) -> None:
        """Show how many objects have been read."""
        self._show("Scanning", done, total)

    def _show(self, stage: str, done: int, total: int) -> None:
        if not self._stream.isatty() or time.monotonic() - self._started < PATIENCE:
            return
        if self._progress is None:
            self._progress = self._make()
        if stage != self._stage or self._task is None:
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._stage, self._task = stage, self._progress.add_task(stage)
        self._progress.update(self._task, completed=done, total=total or None, refresh=True)

    def _make(self) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        # Refreshed by hand: a thread that draws would stand in the way of forking.
        progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=Console(file=self._stream),
            transient=True,
            auto_refresh=False,
        )
        progress.start()
        return progress

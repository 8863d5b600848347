"""Have what a watch finds answered while it goes on, in a thread beside it."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

from leakscan.cli.events import is_well as is_well_done
from leakscan.errors import LeakscanError
from leakscan.respond.event import Result
from leakscan.respond.responder import respond

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leakscan.cli.ledger_access import Response
    from leakscan.respond.event import Event

ALL_EVERY = 30.0
"""Seconds after which everything that is due is done, whoever found it."""


class Answering:
    """Answers findings: new ones at once, and all that is due twice a minute.

    Args:
        response: the ledger, and who answers leaks.
        tell: told of each attempt, in another thread.
        say: told of what goes wrong, once.
    """

    def __init__(
        self,
        response: Response,
        tell: Callable[[Event], None],
        say: Callable[[str], None],
    ) -> None:
        self.is_well = True
        """Whether nothing was given up, and all went well when it was tried last."""
        self._gave_up = False
        self._response = response
        self._tell = tell
        self._say = say
        self._said: str | None = None
        self._found: queue.SimpleQueue[Sequence[int] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="leakscan-answers", daemon=True)
        self._thread.start()

    def answer(self, ids: Sequence[int]) -> None:
        """Have findings answered at once, by their numbers in the ledger."""
        self._found.put(ids)

    def finish(self, patience: float) -> None:
        """Do what is due a last time, and wait up to ``patience`` seconds for the end."""
        self._found.put(None)
        self._thread.join(patience)
        self.is_well = self.is_well and not self._thread.is_alive()

    def _run(self) -> None:
        is_over, all_at = False, time.monotonic() + ALL_EVERY
        while not is_over:
            ids, is_over = self._next(all_at - time.monotonic())
            if ids:
                self._respond(sorted(ids))
            if is_over or time.monotonic() >= all_at:
                self._respond(None)
                all_at = time.monotonic() + ALL_EVERY

    def _next(self, patience: float) -> tuple[set[int], bool]:
        """Wait for what was found; return it, and whether there will be no more."""
        ids: set[int] = set()
        try:
            found = self._found.get(timeout=max(0.01, patience))
            while found is not None:
                ids.update(found)
                found = self._found.get_nowait()
        except queue.Empty:
            return ids, False
        return ids, True

    def _respond(self, only: Sequence[int] | None) -> None:
        """Do what is due; what fails stays due."""
        response = self._response
        is_well = True
        try:
            for event in respond(
                response.ledger, response.vault, response.settings, response.rules, only
            ):
                self._gave_up |= event.result is Result.GAVE_UP
                is_well &= is_well_done([event])
                self._tell(event)
            self._said = None
        except LeakscanError as error:
            is_well = self._complain(str(error))
        except Exception as error:  # noqa: BLE001 - the watch goes on, and says so
            is_well = self._complain(f"internal error ({type(error).__name__}) in the answer")
        if only is None or not is_well:
            self.is_well = is_well and not self._gave_up

    def _complain(self, what: str) -> bool:
        """Say what went wrong, once; return that it did."""
        if what != self._said:
            self._said = what
            self._say(f"{what}; what is due is tried again")
        return False

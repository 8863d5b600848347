"""What repositories are called, by their numbers, as the API tells it and for a while."""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leakscan.crawl.looks.api_documents import text
from leakscan.crawl.names import REPOSITORY
from leakscan.trouble import NOTHING_TO_SEE, Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable

    from leakscan.crawl.github.answers import ApiMeter
    from leakscan.crawl.github.calls import GitHub

REMEMBERED_FOR = 300.0
"""Seconds for which an answer is remembered: one repository may have thousands of pushes."""

MOST_REMEMBERED = 1000
"""Answers that are remembered; those go first that were needed longest ago."""

_LASTING = (*NOTHING_TO_SEE, Trouble.REFUSED)


@dataclass(frozen=True, slots=True)
class Called:
    """What the API answers to the number of a repository.

    Attributes:
        name: ``owner/name``; ``None`` if it tells none.
        trouble, what, remedy, retry_after: why it tells none, as in a `TroubleError`.
    """

    name: str | None = None
    trouble: Trouble = Trouble.BROKEN
    what: str = ""
    remedy: str = ""
    retry_after: float | None = None

    @property
    def is_lasting(self) -> bool:
        """Whether it would be the same a moment later."""
        return self.name is not None or self.trouble in _LASTING


@dataclass(slots=True)
class Numbers:
    """Asks what repositories are called.  Safe to share between threads.

    Attributes:
        github: who is asked.
        clock: seconds that only grow.
    """

    github: GitHub
    clock: Callable[[], float] = time.monotonic
    _asked: OrderedDict[int, tuple[float, Future[Called]]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def called(self, number: int, meter: ApiMeter, *, anew: bool = False) -> Called:
        """Return what a repository is called now, or was a few minutes ago.

        Whoever asks for the same one while a call is under way waits for its answer.

        Args:
            number: of the repository.
            meter: what a call is counted in, if it takes one.
            anew: whether it has just come to light, so that what was answered before may be untrue.
        """
        with self._lock:
            answer = self._remembered(number, anew=anew)
            is_mine = answer is None
            if answer is None:
                answer = Future()
                self._asked.pop(number, None)
                self._asked[number] = self.clock() + REMEMBERED_FOR, answer
                if len(self._asked) > MOST_REMEMBERED:
                    self._asked.popitem(last=False)
        if is_mine:
            self._ask(number, answer, meter)
        return answer.result()

    def _remembered(self, number: int, *, anew: bool) -> Future[Called] | None:
        until, answer = self._asked.get(number, (0.0, None))
        if answer is None or self.clock() >= until:
            return None
        if anew and answer.done():
            return None
        self._asked.move_to_end(number)
        return answer

    def _ask(self, number: int, answer: Future[Called], meter: ApiMeter) -> None:
        called = None
        try:
            called = self._call(number, meter)
            answer.set_result(called)
        except BaseException as error:
            answer.set_exception(error)  # or others would wait for ever
            raise
        finally:
            if called is None or not called.is_lasting:
                self._forget(number, answer)

    def _call(self, number: int, meter: ApiMeter) -> Called:
        try:
            name = text(self.github.get(f"/repositories/{number}", meter=meter).body, "full_name")
        except TroubleError as error:
            return Called(None, error.trouble, error.what, error.remedy, error.retry_after)
        if not re.fullmatch(REPOSITORY, name):
            what = "the API gives a name that is none"
            return Called(None, Trouble.BROKEN, what, "check github.api_url")
        return Called(name)

    def _forget(self, number: int, answer: Future[Called]) -> None:
        with self._lock:
            if self._asked.get(number, (0.0, None))[1] is answer:
                del self._asked[number]

"""Follow one push: read what it brought, and say what became of it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from leakscan.errors import LeakscanError
from leakscan.model import Confidence, ScanResult, Skip
from leakscan.push import Look, PushState
from leakscan.scan import collect
from leakscan.sources.sighting import Tally
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol

    from leakscan.model import Rule
    from leakscan.push import Push
    from leakscan.sources.sighting import Sighting

    class Reader(Protocol):
        """One way of reading a push."""

        @property
        def via(self) -> str:
            """``git`` or ``api``."""

        def read(self, push: Push, tally: Tally, spent: Spent) -> Iterator[Sighting]:
            """Yield what it brought; raise a TroubleError when no more can be read."""


CLOSED_AFTER = 3
"""Pushes in a row that git was refused and another way could read, after which git is closed."""

CLOSED_FOR = 600.0
"""Seconds until a closed endpoint is tried again."""

_PERHAPS_CLOSED = (Trouble.REFUSED, Trouble.UNREACHABLE, Trouble.BROKEN)

_CUT_SHORT = (Trouble.TOO_LARGE, Trouble.TOO_LONG)


@dataclass(slots=True)
class Spent:
    """What one look has cost, counted while it goes on; ``received`` is bytes of the network."""

    git_requests: int = 0
    api_requests: int = 0
    received: int = 0


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of one push; ``result`` holds what was found, if anything was."""

    look: Look
    result: ScanResult | None = None


class Endpoint:
    """Remembers whether the git server serves at all, so that not every push asks in vain.

    One push that git is refused says nothing: it may be gone.  Several that can be read all the
    same, another way, say that the endpoint as such is closed.  Safe to share between threads.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._in_vain = 0
        self._closed_until = 0.0

    @property
    def is_closed(self) -> bool:
        """Whether to leave it alone now."""
        with self._lock:
            return self._clock() < self._closed_until

    @property
    def is_suspect(self) -> bool:
        """Whether the last push that git was refused could be read another way."""
        with self._lock:
            return self._in_vain > 0

    def served(self) -> None:
        """Note that it answered as a git server does."""
        with self._lock:
            self._in_vain, self._closed_until = 0, 0.0

    def refused_in_vain(self) -> None:
        """Note that it refused what could be read another way."""
        with self._lock:
            self._in_vain += 1
            if self._in_vain >= CLOSED_AFTER:
                self._closed_until = self._clock() + CLOSED_FOR


@dataclass(frozen=True, slots=True)
class Means:
    """What a push is followed with.

    Attributes:
        readers: the ways of reading a push, the first one first; the second is for where the
            first one's server is closed.
        rules: the active rules.
        key: of fingerprints.
        site: the base of addresses of repositories, for people, such as ``https://github.com``.
        least: the lowest confidence to report.
    """

    readers: tuple[Reader, ...]
    rules: tuple[Rule, ...]
    key: bytes = field(repr=False)
    site: str
    least: Confidence = Confidence.MEDIUM
    endpoint: Endpoint = field(default_factory=Endpoint)

    @property
    def via(self) -> str:
        """The way that the next push will be read first: ``git`` or ``api``."""
        return self._ways()[0].via

    def _ways(self) -> tuple[Reader, ...]:
        return self.readers[1:] if self._skips_first() else self.readers

    def _skips_first(self) -> bool:
        return len(self.readers) > 1 and self.endpoint.is_closed


def follow(push: Push, means: Means) -> Followed:
    """Look at one push; whatever happens, it becomes an answer and no exception.

    What was found before a trouble is in the result.  The same push may be followed again: nothing
    is kept between two calls but whether the git endpoint serves.
    """
    try:
        return _follow(push, means)
    except Exception as error:  # noqa: BLE001 - one push may not end the watch
        return Followed(Look(PushState.FAILED, Trouble.BROKEN, internal_error(error)))


def _follow(push: Push, means: Means) -> Followed:
    first, *others = means._ways()  # noqa: SLF001 - of the same module
    followed = _look(push, first, means)
    trouble = followed.look.trouble
    if first.via == "git" and trouble not in _PERHAPS_CLOSED:
        means.endpoint.served()
    if not others or trouble not in _PERHAPS_CLOSED or followed.look.objects:
        return followed
    other = _look(push, others[0], means)
    if other.look.state is PushState.SCANNED:
        means.endpoint.refused_in_vain()
    elif other.look.trouble in (Trouble.BUSY, Trouble.REFUSED, Trouble.UNREACHABLE) and not (
        other.look.trouble is Trouble.BUSY and means.endpoint.is_suspect
    ):
        return _with_cost_of(followed, other)  # it knows no better
    return _with_cost_of(other, followed)


def _look(push: Push, reader: Reader, means: Means) -> Followed:
    tally, spent = Tally(), Spent()
    troubles: list[Exception] = []

    def drawn() -> Iterator[Sighting]:
        """Yield all that can be read, and keep why that ended."""
        try:
            yield from reader.read(push, tally, spent)
        except Exception as error:  # noqa: BLE001 - one push may not end the watch
            troubles.append(error)

    target = f"{means.site}/{push.repository}"
    result = collect(target, drawn(), tally, means.rules, key=lambda: means.key, least=means.least)
    look = _concluded(tally, troubles[0] if troubles else None)
    look = replace(
        look,
        via=reader.via,
        objects=tally.objects,
        bytes=tally.bytes,
        received=spent.received,
        git_requests=spent.git_requests,
        api_requests=spent.api_requests,
    )
    return Followed(look, result if result.findings else None)


def _concluded(tally: Tally, error: Exception | None) -> Look:
    skipped = tuple(tally.skipped)
    if error is None:
        return Look(PushState.SCANNED, skipped=skipped)
    if not isinstance(error, TroubleError):
        # Not the message of what is unexpected, which might quote what was being read.
        why = str(error) if isinstance(error, LeakscanError) else internal_error(error)
        return Look(PushState.FAILED, Trouble.BROKEN, why, skipped=skipped)
    if error.trouble in _CUT_SHORT and tally.objects:
        skipped += (Skip("the rest of the push", error.what),)
        return Look(PushState.SCANNED, error.trouble, str(error), skipped=skipped)
    state = PushState.FAILED if error.trouble.is_passing else PushState.SKIPPED
    return Look(state, error.trouble, str(error), error.retry_after, skipped=skipped)


def internal_error(error: Exception) -> str:
    """Name an unexpected error for a bug report, without its message, which may quote a secret."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = ""
    if trace:
        name = trace.tb_frame.f_code.co_filename.rpartition("/")[2]
        place = f" in {name}:{trace.tb_lineno}"
    return f"internal error ({type(error).__name__}{place}): please report it"


def _with_cost_of(followed: Followed, other: Followed) -> Followed:
    """Add what another look at the same push has cost and found."""
    look, spent = followed.look, other.look
    look = replace(
        look,
        received=look.received + spent.received,
        git_requests=look.git_requests + spent.git_requests,
        api_requests=look.api_requests + spent.api_requests,
    )
    return Followed(look, followed.result or other.result)

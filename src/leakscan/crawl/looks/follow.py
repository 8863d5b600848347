"""Follow one push: read what it brought, and say what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from leakscan.crawl.pace import CLOSED_SIGNS, LONGEST_REST
from leakscan.errors import LeakscanError, TargetError
from leakscan.model import Confidence, ScanResult, Skip
from leakscan.push import Look, PushState
from leakscan.scan import collect
from leakscan.sources.sighting import Tally
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    from leakscan.crawl.pace import Pace
    from leakscan.model import Rule
    from leakscan.push import Push
    from leakscan.sources.sighting import Sighting

    class Reader(Protocol):
        """One way of reading a push."""

        @property
        def via(self) -> str:
            """``git`` or ``api``."""

        @property
        def pace(self) -> Pace:
            """How many pushes its server may be asked for at once."""

        def read(self, push: Push, tally: Tally, spent: Spent) -> Iterator[Sighting]:
            """Yield what it brought; raise a TroubleError when no more can be read."""


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
        asks_about_refusals: whether the second way is also asked about a push that the first is
            refused alone: most of these are gone, which is not worth a call where few are allowed.
            So it is about one that the first one's server fails to give, time and again.
    """

    readers: tuple[Reader, ...]
    rules: tuple[Rule, ...]
    key: bytes = field(repr=False)
    site: str
    least: Confidence = Confidence.MEDIUM
    asks_about_refusals: bool = True

    @property
    def reader(self) -> Reader:
        """The way to read the next push."""
        return next((one for one in self.readers if not one.pace.closed), self.readers[-1])

    def second(self, reader: Reader, look: Look) -> Reader | None:
        """Return the way to read a push after a look in vain, if another may do better."""
        if look.objects or reader is self.readers[-1]:
            return None
        is_worth_it = look.trouble in CLOSED_SIGNS
        if self.asks_about_refusals and not is_worth_it:
            is_failing = look.trouble is Trouble.BUSY and look.retry_after is None
            fails_on = is_failing and reader.pace.trouble is not None
            is_worth_it = look.trouble is Trouble.REFUSED or fails_on
        return self.readers[-1] if is_worth_it else None


def follow(push: Push, reader: Reader, means: Means) -> Followed:
    """Look at one push; whatever happens, it becomes an answer and no exception.

    What was found before a trouble is in the result.  The same push may be followed again: nothing
    is kept between two calls but what the paces of the readers have learned.

    Args:
        push: what to look at.
        reader: the way to read it first, `Means.reader`.
        means: what else it is followed with.
    """
    try:
        return _follow(push, reader, means)
    except Exception as error:  # noqa: BLE001 - one push may not end the watch
        return Followed(Look(PushState.FAILED, Trouble.BROKEN, internal_error(error)))


def _follow(push: Push, reader: Reader, means: Means) -> Followed:
    followed = _look(push, reader, means)
    second = means.second(reader, followed.look)
    if second is None:
        reader.pace.missed(followed.look)
        return followed
    other = _look(push, second, means)
    second.pace.missed(other.look)
    if other.look.state is not PushState.SCANNED:
        reader.pace.missed(followed.look)
    elif not followed.look.is_elsewhere:
        reader.pace.bypassed(followed.look)
    if other.look.trouble is Trouble.REFUSED:  # which says nothing of the server of the first
        return _with_cost_of(followed, other)
    return _with_cost_of(other, followed)


def _look(push: Push, reader: Reader, means: Means) -> Followed:
    tally, spent = Tally(), Spent()
    troubles: list[Exception] = []
    began = reader.pace.now

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
    reader.pace.learn(look, began)
    return Followed(look, result if result.findings else None)


def _concluded(tally: Tally, error: Exception | None) -> Look:
    skipped = tuple(tally.skipped)
    if error is None:
        return Look(PushState.SCANNED, skipped=skipped)
    if not isinstance(error, TroubleError):
        # Not the message of what is unexpected, which might quote what was being read.
        why = str(error) if isinstance(error, LeakscanError) else internal_error(error)
        trouble = Trouble.LOCAL if isinstance(error, TargetError) else Trouble.BROKEN
        return Look(PushState.FAILED, trouble, why, skipped=skipped)
    trouble, wait = error.trouble, error.retry_after
    if trouble in _CUT_SHORT and tally.objects:
        skipped += (Skip("the rest of the push", error.what),)
        return Look(PushState.SCANNED, trouble, str(error), skipped=skipped)
    if trouble is Trouble.TOO_LONG:
        trouble = Trouble.UNREACHABLE  # nothing came, which says nothing of the push
    state = PushState.FAILED if trouble.is_passing or trouble.is_ours else PushState.SKIPPED
    wait = None if wait is None else min(wait, LONGEST_REST)
    is_elsewhere = error.is_elsewhere
    return Look(state, trouble, str(error), wait, skipped=skipped, is_elsewhere=is_elsewhere)


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

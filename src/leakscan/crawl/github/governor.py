"""Decide which request to GitHub's API may be sent now, and as whom.

GitHub allows so many requests an hour (its primary limits), and none that come too fast or too
many at once (its secondary limits).  Whoever goes on asking against the limits may be banned.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from leakscan.crawl.github.allowance import Allowance, Budget, is_secondary, is_used_up
from leakscan.crawl.github.credentials import Refused
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leakscan.crawl.github.answers import Reply
    from leakscan.crawl.github.credentials import Credential

MOST_AT_ONCE = 100
"""Requests under way in all:
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api."""

FOR_URGENT = 5
"""Urgent requests that may be under way although there is no room for others: looks at pushes may
not keep the feeds from being asked.  So many threads ask them: one all public events, one code
search, and three accounts and repositories."""

_BEGIN_WITH = 8
_NO_ROOM = 0.5
"""Seconds after which one of the requests that are under way may be over."""


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """Leave to send one request; it must be given back with `Governor.finish`.

    Attributes:
        credential: whom to send it as.
        resource: what GitHub calls the kind of request.
        started: when, by the governor's clock.
    """

    credential: Credential
    resource: str
    started: float


class Governor:
    """Knows what is left of every budget, and waits for none.  Safe to share between threads.

    Args:
        credentials: whom requests may be sent as.
        most: requests under way at once that are exceeded by `FOR_URGENT` at most.
        clock: seconds that only grow.
        wall: seconds since 1970, for servers that do not tell the time.
    """

    def __init__(
        self,
        credentials: Sequence[Credential],
        most: int = _BEGIN_WITH,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._allowances = {credential: Allowance(credential) for credential in credentials}
        self._most = min(most, MOST_AT_ONCE)
        self._at_once = float(min(self._most, _BEGIN_WITH))
        self._under_way = 0
        self._same: dict[str, str] = {}
        self._clock, self._wall = clock, wall
        self._lock = threading.Condition()

    @property
    def credentials(self) -> tuple[Credential, ...]:
        """Whom requests may be sent as."""
        return tuple(self._allowances)

    @property
    def at_once(self) -> int:
        """How many requests may be under way now."""
        with self._lock:
            return int(self._at_once)

    def choose(
        self, resource: str = "core", *, urgent: bool = False, patience: float = 0.0
    ) -> Turn:
        """Give leave for one request, as the credential that has most left.

        Args:
            resource: what GitHub calls the kind of request, such as ``core`` or ``code_search``.
            urgent: whether it may draw on the reserve, and on the room for what is urgent.
            patience: seconds to wait until others are over, if too many are under way.

        Raises:
            TroubleError: busy, with the seconds until one may be sent, or every credential is
                refused.
        """
        with self._lock:
            has_room = self._lock.wait_for(lambda: self._has_room(urgent=urgent), patience)
            now, resource = self._clock(), self._same.get(resource, resource)
            usable = [each for each in self._allowances.values() if each.refused is None]
            if not usable:
                raise self._all_refused()
            if not has_room:
                raise _busy("as many requests as it likes at once are under way", _NO_ROOM)
            limits = [each.limit(resource, now, urgent=urgent) for each in usable]
            wait, why = min(limits)
            if wait > 0:
                again = datetime.fromtimestamp(self._wall() + wait, UTC)
                raise TroubleError(
                    Trouble.BUSY, f"{why}: no call before {again:%H:%M:%S} UTC", "", wait
                )
            ready = [each for each, limit in zip(usable, limits, strict=True) if limit[0] <= 0]
            best = max(ready, key=lambda each: each.left(resource, now, urgent=urgent))
            best.begin(resource, now)
            self._under_way += 1
            return Turn(best.credential, resource, now)

    def finish(self, turn: Turn, reply: Reply | None) -> bool:
        """Take back a turn; tell whether the answer is that a limit was met.

        Args:
            turn: what `choose` gave, once.
            reply: what the server answered; ``None`` if nothing.
        """
        with self._lock:
            allowance, now = self._allowances[turn.credential], self._clock()
            self._under_way -= 1
            self._lock.notify_all()
            allowance.end(turn.resource)
            if reply is None:
                allowance.lose(turn.resource, now)
                return False
            resource = self._resource(turn, reply)
            allowance.learn(reply, resource, turn.started, now, self._wall())
            if is_used_up(reply) and allowance.use_up(resource, now):
                if reply.retry_after is not None:
                    allowance.pause(reply.retry_after, turn.started, now)
                return True
            if is_secondary(reply) or is_used_up(reply):
                if allowance.pause(reply.retry_after, turn.started, now):
                    self._at_once = max(1.0, self._at_once / 2)
                return True
            if reply.status < 500:
                allowance.succeed(now)
                self._at_once = min(float(self._most), self._at_once + 1 / self._at_once)
            return False

    def put_aside(self, credential: Credential, why: str) -> bool:
        """Use a credential no more until it is taken back; tell whether this is news."""
        with self._lock:
            allowance = self._allowances[credential]
            is_news = allowance.refused is None
            allowance.refused = allowance.refused or why
            return is_news

    def take_back(self, credential: Credential) -> None:
        """Use a credential again that was put aside."""
        with self._lock:
            self._allowances[credential].refused = None

    def refused(self) -> tuple[Refused, ...]:
        """Return the credentials that were put aside and not taken back."""
        with self._lock:
            return self._refused()

    def budget(self) -> tuple[Budget, ...]:
        """Return what is left, by credential and resource, as far as GitHub has told."""
        with self._lock:
            now = self._clock()
            usable = (each for each in self._allowances.values() if each.refused is None)
            return tuple(budget for each in usable for budget in each.budgets(now))

    def _has_room(self, *, urgent: bool) -> bool:
        room = int(self._at_once) + (FOR_URGENT if urgent else 0)
        return self._under_way < min(room, MOST_AT_ONCE)

    def _resource(self, turn: Turn, reply: Reply) -> str:
        """Learn what GitHub counts this kind of request as."""
        told = reply.headers.get("x-ratelimit-resource", turn.resource)
        if told != turn.resource and turn.resource != "core":
            self._same[turn.resource] = told
        return told

    def _all_refused(self) -> TroubleError:
        refused = self._refused()
        why = "; ".join(f"{one.credential}: {one.why}" for one in refused)
        return TroubleError(
            Trouble.BARRED,
            f"GitHub refuses every credential ({why})",
            ", or ".join(dict.fromkeys(one.remedy for one in refused)),
        )

    def _refused(self) -> tuple[Refused, ...]:
        return tuple(
            Refused(one.credential.name, one.refused, one.credential.remedy)
            for one in self._allowances.values()
            if one.refused is not None
        )


def _busy(why: str, wait: float) -> TroubleError:
    return TroubleError(Trouble.BUSY, f"GitHub's limits: {why}", "", wait)

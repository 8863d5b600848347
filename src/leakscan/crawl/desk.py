"""The one place of a watch that writes to the ledger, in batches.

The order of the writes is what a ``kill -9`` may interrupt: findings before the push is marked as
done, pushes before the feed's cursor moves on.  What was not written down is done again, and what
was written twice is the same once more.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from leakscan.crawl.figures import Figures
from leakscan.crawl.pace import LONGEST_REST
from leakscan.errors import LeakscanError, UsageError
from leakscan.ledger.push_outcomes import MAX_ATTEMPTS
from leakscan.ledger.pushes import lag
from leakscan.ledger.watched import settled
from leakscan.model import PUBLIC
from leakscan.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Protocol

    from leakscan.crawl.hands import Looked, Polled
    from leakscan.ledger.push_queue import PushClaim, PushQueue
    from leakscan.ledger.record import Recorder
    from leakscan.model import Finding, ScanResult
    from leakscan.push import Look

    class View(Protocol):
        """Tells people what goes on."""

        def say(self, line: str) -> None:
            """Say something that is said once."""

        def remark(self, line: str) -> None:
            """Say something that nobody needs to know."""

        def found(self, findings: Sequence[Finding]) -> None:
            """Tell what was found and recorded, redacted; each secret once."""

        def known(self, findings: Sequence[Finding]) -> None:
            """Tell what was found again, and is no news; as for `found`."""

        def show(self, figures: Figures) -> None:
            """Show how it goes; called a few times a second."""

    Value = TypeVar("Value")

PATIENCE = 10.0
"""Seconds in which a ledger that fails may recover, as a server that is started anew."""

MOST_RETURNS = 3
"""How often in a row a claim is given back unattempted, before that counts as an attempt: one push
to which a server always says "later" must not come back for ever."""

MOST_REMEMBERED = 10_000
"""Pushes and secrets of which the desk remembers what it did or said, so that it does not grow."""


@dataclass(slots=True)
class Desk:
    """Writes down what feeders and workers bring, and counts it.

    Attributes:
        recorder: writes findings, for the run of this watch.
        present: returns a result whose every text holds no secret.
        clean: does so for one text.
        answer: told the ledger's numbers of what was just recorded, to have it disabled.
        patience: seconds in which a ledger that fails may recover.
    """

    queue: PushQueue
    recorder: Recorder
    present: Callable[[ScanResult], ScanResult]
    clean: Callable[[str], str]
    answer: Callable[[Sequence[int]], None]
    view: View
    patience: float = PATIENCE
    figures: Figures = field(default_factory=Figures)
    _returns: Counter[int] = field(default_factory=Counter)
    _told: set[str] = field(default_factory=set)
    _complained: dict[Trouble, float] = field(default_factory=dict)

    def take(self, polled: Sequence[Polled], looked: Sequence[Looked]) -> None:
        """Write down what has come, but for what feeds told; return when it is safe.

        Raises:
            LeakscanError: the ledger failed; what was not written is done again by whoever comes.
        """
        found = [message.found for message in polled] + [message.found for message in looked]
        self._record([result for result in found if result])
        self._conclude(looked)

    def claim(self, limit: int) -> list[PushClaim]:
        """Take pushes to be looked at.

        Raises:
            LeakscanError: the ledger failed.
        """
        claimed = self.try_for_a_while(lambda: self.queue.claim(limit))
        self.figures.given_up += claimed.given_up
        return claimed.claims

    def renew(self, claims: Sequence[PushClaim]) -> list[PushClaim]:
        """Keep claims that workers hold; return those that are still ours.

        Raises:
            LeakscanError: the ledger failed.
        """
        return self.try_for_a_while(lambda: self.queue.renew(claims))

    def give_back(self, claims: Sequence[PushClaim], delay: float = 0.0) -> None:
        """Return claims that were not begun, to be taken after ``delay`` seconds.

        Raises:
            LeakscanError: the ledger failed; their leases will end.
        """
        if claims:
            self.try_for_a_while(lambda: self.queue.release(claims, timedelta(seconds=delay)))
            self.figures.given_back |= {claim.id for claim in claims}

    def catch_up(self) -> None:
        """Learn what other watches have done of what failed or was given back here.

        Raises:
            LeakscanError: the ledger failed.
        """
        if left := self.figures.failing | self.figures.given_back:
            self.figures.keep(self.try_for_a_while(lambda: self.queue.unended(left)))

    def is_idle_for(self, seconds: float) -> bool:
        """Tell whether no push that was given back may be begun within so long.

        Raises:
            LeakscanError: the ledger failed.
        """
        due = self.try_for_a_while(self.queue.next_due)
        return due is None or (due - datetime.now(UTC)).total_seconds() > seconds

    def try_for_a_while(self, write: Callable[[], Value]) -> Value:
        """Do something with the ledger, again if it fails, for it may recover.

        Raises:
            LeakscanError: it did not.
        """
        said, end = "", time.monotonic() + self.patience
        while True:
            try:
                return write()
            except UsageError:
                raise
            except LeakscanError as error:
                if time.monotonic() >= end:
                    raise
                if str(error) != said:
                    said = str(error)
                    self.view.say(f"{said}; it is tried again for a moment")
                time.sleep(0.5)

    def _record(self, results: Sequence[ScanResult]) -> None:
        found = [finding for result in results for finding in self.present(result).findings]
        if not found:
            return
        recorded = self.try_for_a_while(lambda: self.recorder.record(found, PUBLIC))
        self.figures.findings.update(recorded.ids)
        self.answer(recorded.ids)
        old = self.try_for_a_while(
            lambda: settled(self.recorder.ledger, recorded.ids, self.recorder.run)
        )
        self.figures.news.update(set(recorded.ids) - set(old))
        self._tell_of(found, frozenset(old.values()))

    def _tell_of(self, found: Sequence[Finding], old: frozenset[str]) -> None:
        untold = {one.fingerprint: one for one in found if one.fingerprint not in self._told}
        if len(self._told) > MOST_REMEMBERED:
            self._told.clear()
        self._told.update(untold)
        self.view.found([one for name, one in untold.items() if name not in old])
        self.view.known([one for name, one in untold.items() if name in old])

    def _conclude(self, looked: Sequence[Looked]) -> None:
        returned: dict[float, list[PushClaim]] = {}
        ended: list[tuple[PushClaim, Look, int]] = []
        for one in looked:
            look = one.followed.look if one.followed else None
            delay = self._return_after(one.claim, look) if look else 0.0
            if look is None or delay is not None:
                returned.setdefault(delay or 0.0, []).append(one.claim)
                continue
            self._returns.pop(one.claim.id, None)
            look = replace(look, why=look.why and self.clean(look.why))
            ended.append((one.claim, look, len(one.found.findings) if one.found else 0))
        ours = set(self.try_for_a_while(lambda: self.queue.finish(ended, self.recorder.run)))
        moment = datetime.now(UTC)
        for claim, look, _ in ended:
            if claim.id in ours:
                late = lag(claim.push.feed, claim.push.happened_at, moment)
                is_last = claim.attempts >= MAX_ATTEMPTS
                self.figures.count(claim.id, look, late, time.monotonic(), is_last=is_last)
        for delay, claims in returned.items():
            self.give_back(claims, delay)

    def _return_after(self, claim: PushClaim, look: Look) -> float | None:
        """Return after how many seconds a push is to be begun anew, if the look does not count.

        It does not if nothing of what it met is about the push.
        """
        if look.trouble and look.trouble.is_ours:
            self._complain(look.trouble, look.why or look.trouble)
            return look.retry_after or LONGEST_REST
        if look.trouble is not Trouble.BUSY or look.retry_after is None:
            return None
        if len(self._returns) > MOST_REMEMBERED:
            self._returns.clear()
        self._returns[claim.id] += 1
        return look.retry_after if self._returns[claim.id] <= MOST_RETURNS else None

    def _complain(self, trouble: Trouble, why: str) -> None:
        """Say what is wrong with us, once and then again while it lasts."""
        moment = time.monotonic()
        if moment >= self._complained.get(trouble, moment):
            self._complained[trouble] = moment + LONGEST_REST
            self.view.say(self.clean(why))

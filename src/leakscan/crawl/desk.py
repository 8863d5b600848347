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
from leakscan.crawl.hands import Looked, Polled
from leakscan.errors import LeakscanError, UsageError
from leakscan.model import PUBLIC
from leakscan.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Protocol

    from leakscan.ledger.push_queue import PushClaim, PushQueue
    from leakscan.ledger.record import Recorder
    from leakscan.model import Finding, ScanResult
    from leakscan.push import Look

    class Teller(Protocol):
        """Tells people what goes on."""

        def say(self, line: str) -> None:
            """Say something that is said once."""

        def remark(self, line: str) -> None:
            """Say something that nobody needs to know."""

        def found(self, findings: Sequence[Finding]) -> None:
            """Tell what was found and recorded, redacted; each secret once."""

        def show(self, figures: Figures) -> None:
            """Show how it goes; called a few times a second."""

    Value = TypeVar("Value")

PATIENCE = 10.0
"""Seconds in which a ledger that fails may recover, as a server that is started anew."""

SOON = 60.0
"""Seconds that a run which works off what is due waits for a server that asks to be left alone."""

MOST_RETURNS = 3
"""How often in a row a claim is given back unattempted, before that counts as an attempt: one push
to which a server always says "later" must not come back for ever."""


@dataclass(slots=True)
class Desk:
    """Writes down what feeders and workers bring, and counts it.

    Attributes:
        host: name of the site whose pushes are looked at.
        recorder: writes findings, for the run of this watch.
        present: returns a result whose every text holds no secret.
        clean: does so for one text.
        answer: told the ledger's numbers of what was just recorded, to have it disabled.
        patience: seconds in which a ledger that fails may recover.
        again_at: by the monotonic clock, when the last of what was given back for up to `SOON`
            seconds may be begun again.
    """

    queue: PushQueue
    host: str
    recorder: Recorder
    present: Callable[[ScanResult], ScanResult]
    clean: Callable[[str], str]
    answer: Callable[[Sequence[int]], None]
    teller: Teller
    patience: float = PATIENCE
    figures: Figures = field(default_factory=Figures)
    again_at: float = 0.0
    _returns: Counter[int] = field(default_factory=Counter)
    _told: set[str] = field(default_factory=set)

    def take(self, messages: Sequence[Polled | Looked]) -> None:
        """Write down what has come, but for what feeds told; return when it is safe.

        Raises:
            LeakscanError: the ledger failed; what was not written is done again by whoever comes.
        """
        looked = [message for message in messages if isinstance(message, Looked)]
        results = [
            message.found if isinstance(message, Polled) else _result(message)
            for message in messages
        ]
        self._record([result for result in results if result])
        if looked:
            self._conclude(looked)

    def claim(self, limit: int) -> list[PushClaim]:
        """Take pushes to be looked at; none that another site's watch has queued.

        Raises:
            LeakscanError: the ledger failed.
        """
        claims = self.try_for_a_while(lambda: self.queue.claim(limit))
        ours = [claim for claim in claims if claim.push.host == self.host]
        if len(ours) < len(claims):
            strange = [claim for claim in claims if claim.push.host != self.host]
            self.try_for_a_while(lambda: self.queue.release(strange, timedelta(hours=1)))
        return ours

    def renew(self, claims: Sequence[PushClaim]) -> None:
        """Keep claims that workers hold.

        Raises:
            LeakscanError: the ledger failed.
        """
        if claims:
            self.try_for_a_while(lambda: self.queue.renew(claims))

    def give_back(self, claims: Sequence[PushClaim], delay: float = 0.0) -> None:
        """Return claims that were not begun, to be taken after ``delay`` seconds.

        Raises:
            LeakscanError: the ledger failed; their leases will end.
        """
        if claims:
            self.try_for_a_while(lambda: self.queue.release(claims, timedelta(seconds=delay)))
            self.figures.given_back |= {claim.id for claim in claims}
            if delay <= SOON:
                self.again_at = max(self.again_at, time.monotonic() + delay)

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
                    self.teller.say(f"{said}; it is tried again for a moment")
                time.sleep(0.5)

    def _record(self, results: Sequence[ScanResult]) -> None:
        found = [finding for result in results for finding in self.present(result).findings]
        if not found:
            return
        recorded = self.try_for_a_while(lambda: self.recorder.record(found, PUBLIC))
        self.figures.findings.update(recorded.ids)
        self.answer(recorded.ids)
        news = {one.fingerprint: one for one in found if one.fingerprint not in self._told}
        self._told.update(news)
        self.teller.found(tuple(news.values()))

    def _conclude(self, looked: Sequence[Looked]) -> None:
        returned: dict[float, list[PushClaim]] = {}
        ended: list[tuple[PushClaim, Look, int]] = []
        for one in looked:
            look = one.followed.look if one.followed else None
            if look is None or self._is_to_return(one.claim, look):
                delay = (look.retry_after if look else None) or 0.0
                returned.setdefault(delay, []).append(one.claim)
                continue
            self._returns.pop(one.claim.id, None)
            result = _result(one)
            look = replace(look, why=look.why and self.clean(look.why))
            ended.append((one.claim, look, len(result.findings) if result else 0))
        self.try_for_a_while(lambda: self.queue.finish(ended, self.recorder.run))
        moment = datetime.now(UTC)
        for claim, look, _ in ended:
            lag = (moment - claim.push.happened_at).total_seconds()
            self.figures.count(claim.id, look, lag, time.monotonic())
        for delay, claims in returned.items():
            self.give_back(claims, delay)

    def _is_to_return(self, claim: PushClaim, look: Look) -> bool:
        """Tell whether a look was refused only for now, so that it does not count."""
        if look.trouble is not Trouble.BUSY or look.retry_after is None:
            return False
        self._returns[claim.id] += 1
        return self._returns[claim.id] <= MOST_RETURNS


def _result(looked: Looked) -> ScanResult | None:
    return looked.followed.result if looked.followed else None

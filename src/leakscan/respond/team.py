"""Tell the team what needs a person, in one message for all that is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from leakscan.ledger.duties import DISABLED, TROUBLE
from leakscan.ledger.entries import action_at, sightings_of
from leakscan.ledger.outcomes import Failure
from leakscan.ledger.words import ActionKind
from leakscan.respond.alerts import Alert, send_alert
from leakscan.respond.event import Event, Result, event_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from leakscan.ledger.engine import Ledger
    from leakscan.ledger.outcomes import Outcomes
    from leakscan.ledger.queue import Queue
    from leakscan.ledger.words import Claim
    from leakscan.respond.alerts import AlertSettings
    from leakscan.respond.heartbeat import Heartbeat

AT_ONCE = 500
MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Team:
    """Takes due alerts and sends them.  No alert holds a secret, nor an owner's address."""

    ledger: Ledger
    queue: Queue
    outcomes: Outcomes
    settings: AlertSettings
    heartbeat: Heartbeat

    def run(self, only: Collection[int] | None) -> Iterator[Event]:
        """Send what is due; yield an event for each alert.

        Raises:
            LeakscanError: the ledger failed.
        """
        claims = self.queue.claim([(ActionKind.ALERT, None)], AT_ONCE, only)
        self.heartbeat.hold(claims)
        waiting = {claim.action: claim for claim in claims}
        try:
            # Those that some channels have already are told only to the others.
            for took, group in groupby(sorted(claims, key=_took), _took):
                together = list(group)
                for claim in together:  # from now on its fate is known, or it is left to its lease
                    del waiting[claim.action]
                yield from self._tell(self.queue.renew(together), took)
        finally:
            self.heartbeat.let_go(claims)
            if waiting:
                self.queue.release(waiting.values(), timedelta(0))

    def _tell(self, claims: list[Claim], took: str) -> Iterator[Event]:
        if not claims:  # another process has taken them over
            return
        taken, failure = send_alert(self.settings, self._alert(claims), took.split())
        self.heartbeat.let_go(claims)
        if failure is None:
            states = self.outcomes.told(claims, "sent")
        else:
            marks = " ".join(sorted(taken)) or None
            states = self.outcomes.failed(claims, Failure(failure, receipt=marks))
        for claim in claims:
            yield event_of(claim, Result.of(states, claim), failure or "sent")

    def _alert(self, claims: Sequence[Claim]) -> Alert:
        lines = [self._line(claim) for claim in claims[:MOST_LINES]]
        if more := len(claims) - len(lines):
            lines.append(f"... and {more} more: leakscan findings list --attention")
        needing = sum(_occasion(claim) != DISABLED for claim in claims)
        if needing:
            title = f"leakscan: {needing} {'thing needs' if needing == 1 else 'things need'} you"
        else:
            tokens = "token" if len(claims) == 1 else "tokens"
            title = f"leakscan: {len(claims)} leaked {tokens} disabled"
        return Alert(title, "\n\n".join(lines), is_urgent=bool(needing))

    def _line(self, claim: Claim) -> str:
        entry = claim.entry
        with self.ledger.reading() as connection:
            places = sightings_of(connection, entry.id, 1)
            about = action_at(connection, claim.about or 0)
        parts = [f"#{entry.id} {entry.rule} {entry.redacted}"]
        if about and _occasion(claim) == DISABLED:
            parts.append(f"disabled by {about.responder}")
        elif about:
            words = "is in trouble" if _occasion(claim) == TROUBLE else "gave up"
            parts.append(f"{about.kind} ({about.responder}) {words}: {about.last_answer}")
        parts += [f"seen in {places[0].repository}"] if places else []
        return "; ".join(parts) + f"\nleakscan findings show {entry.id}"


def _took(claim: Claim) -> str:
    return claim.receipt or ""


def _occasion(claim: Claim) -> str:
    return claim.responder.partition(" ")[0]

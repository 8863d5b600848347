"""Tell the team what needs a person, in one message for all that is due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.ledger.entries import actions_of, sightings_of
from leakscan.ledger.words import ActionKind
from leakscan.respond.alerts import send_alert
from leakscan.respond.event import Event, Result, event_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

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
        if not claims:
            return
        self.heartbeat.hold(claims)
        try:
            failure = send_alert(self.settings, _title(claims), self._body(claims))
        finally:
            self.heartbeat.let_go(claims)
        if failure is None:
            result = Result.DONE if self.outcomes.told(claims, "sent", None) else Result.LOST
            yield from (event_of(claim, result, "sent") for claim in claims)
            return
        for claim in claims:
            state = self.outcomes.failed(claim, failure)
            yield event_of(claim, Result.of(state), failure)

    def _body(self, claims: list[Claim]) -> str:
        lines = [self._line(claim) for claim in claims[:MOST_LINES]]
        if more := len(claims) - len(lines):
            lines.append(f"... and {more} more: leakscan findings list --needs-attention")
        return "\n\n".join(lines)

    def _line(self, claim: Claim) -> str:
        entry = claim.entry
        with self.ledger.reading() as connection:
            places = sightings_of(connection, entry.id, 1)
            kind = claim.responder.partition(" ")[0].rstrip(":")
            answers = [
                action.last_answer
                for action in actions_of(connection, entry.id)
                if action.kind == kind and action.last_answer
            ]
        parts = [f"#{entry.id} {entry.rule} {entry.redacted}: {claim.responder}"]
        parts += [f"last answer: {answers[-1]}"] if answers else []
        parts += [f"seen in {places[0].repository}"] if places else []
        return "; ".join(parts) + f"\nleakscan findings show {entry.id}"


def _title(claims: list[Claim]) -> str:
    needing = [claim for claim in claims if claim.responder != "disabled"]
    if needing:
        return (
            f"leakscan: {len(needing)} {'thing needs' if len(needing) == 1 else 'things need'} you"
        )
    return f"leakscan: {len(claims)} leaked {'token' if len(claims) == 1 else 'tokens'} disabled"

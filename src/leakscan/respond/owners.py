"""Tell the owners: one mail for what is due to each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from leakscan.errors import LeakscanError
from leakscan.ledger.duties import OWNER
from leakscan.ledger.entries import count_sightings
from leakscan.ledger.outcomes import Failure
from leakscan.ledger.words import ActionKind, Owner
from leakscan.respond.event import Event, Result, event_of
from leakscan.respond.failure import presentable
from leakscan.respond.mail import Delivered, Failed, Mailer, Refused, compose
from leakscan.respond.notice import Notice
from leakscan.respond.places import places_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from leakscan.ledger.engine import Ledger
    from leakscan.ledger.outcomes import Outcomes
    from leakscan.ledger.queue import Queue
    from leakscan.ledger.words import Claim
    from leakscan.model import Rule
    from leakscan.respond.heartbeat import Heartbeat
    from leakscan.respond.mail import MailSettings
    from leakscan.respond.mail.outcome import Outcome

AT_ONCE = 500
"""Notices that are taken at once."""

MOST_NOTICES = 50
"""Findings that one mail tells of; with more, there are more mails."""

MOST_PLACES = 10

DOWN_AFTER = 3
"""Failures in a row after which the mail server counts as down for the rest of the run."""


@dataclass(slots=True)
class Owners:
    """Takes due notices and sends the mails.

    Attributes:
        rules: by id, for the names of the families of tokens.
        failures: how often in a row the mail server failed in this run.
    """

    ledger: Ledger
    queue: Queue
    outcomes: Outcomes
    settings: MailSettings
    rules: Mapping[str, Rule]
    heartbeat: Heartbeat
    failures: int = field(default=0)

    def run(self, only: Collection[int] | None) -> Iterator[Event]:
        """Send what is due; yield an event for each finding told of.

        Raises:
            LeakscanError: the ledger failed.
        """
        if self.failures >= DOWN_AFTER:
            return
        claims = self.queue.claim([(ActionKind.NOTIFY, OWNER)], AT_ONCE, only)
        self.heartbeat.hold(claims)
        waiting = {claim.action: claim for claim in claims}
        try:
            with Mailer(self.settings) as mailer:
                for group in _mails(claims):
                    if self.failures >= DOWN_AFTER:
                        break
                    yield from self._tell(mailer, group)
                    for claim in group:
                        del waiting[claim.action]
        finally:
            self.heartbeat.let_go(claims)
            if waiting:
                self.queue.release(waiting.values(), self.outcomes.patience.delay(1))
        for claim in waiting.values():
            yield event_of(claim, Result.LEFT, "not tried: the mail server failed before")

    def _tell(self, mailer: Mailer, group: Sequence[Claim]) -> Iterator[Event]:
        entry = group[0].entry
        owner = Owner(entry.owner_name, entry.owner_email, entry.owner_locale)
        # The same for the same findings: one whose fate is not known is sent again as it was.
        receipt = _message_id(group, self.settings.own_name)
        # Asked right before sending, since a mail cannot be taken back.
        ours = self.queue.begin_mail(group, entry.owner_email or "", receipt)
        if len(ours) < len(group):
            self.heartbeat.let_go(group)
            self.queue.release(ours, timedelta(0))
            lost = [claim for claim in group if claim not in ours]
            states = self.outcomes.drop(lost, "the finding was resolved")
            for claim in lost:
                yield event_of(claim, Result.of(states, claim), "resolved, or taken over")
            return
        try:
            notices = [self._notice(claim) for claim in group]
            outcome: Outcome = mailer.send(compose(owner, notices, self.settings, receipt))
            trouble = False
        except LeakscanError as error:  # an operator's template
            outcome, trouble = Failed(presentable(str(error))), True
        self.heartbeat.let_go(group)
        yield from self._conclude(group, outcome, receipt, trouble=trouble)

    def _notice(self, claim: Claim) -> Notice:
        entry, rule = claim.entry, self.rules.get(claim.entry.rule)
        with self.ledger.reading() as connection:
            places = places_of(connection, entry.id, MOST_PLACES)
            count = count_sightings(connection, entry.id)
        return Notice(
            fingerprint=entry.fingerprint,
            rule=rule.name if rule else entry.rule,
            issuer=rule.issuer if rule else "its issuer",
            redacted=entry.redacted,
            token_name=entry.token_name,
            found_at=entry.first_seen_at,
            disabled_at=entry.disabled_at,
            exposure=entry.exposure,
            places=places,
            place_count=count,
        )

    def _conclude(
        self, group: Sequence[Claim], outcome: Outcome, receipt: str, *, trouble: bool
    ) -> Iterator[Event]:
        email = group[0].entry.owner_email or ""
        # What is kept is told to the team, who need not know the owner's address.
        answer = outcome.answer.replace(email, "[owner]") if email else outcome.answer
        if isinstance(outcome, Delivered):
            self.failures = 0
            states = self.outcomes.told(group, answer)
        elif isinstance(outcome, Refused):
            self.failures = 0
            states = self.outcomes.give_up(group, answer)
        else:
            self.failures += 0 if trouble else 1
            states = self.outcomes.failed(group, Failure(answer, is_trouble=trouble))
        for claim in group:
            result = Result.of(states, claim)
            sent = receipt if result is Result.DONE else None
            yield event_of(claim, result, answer, sent, email)


def _mails(claims: Sequence[Claim]) -> Iterator[list[Claim]]:
    """Group claims by owner, `MOST_NOTICES` at most; a mail that was begun stays as it was."""

    def mail(claim: Claim) -> tuple[str, str]:
        return claim.entry.owner_email or "", claim.receipt or ""

    for _, group in groupby(sorted(claims, key=mail), mail):
        all_of_them = list(group)
        for start in range(0, len(all_of_them), MOST_NOTICES):
            yield all_of_them[start : start + MOST_NOTICES]


def _message_id(group: Sequence[Claim], host: str) -> str:
    """Return the same Message-ID for the same findings, so that a repeated mail is known as one."""
    fingerprints = sorted(claim.entry.fingerprint for claim in group)
    digest = hashlib.sha256(" ".join(fingerprints).encode()).hexdigest()
    return f"<leakscan.{digest[:32]}@{host}>"

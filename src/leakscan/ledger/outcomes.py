"""Write down how an attempt ended, and what follows from it, in one transaction."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from leakscan.ledger.engine import now
from leakscan.ledger.queue import LONGEST_DELAY, held
from leakscan.ledger.settle import owe_alert, settle
from leakscan.ledger.tables import actions, findings
from leakscan.ledger.words import ActionKind, ActionState, Answer, Owner, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from leakscan.ledger.engine import Ledger
    from leakscan.ledger.words import Claim


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how fast a failed action is tried again.

    Attributes:
        attempts: after so many, it gives up; with these defaults, after about an hour.
        first: the delay after the first failure; it doubles each time.
        longest: no delay is longer, unless a server asks for it.
    """

    attempts: int = 8
    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(hours=1)

    def delay(self, attempts: int) -> timedelta:
        """Return the delay after a number of attempts: exponential, with half of it at random.

        Many that failed together are so not tried again together: "equal jitter" of
        https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.
        """
        doubled = self.first * (1 << min(attempts - 1, 20))
        return min(doubled, self.longest) * random.uniform(0.5, 1)  # noqa: S311 - spreads load, hides nothing


NOBODY = Owner()


@dataclass(frozen=True, slots=True)
class Disabled:
    """What a disable hook answered."""

    answer: Answer
    owner: Owner = NOBODY
    token_name: str | None = None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Ends attempts.  Every method tells whether the claim was still ours.

    Attributes:
        alert_on: the occasions on which the team is told, of ``gave_up``, ``trouble``
            and ``disabled``.
        quiet: after a mail to an owner, so long the next findings are gathered for one more.
    """

    ledger: Ledger
    patience: Patience = Patience()
    alert_on: frozenset[str] = field(default_factory=frozenset)
    quiet: timedelta = timedelta(minutes=10)

    def disabled(self, claim: Claim, outcome: Disabled) -> bool:
        """Note a hook's answer and whose token it is, and owe the owner word of it.

        Raises:
            LeakscanError: the database failed.
        """
        with self.ledger.writing() as connection:
            _lock(connection, claim)
            if not _end(connection, [claim], ActionState.DONE, outcome.answer.value):
                return False
            moment = now(connection)
            owner = outcome.owner
            told = {
                "owner_name": owner.name,
                "owner_email": owner.email,
                "owner_locale": owner.locale,
                "token_name": outcome.token_name,
            }
            changes: dict[str, object] = {key: value for key, value in told.items() if value}
            # After an attempt of which no answer is known, "already" is most likely our own doing.
            ours = outcome.answer is Answer.DISABLED or (
                outcome.answer is Answer.ALREADY_DISABLED and claim.attempts > 1
            )
            if ours and claim.entry.disabled_at is None:
                changes["disabled_at"] = moment
            if changes:
                row = findings.c.id == claim.entry.id
                connection.execute(update(findings).where(row).values(changes))
            if ours and "disabled" in self.alert_on:
                owe_alert(connection, claim.entry.id, "disabled", moment)
            settle(connection, claim.entry.id, moment, self.quiet, self.alert_on)
            return True

    def verified(self, claim: Claim, verdict: Verdict, account: str | None) -> bool:
        """Note whether the issuer says that the token works.

        Raises:
            LeakscanError: the database failed.
        """
        with self.ledger.writing() as connection:
            _lock(connection, claim)
            if not _end(connection, [claim], ActionState.DONE, verdict.value):
                return False
            moment = now(connection)
            changes = {"verified": verdict, "verified_at": moment}
            changes |= {"account": account} if account else {}
            row = findings.c.id == claim.entry.id
            connection.execute(update(findings).where(row).values(changes))
            settle(connection, claim.entry.id, moment, self.quiet, self.alert_on)
            return True

    def told(self, claims: Sequence[Claim], answer: str, receipt: str | None) -> bool:
        """Note that one message about all of these was accepted.

        Raises:
            LeakscanError: the database failed.
        """
        with self.ledger.writing() as connection:
            return _end(connection, claims, ActionState.DONE, answer, receipt)

    def failed(
        self, claim: Claim, why: str, wait: timedelta | None = None, *, trouble: bool = False
    ) -> ActionState | None:
        """Have a failed attempt made again later, or give it up.

        Args:
            claim: what was attempted.
            why: on one line.
            wait: what the other side asked for, if it did.
            trouble: whether only a person can mend it, who had better know at once.

        Returns:
            The new state; ``None`` if the claim was no longer ours.

        Raises:
            LeakscanError: the database failed.
        """
        if claim.attempts >= self.patience.attempts:
            return self.give_up(claim, why)
        delay = max(self.patience.delay(claim.attempts), wait or timedelta(0))
        with self.ledger.writing() as connection:
            due_at = now(connection) + min(delay, LONGEST_DELAY)
            ours = _end(connection, [claim], ActionState.DUE, why, due_at=due_at)
            if ours and trouble and "trouble" in self.alert_on:
                about = f"{claim.kind} in trouble ({claim.responder})"
                owe_alert(connection, claim.entry.id, about, now(connection))
            return ActionState.DUE if ours else None

    def give_up(self, claim: Claim, why: str) -> ActionState | None:
        """Attempt no more; the team is told, unless it is the alert that failed.

        Raises:
            LeakscanError: the database failed.
        """
        with self.ledger.writing() as connection:
            _lock(connection, claim)
            if not _end(connection, [claim], ActionState.GAVE_UP, why):
                return None
            moment = now(connection)
            if claim.kind is not ActionKind.ALERT and "gave_up" in self.alert_on:
                about = f"{claim.kind} gave up ({claim.responder})"
                owe_alert(connection, claim.entry.id, about, moment)
            settle(connection, claim.entry.id, moment, self.quiet, self.alert_on)
            return ActionState.GAVE_UP

    def drop(self, claims: Sequence[Claim], why: str) -> bool:
        """End what is no use any more.

        Raises:
            LeakscanError: the database failed.
        """
        with self.ledger.writing() as connection:
            return _end(connection, claims, ActionState.DROPPED, why)


def _lock(connection: Connection, claim: Claim) -> None:
    """Lock the finding before its actions, as recording does, so that nobody waits in a circle."""
    row = select(findings.c.id).where(findings.c.id == claim.entry.id)
    connection.execute(row.with_for_update())


def _end(
    connection: Connection,
    claims: Sequence[Claim],
    state: ActionState,
    answer: str,
    receipt: str | None = None,
    due_at: datetime | None = None,
) -> bool:
    """End claims that are still held; tell whether all of them were."""
    moment = now(connection)
    ended = 0
    for claim in claims:
        values: dict[str, object] = {
            "state": state,
            "last_answer": answer,
            "ticket": None,
            "lease_until": None,
        }
        values |= {"due_at": due_at} if due_at else {"ended_at": moment, "receipt": receipt}
        done = connection.execute(update(actions).where(held(claim)).values(values))
        ended += done.rowcount
    return ended == len(claims)

"""Write down how an attempt ended, and what follows from it, in one transaction."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from leakscan.ledger.duties import DISABLED, GAVE_UP, TROUBLE, Duties
from leakscan.ledger.engine import now
from leakscan.ledger.queue import LONGEST_DELAY, hold
from leakscan.ledger.settle import owe_alert, settle, wipe
from leakscan.ledger.tables import actions, findings
from leakscan.ledger.words import ActionKind, ActionState, Answer, FindingState, Owner, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

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
class Failure:
    """Why an attempt failed.

    Attributes:
        why: on one line.
        wait: what the other side asked for, if it did.
        is_trouble: whether only a person can mend it, who had better know at once.
        is_unsure: whether it may have had its effect all the same.
        receipt: what it left behind; ``None`` keeps what there is.
        spoilt: whether the kept secret is damaged, and better not kept.
    """

    why: str
    wait: timedelta = timedelta(0)
    is_trouble: bool = False
    is_unsure: bool = True
    receipt: str | None = None
    spoilt: bool = False


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Ends attempts.  Every method tells whether the claim was still ours."""

    ledger: Ledger
    duties: Duties
    patience: Patience = Patience()

    def disabled(self, claim: Claim, outcome: Disabled) -> bool:
        """Note a hook's answer and whose token it is, and owe the owner word of it.

        Raises:
            LeakscanError: the database failed.
        """
        with self.ledger.writing() as connection:
            _lock(connection, [claim])
            if not _end(connection, [claim], ActionState.DONE, outcome.answer.value):
                return False
            moment = now(connection)
            ours = outcome.answer is Answer.DISABLED or (
                outcome.answer is Answer.ALREADY_DISABLED and claim.is_unsure
            )
            owner = outcome.owner
            told = {
                "owner_name": owner.name,
                "owner_email": owner.email,
                "owner_locale": owner.locale,
                "token_name": outcome.token_name,
                "disabled_at": moment if ours else None,
            }
            # Of several hooks, the first to say a thing has said it.
            changes = {
                name: func.coalesce(findings.c[name], value)
                for name, value in told.items()
                if value
            }
            if changes:
                row = findings.c.id == claim.entry.id
                connection.execute(update(findings).where(row).values(changes))
            if ours and DISABLED in self.duties.alert_on:
                owe_alert(connection, claim.entry.id, DISABLED, claim.action, moment)
            settle(connection, [claim.entry.id], moment, self.duties)
            return True

    def verified(self, claim: Claim, verdict: Verdict, account: str | None) -> bool:
        """Note whether the issuer says that the token works.

        Raises:
            LeakscanError: the database failed.
        """
        with self.ledger.writing() as connection:
            _lock(connection, [claim])
            if not _end(connection, [claim], ActionState.DONE, verdict.value):
                return False
            moment = now(connection)
            changes = {"verified": verdict, "verified_at": moment}
            changes |= {"account": account} if account else {}
            row = findings.c.id == claim.entry.id
            connection.execute(update(findings).where(row).values(changes))
            settle(connection, [claim.entry.id], moment, self.duties)
            return True

    def told(self, claims: Sequence[Claim], answer: str) -> bool:
        """Note that one message about all of these was accepted.

        Raises:
            LeakscanError: the database failed.
        """
        with self.ledger.writing() as connection:
            return _end(connection, claims, ActionState.DONE, answer)

    def failed(self, claims: Sequence[Claim], failure: Failure) -> ActionState | None:
        """Have what failed together made again together, later; or give it up.

        Returns:
            The new state; ``None`` if a claim was no longer ours.

        Raises:
            LeakscanError: the database failed.
        """
        attempts = max(claim.attempts for claim in claims)
        if attempts >= self.patience.attempts:
            return self.give_up(claims, failure.why)
        with self.ledger.writing() as connection:
            open_still = _lock(connection, claims)
            moment = now(connection)
            delay = max(self.patience.delay(attempts), failure.wait)
            values: dict[str, object] = {"due_at": moment + min(delay, LONGEST_DELAY)}
            values |= {"receipt": failure.receipt} if failure.receipt else {}
            ours = _end(connection, open_still, ActionState.DUE, failure.why, **values)
            if failure.spoilt:  # so that scanning its place again seals it again
                wipe(connection, [claim.entry.id for claim in claims], moment)
            for claim in open_still:
                is_unsure = claim.is_unsure or failure.is_unsure
                row = actions.c.id == claim.action
                connection.execute(update(actions).where(row).values(is_unsure=is_unsure))
                if ours and failure.is_trouble and TROUBLE in self.duties.alert_on:
                    owe_alert(connection, claim.entry.id, TROUBLE, claim.action, moment)
            closed = [claim for claim in claims if claim not in open_still]
            _end(connection, closed, ActionState.DROPPED, failure.why)
            return ActionState.DUE if ours else None

    def give_up(self, claims: Sequence[Claim], why: str) -> ActionState | None:
        """Attempt no more; the team is told, unless it is the alert that failed.

        Raises:
            LeakscanError: the database failed.
        """
        with self.ledger.writing() as connection:
            open_still = _lock(connection, claims)
            if not _end(connection, open_still, ActionState.GAVE_UP, why):
                return None
            moment = now(connection)
            for claim in open_still:
                if claim.kind is not ActionKind.ALERT and GAVE_UP in self.duties.alert_on:
                    owe_alert(connection, claim.entry.id, GAVE_UP, claim.action, moment, again=True)
            closed = [claim for claim in claims if claim not in open_still]
            _end(connection, closed, ActionState.DROPPED, why)
            settle(connection, [claim.entry.id for claim in claims], moment, self.duties)
            return ActionState.GAVE_UP

    def drop(self, claim: Claim, why: str) -> bool:
        """End what is no use any more.

        Raises:
            LeakscanError: the database failed.
        """
        with self.ledger.writing() as connection:
            _lock(connection, [claim])
            ours = _end(connection, [claim], ActionState.DROPPED, why)
            settle(connection, [claim.entry.id], now(connection), self.duties)
            return ours


def _lock(connection: Connection, claims: Sequence[Claim]) -> list[Claim]:
    """Lock findings before their actions, as recording does, so that nobody waits in a circle.

    Returns:
        The claims whose findings no person has closed meanwhile.
    """
    ids = {claim.entry.id for claim in claims}
    rows = select(findings.c.id, findings.c.state).where(findings.c.id.in_(ids))
    locked = connection.execute(rows.order_by(findings.c.id).with_for_update())
    open_still = {row.id for row in locked if row.state == FindingState.OPEN}
    return [claim for claim in claims if claim.entry.id in open_still]


def _end(
    connection: Connection,
    claims: Sequence[Claim],
    state: ActionState,
    answer: str,
    **values: object,
) -> bool:
    """End claims that are still held; tell whether all of them were."""
    held = hold(connection, claims)
    values |= {"state": state, "last_answer": answer, "ticket": None, "lease_until": None}
    if state is not ActionState.DUE:
        values["ended_at"] = now(connection)
    ids = [claim.action for claim in held]
    connection.execute(update(actions).where(actions.c.id.in_(ids)).values(values))
    return len(held) == len(claims)

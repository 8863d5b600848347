"""Write down how an attempt ended, and what follows from it, in one transaction."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from leakscan.ledger.duties import DISABLED, GAVE_UP, TROUBLE, Duties, undecided
from leakscan.ledger.engine import now
from leakscan.ledger.leases import LONGEST_DELAY
from leakscan.ledger.queue import HELD
from leakscan.ledger.settle import owe_alert, owe_as_sure, settle, wipe
from leakscan.ledger.tables import findings, owners
from leakscan.ledger.words import ActionKind, ActionState, Answer, FindingState, Owner, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    """What a disable hook answered.

    Attributes:
        is_unsure: whether the hook was asked before, with an effect that is not known.
    """

    answer: Answer
    owner: Owner = NOBODY
    token_name: str | None = None
    is_unsure: bool = False


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


States = dict[int, ActionState]
"""The new states of actions, by their number; of those only whose claims were still held."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Ends attempts.  What a claim no longer holds is left as its successor has it."""

    ledger: Ledger
    duties: Duties
    patience: Patience = Patience()

    def disabled(self, claim: Claim, outcome: Disabled) -> States:
        """Note a hook's answer and whose token it is, and owe the owner word of it.

        Raises:
            LeakscanError: the database failed.
        """
        with self.ledger.writing() as connection:
            is_open = _lock(connection, [claim])
            if not _end(connection, [claim], ActionState.DONE, outcome.answer.value):
                return {}
            moment = now(connection)
            ours = outcome.answer is Answer.DISABLED or (
                outcome.answer is Answer.ALREADY_DISABLED and (claim.is_unsure or outcome.is_unsure)
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
            _note(
                connection,
                claim,
                {k: func.coalesce(findings.c[k], v) for k, v in told.items() if v},
            )
            if ours and is_open and DISABLED in self.duties.alert_on:
                owe_alert(connection, claim.entry.id, DISABLED, claim.action, moment)
            settle(connection, [claim.entry.id], moment, self.duties)
            return {claim.action: ActionState.DONE}

    def verified(self, claim: Claim, verdict: Verdict, account: str | None) -> States:
        """Note whether the issuer says that the token works.

        That proves one which was too unsure to be disabled unasked.

        Raises:
            LeakscanError: the database failed.
        """
        with self.ledger.writing() as connection:
            _lock(connection, [claim])
            if not _end(connection, [claim], ActionState.DONE, verdict.value):
                return {}
            moment = now(connection)
            changes: dict[str, object] = {"verified": verdict, "verified_at": moment}
            _note(connection, claim, changes | ({"account": account} if account else {}))
            unsure = select(findings.c.id).where(
                findings.c.id == claim.entry.id, undecided(self.duties)
            )
            if verdict is Verdict.VALID and connection.scalar(unsure) is not None:
                owe_as_sure(connection, claim.entry.id, claim.entry.rule, moment, self.duties)
            settle(connection, [claim.entry.id], moment, self.duties)
            return {claim.action: ActionState.DONE}

    def told(self, claims: Sequence[Claim], answer: str) -> States:
        """Note that one message about all of these was accepted.

        Raises:
            LeakscanError: the database failed.
        """
        with self.ledger.writing() as connection:
            held = _end(connection, claims, ActionState.DONE, answer)
            return {claim.action: ActionState.DONE for claim in held}

    def failed(self, claims: Sequence[Claim], failure: Failure) -> States:
        """Have what failed together made again together, later; or give it up.

        Raises:
            LeakscanError: the database failed.
        """
        attempts = max(claim.attempts for claim in claims)
        if attempts >= self.patience.attempts:
            return self.give_up(claims, failure.why)
        with self.ledger.writing() as connection:
            is_open = _lock(connection, claims)
            moment = now(connection)
            delay = min(max(self.patience.delay(attempts), failure.wait), LONGEST_DELAY)
            states: States = {}
            for is_unsure in (False, True):
                some = [c for c in is_open if (c.is_unsure or failure.is_unsure) is is_unsure]
                values: dict[str, object] = {"due_at": moment + delay, "is_unsure": is_unsure}
                values |= {"receipt": failure.receipt} if failure.receipt else {}
                held = _end(connection, some, ActionState.DUE, failure.why, **values)
                states |= {claim.action: ActionState.DUE for claim in held}
                if failure.spoilt:  # so that scanning its place again seals it again
                    wipe(connection, [claim.entry.id for claim in held], moment)
                if failure.is_trouble and TROUBLE in self.duties.alert_on:
                    for claim in held:
                        owe_alert(connection, claim.entry.id, TROUBLE, claim.action, moment)
            self._follow_up(connection, claims, is_open, states, failure.why)
            return states

    def give_up(self, claims: Sequence[Claim], why: str) -> States:
        """Attempt no more; the team is told, unless it is the alert that failed.

        Raises:
            LeakscanError: the database failed.
        """
        with self.ledger.writing() as connection:
            is_open = _lock(connection, claims)
            held = _end(connection, is_open, ActionState.GAVE_UP, why)
            states = {claim.action: ActionState.GAVE_UP for claim in held}
            moment = now(connection)
            for claim in held:
                if claim.kind is not ActionKind.ALERT and GAVE_UP in self.duties.alert_on:
                    owe_alert(connection, claim.entry.id, GAVE_UP, claim.action, moment, again=True)
            self._follow_up(connection, claims, is_open, states, why)
            return states

    def drop(self, claims: Sequence[Claim], why: str) -> States:
        """End what is no use any more.

        Raises:
            LeakscanError: the database failed.
        """
        with self.ledger.writing() as connection:
            _lock(connection, claims)
            states: States = {}
            self._follow_up(connection, claims, [], states, why)
            return states

    def _follow_up(
        self,
        connection: Connection,
        claims: Sequence[Claim],
        is_open: Sequence[Claim],
        states: States,
        why: str,
    ) -> None:
        """Drop the claims of findings that were closed meanwhile, and settle all of them."""
        closed = [claim for claim in claims if claim not in is_open]
        dropped = _end(connection, closed, ActionState.DROPPED, why)
        states |= {claim.action: ActionState.DROPPED for claim in dropped}
        unmailed = [
            claim.entry.owner_email
            for claim in claims
            if claim.kind is ActionKind.NOTIFY and claim.action in states
        ]
        # A mail that was not sent gathers nothing.
        connection.execute(delete(owners).where(owners.c.email.in_(unmailed)))
        ids = sorted({claim.entry.id for claim in claims})
        settle(connection, ids, now(connection), self.duties)


def _note(connection: Connection, claim: Claim, changes: Mapping[str, object]) -> None:
    if changes:
        row = findings.c.id == claim.entry.id
        connection.execute(update(findings).where(row).values(changes))


def _lock(connection: Connection, claims: Sequence[Claim]) -> list[Claim]:
    """Lock findings, then their actions, each in one order for all: nobody waits in a circle.

    Returns:
        The claims whose findings no person has closed meanwhile.
    """
    ids = {claim.entry.id for claim in claims}
    rows = select(findings.c.id, findings.c.state).where(findings.c.id.in_(ids))
    locked = connection.execute(rows.order_by(findings.c.id).with_for_update())
    open_still = {row.id for row in locked if row.state == FindingState.OPEN}
    HELD.hold(connection, claims)
    return [claim for claim in claims if claim.entry.id in open_still]


def _end(
    connection: Connection,
    claims: Sequence[Claim],
    state: ActionState,
    answer: str,
    **values: object,
) -> list[Claim]:
    """End claims; return those that were still held."""
    held = HELD.hold(connection, claims)
    values |= {"state": state, "last_answer": answer}
    if state is not ActionState.DUE:
        values["ended_at"] = now(connection)
    HELD.release(connection, held, **values)
    return held

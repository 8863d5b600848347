"""Hand out what is due, each action to one process at a time.

A claim is a lease: while it runs, nobody else gets the action; when the process dies, the lease
ends by itself.  An outcome counts only under the ticket of the claim, so that a process which was
thought dead cannot overwrite what its successor has done.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select, tuple_, update

from leakscan.ledger.engine import now
from leakscan.ledger.entries import ENTRY, entry_of
from leakscan.ledger.tables import actions, findings
from leakscan.ledger.words import ActionKind, ActionState, Claim

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from sqlalchemy import ColumnElement

    from leakscan.ledger.engine import Ledger

LONGEST_LEASE = timedelta(hours=1)
LONGEST_DELAY = timedelta(days=1)
"""No lease and no delay is longer: what lies further ahead was written before the clock was
set back, and counts as over."""

Duty = tuple[ActionKind, str | None]
"""The kind of an action, and who does it; ``None`` for any."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The actions of a ledger.

    Attributes:
        lease: how long a claim lasts unless it is renewed.
    """

    ledger: Ledger
    lease: timedelta = timedelta(seconds=60)

    def claim(
        self,
        duties: Collection[Duty],
        limit: int,
        only: Collection[int] | None = None,
    ) -> list[Claim]:
        """Take up to ``limit`` due actions; each begins an attempt.

        Args:
            duties: those that this process can do.
            limit: how many at most.
            only: numbers of findings to look at; ``None`` for all.

        Raises:
            LeakscanError: the database failed.
        """
        if not duties or (only is not None and not only):
            return []
        ticket = secrets.token_hex(16)
        with self.ledger.writing() as connection:
            moment = now(connection)
            wanted = select(actions.c.id).where(_due(moment), _among(duties))
            if only is not None:
                wanted = wanted.where(actions.c.finding_id.in_(only))
            wanted = wanted.order_by(actions.c.due_at, actions.c.id).limit(limit)
            ids = connection.scalars(wanted.with_for_update(skip_locked=True)).all()
            if not ids:
                return []
            connection.execute(
                update(actions)
                .where(actions.c.id.in_(ids))
                .values(
                    state=ActionState.RUNNING,
                    attempts=actions.c.attempts + 1,
                    ticket=ticket,
                    lease_until=moment + self.lease,
                )
            )
            columns = (*_CLAIM, findings.c.sealed_secret, findings.c.sealed_by, *ENTRY)
            held = select(*columns).join(findings).where(actions.c.ticket == ticket)
            return [
                Claim(
                    action=row[actions.c.id],
                    kind=ActionKind(row[actions.c.kind]),
                    responder=row[actions.c.responder],
                    ticket=ticket,
                    attempts=row[actions.c.attempts],
                    entry=entry_of(row),
                    sealed=row[findings.c.sealed_secret],
                    sealed_by=row[findings.c.sealed_by],
                )
                for row in connection.execute(held.order_by(actions.c.id)).mappings()
            ]

    def renew(self, claims: Collection[Claim]) -> bool:
        """Make the leases of claims last anew; tell whether all were still their holder's.

        Raises:
            LeakscanError: the database failed.
        """
        renewed = 0
        with self.ledger.writing() as connection:
            until = now(connection) + self.lease
            for some in _slices(claims):
                renewal = update(actions).where(or_(*some)).values(lease_until=until)
                renewed += connection.execute(renewal).rowcount
        return renewed == len(claims)

    def release(self, claims: Collection[Claim], delay: timedelta, why: str) -> None:
        """Give claims back unattempted, to be taken up after a delay.

        Raises:
            LeakscanError: the database failed.
        """
        with self.ledger.writing() as connection:
            for some in _slices(claims):
                connection.execute(
                    update(actions)
                    .where(or_(*some))
                    .values(
                        state=ActionState.DUE,
                        attempts=actions.c.attempts - 1,
                        due_at=now(connection) + delay,
                        last_answer=why,
                        ticket=None,
                        lease_until=None,
                    )
                )

    def backlog(self) -> dict[tuple[ActionKind, str, ActionState], int]:
        """Count the actions that are not over, by kind, responder and state.

        Raises:
            LeakscanError: the database failed.
        """
        columns = (actions.c.kind, actions.c.responder, actions.c.state)
        over = (ActionState.DONE, ActionState.DROPPED)
        query = select(*columns, func.count()).where(actions.c.state.not_in(over))
        with self.ledger.reading() as connection:
            return {
                (ActionKind(kind), responder, ActionState(state)): count
                for kind, responder, state, count in connection.execute(query.group_by(*columns))
            }


_CLAIM = (actions.c.id, actions.c.kind, actions.c.responder, actions.c.attempts)


def held(claim: Claim) -> ColumnElement[bool]:
    """Return the condition that a claim is still its holder's."""
    return and_(actions.c.id == claim.action, actions.c.ticket == claim.ticket)


def _due(moment: datetime) -> ColumnElement[bool]:
    """Return the condition that an action can be taken up: due, or left by a dead process."""
    due, lease = actions.c.due_at, actions.c.lease_until
    return or_(
        and_(
            actions.c.state == ActionState.DUE,
            or_(due <= moment, due > moment + LONGEST_DELAY),
        ),
        and_(
            actions.c.state == ActionState.RUNNING,
            or_(lease <= moment, lease > moment + LONGEST_LEASE),
        ),
    )


def _among(duties: Collection[Duty]) -> ColumnElement[bool]:
    anybody = [kind for kind, responder in duties if responder is None]
    named = [duty for duty in duties if duty[1] is not None]
    return or_(actions.c.kind.in_(anybody), tuple_(actions.c.kind, actions.c.responder).in_(named))


def _slices(claims: Iterable[Claim]) -> Iterator[list[ColumnElement[bool]]]:
    """Yield the conditions of claims, some at a time, so that a statement stays small."""
    conditions = iter([held(claim) for claim in claims])
    while some := list(islice(conditions, 100)):
        yield some

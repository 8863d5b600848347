"""Hand out what is due, each action to one process at a time (leases.py)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select, tuple_, update

from leakscan.ledger.batches import in_batches
from leakscan.ledger.duties import UNFINISHED
from leakscan.ledger.engine import now
from leakscan.ledger.entries import ENTRY, entry_of
from leakscan.ledger.leases import Leases, is_due, is_over, soonest
from leakscan.ledger.tables import actions, findings, insert_into, owners
from leakscan.ledger.words import ActionKind, ActionState, Claim, FindingState

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement, Connection

    from leakscan.ledger.engine import Ledger

Duty = tuple[ActionKind, str | None]
"""The kind of an action, and who does it; ``None`` for any."""

HELD: Leases[Claim] = Leases(actions, actions.c.id, lambda claim: claim.action)
"""The claims on actions."""

_OF_OPEN_FINDING = and_(
    findings.c.id == actions.c.finding_id, findings.c.state == FindingState.OPEN
)


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
            wanted = select(actions.c.id).join(findings, _OF_OPEN_FINDING)
            wanted = wanted.where(_due(moment), _among(duties))
            if only is not None:
                wanted = wanted.where(actions.c.finding_id.in_(only))
            wanted = wanted.order_by(actions.c.due_at, actions.c.id).limit(limit)
            locked = wanted.with_for_update(skip_locked=True, of=actions)
            ids = connection.scalars(locked).all()
            claims = _claims(connection, ids, ticket)
            connection.execute(
                update(actions)
                .where(actions.c.id.in_(ids))
                .values(
                    state=ActionState.RUNNING,
                    attempts=actions.c.attempts + 1,
                    is_unsure=True,
                    ticket=ticket,
                    lease_until=moment + self.lease,
                )
            )
            return claims

    def renew(self, claims: Collection[Claim], lease: timedelta | None = None) -> list[Claim]:
        """Make the leases of claims last anew; return those that are still their holder's.

        Args:
            claims: which.
            lease: how long from now on, if not as usual.

        Raises:
            LeakscanError: the database failed.
        """
        if not claims:
            return []
        with self.ledger.writing() as connection:
            return HELD.renew(connection, claims, lease or self.lease)

    def begin_mail(self, claims: Collection[Claim], email: str, message_id: str) -> list[Claim]:
        """Note that a mail is about to be sent, unless some of what it tells is no longer ours.

        Should nobody come to know what became of it, the same mail is sent again.

        Returns:
            The claims that are still their holder's and whose finding is open: the mail may be
            sent if that is all of them.

        Raises:
            LeakscanError: the database failed.
        """
        ids = [claim.action for claim in claims]
        open_still = select(actions.c.id).join(findings, _OF_OPEN_FINDING)
        with self.ledger.writing() as connection:
            held = HELD.renew(connection, claims, self.lease)
            opened = set(connection.scalars(open_still.where(actions.c.id.in_(ids))))
            ours = [claim for claim in held if claim.action in opened]
            if len(ours) == len(claims):
                begun = update(actions).where(actions.c.id.in_(ids)).values(receipt=message_id)
                connection.execute(begun)
                upsert = insert_into(connection, owners)
                told = {"email": email, "told_at": now(connection)}
                connection.execute(
                    upsert.on_conflict_do_update(
                        index_elements=[owners.c.email], set_={"told_at": told["told_at"]}
                    ),
                    told,
                )
            return ours

    def release(self, claims: Collection[Claim], delay: timedelta) -> None:
        """Give claims back unattempted, to be taken up after a delay.

        Raises:
            LeakscanError: the database failed.
        """
        with self.ledger.writing() as connection:
            due_at = now(connection) + delay
            held = HELD.hold(connection, claims)
            for is_unsure in (False, True):
                HELD.release(
                    connection,
                    [claim for claim in held if claim.is_unsure is is_unsure],
                    state=ActionState.DUE,
                    attempts=actions.c.attempts - 1,
                    is_unsure=is_unsure,
                    due_at=due_at,
                )

    def backlog(self) -> dict[tuple[ActionKind, str, ActionState], int]:
        """Count the actions that are not over, by kind, responder and state.

        Raises:
            LeakscanError: the database failed.
        """
        columns = (actions.c.kind, actions.c.responder, actions.c.state)
        query = select(*columns, func.count()).where(actions.c.state.in_(UNFINISHED))
        with self.ledger.reading() as connection:
            return {
                (ActionKind(kind), responder, ActionState(state)): count
                for kind, responder, state, count in connection.execute(query.group_by(*columns))
            }

    def unfinished(self, ids: Sequence[int]) -> int:
        """Count those of some findings whose tokens a hook has still to answer for.

        Raises:
            LeakscanError: the database failed.
        """
        count = 0
        with self.ledger.reading() as connection:
            for some in in_batches(ids):
                query = select(func.count(actions.c.finding_id.distinct())).where(
                    actions.c.finding_id.in_(some),
                    actions.c.kind == ActionKind.DISABLE,
                    actions.c.state.in_(UNFINISHED),
                )
                count += connection.execute(query).scalar_one()
        return count

    def next_due(self) -> datetime | None:
        """Return when the next action is due, or a claim ends, if any is to come.

        Raises:
            LeakscanError: the database failed.
        """
        with self.ledger.reading() as connection:
            return soonest(
                connection,
                (actions.c.due_at, actions.c.state == ActionState.DUE),
                (actions.c.lease_until, actions.c.state == ActionState.RUNNING),
            )


def _claims(connection: Connection, ids: Sequence[int], ticket: str) -> list[Claim]:
    """Read actions as the claims that they are about to be."""
    columns = (*_CLAIM, findings.c.sealed_secret, findings.c.sealed_by, *ENTRY)
    query = select(*columns).join(findings, findings.c.id == actions.c.finding_id)
    rows = connection.execute(query.where(actions.c.id.in_(ids)).order_by(actions.c.id))
    return [
        Claim(
            action=row[actions.c.id],
            kind=ActionKind(row[actions.c.kind]),
            responder=row[actions.c.responder],
            ticket=ticket,
            attempts=row[actions.c.attempts] + 1,
            is_unsure=row[actions.c.is_unsure],
            receipt=row[actions.c.receipt],
            about=row[actions.c.about_id],
            entry=entry_of(row),
            sealed=row[findings.c.sealed_secret],
            sealed_by=row[findings.c.sealed_by],
        )
        for row in rows.mappings()
    ]


_CLAIM = (
    actions.c.id,
    actions.c.kind,
    actions.c.responder,
    actions.c.attempts,
    actions.c.is_unsure,
    actions.c.receipt,
    actions.c.about_id,
)


def _due(moment: datetime) -> ColumnElement[bool]:
    """Return the condition that an action can be taken up: due, or left by a dead process."""
    return or_(
        and_(actions.c.state == ActionState.DUE, is_due(actions.c.due_at, moment)),
        and_(actions.c.state == ActionState.RUNNING, is_over(actions.c.lease_until, moment)),
    )


def _among(duties: Collection[Duty]) -> ColumnElement[bool]:
    anybody = [kind for kind, responder in duties if responder is None]
    named = [duty for duty in duties if duty[1] is not None]
    return or_(actions.c.kind.in_(anybody), tuple_(actions.c.kind, actions.c.responder).in_(named))

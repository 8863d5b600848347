"""What a person does with a finding: close it, or have tried again what was given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select, update

from leakscan.ledger.engine import now
from leakscan.ledger.settle import settle, wipe
from leakscan.ledger.tables import actions, findings
from leakscan.ledger.words import ActionKind, ActionState, FindingState

if TYPE_CHECKING:
    from leakscan.ledger.duties import Duties
    from leakscan.ledger.engine import Ledger
    from leakscan.ledger.words import Entry


def resolve(ledger: Ledger, entry: Entry, reason: str, by: str) -> bool:
    """Close a finding: nothing is owed for it any more, and its secret is wiped.

    What a process is doing at this moment is still written down.

    Args:
        ledger: where it is.
        entry: the finding.
        reason: why, for those who read the ledger later.
        by: who says so.

    Returns:
        Whether it was open.

    Raises:
        LeakscanError: the database failed.
    """
    with ledger.writing() as connection:
        moment = now(connection)
        still = (findings.c.id == entry.id) & (findings.c.state == FindingState.OPEN)
        closed = connection.execute(
            update(findings)
            .where(still)
            .values(
                state=FindingState.RESOLVED, resolved_at=moment, resolved_by=by, resolution=reason
            )
        ).rowcount
        wipe(connection, [entry.id], moment)
        unfinished = (ActionState.WAITING, ActionState.DUE, ActionState.GAVE_UP)
        left = and_(actions.c.state == ActionState.RUNNING, actions.c.lease_until <= moment)
        connection.execute(
            update(actions)
            .where(actions.c.finding_id == entry.id, or_(actions.c.state.in_(unfinished), left))
            .values(state=ActionState.DROPPED, last_answer=f"resolved: {reason}", ended_at=moment)
        )
        return bool(closed)


def reopen(ledger: Ledger, entry: Entry, duties: Duties) -> bool:
    """Open a finding that was closed: what was dropped since then is owed again.

    Its secret is gone; what needs it waits until its place is scanned again.

    Returns:
        Whether it was closed.

    Raises:
        LeakscanError: the database failed.
    """
    with ledger.writing() as connection:
        closed = (findings.c.id == entry.id) & (findings.c.state == FindingState.RESOLVED)
        row = select(findings.c.resolved_at).where(closed).with_for_update()
        resolved_at = connection.scalar(row)
        if resolved_at is None:
            return False
        again = {"resolved_at": None, "resolved_by": None, "resolution": None}
        connection.execute(update(findings).where(closed).values(state=FindingState.OPEN, **again))
        connection.execute(
            update(actions)
            .where(
                actions.c.finding_id == entry.id,
                actions.c.kind != ActionKind.ALERT,
                actions.c.state == ActionState.DROPPED,
                actions.c.ended_at >= resolved_at,
            )
            .values(state=ActionState.WAITING, attempts=0, ended_at=None)
        )
        settle(connection, [entry.id], now(connection), duties)
        return True


def try_again(ledger: Ledger, entry: Entry) -> int:
    """Make due at once what was given up for a finding, or is to be tried later.

    Returns:
        How many actions.

    Raises:
        LeakscanError: the database failed.
    """
    with ledger.writing() as connection:
        return connection.execute(
            update(actions)
            .where(
                actions.c.finding_id == entry.id,
                actions.c.state.in_((ActionState.GAVE_UP, ActionState.DUE)),
            )
            .values(state=ActionState.DUE, attempts=0, due_at=now(connection), ended_at=None)
        ).rowcount

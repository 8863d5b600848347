"""What a person does with a finding: close it, have it disabled, have tried again what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select, update

from leakscan.errors import UsageError
from leakscan.ledger.engine import now
from leakscan.ledger.settle import owe_as_sure, settle, wipe
from leakscan.ledger.tables import actions, findings
from leakscan.ledger.words import ActionKind, ActionState, FindingState
from leakscan.model import Confidence

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


def owe_disabling(ledger: Ledger, entry: Entry, duties: Duties) -> bool:
    """Owe for a finding what is owed for one that is sure: a person has decided that it is.

    Args:
        ledger: where it is.
        entry: the finding.
        duties: what would be owed.

    Returns:
        Whether all of it can be done now.  Else the secret is not kept, and it waits until its
        place is scanned again.

    Raises:
        UsageError: it is resolved, no hook is for it, or one was to be asked already.
        LeakscanError: the database failed.
    """
    see = f"see `leakscan findings show {entry.id}`"
    owed = duties.of(entry.rule, Confidence.HIGH)
    if not any(kind is ActionKind.DISABLE for kind, *_ in owed):
        raise UsageError(f"no disable hook is configured for {entry.rule}", "see docs/hooks.md")
    with ledger.writing() as connection:
        row = select(findings.c.state, findings.c.sealed_secret.is_not(None).label("is_kept"))
        found = connection.execute(row.where(findings.c.id == entry.id).with_for_update()).one()
        if found.state != FindingState.OPEN:
            raise UsageError(
                f"#{entry.id} is resolved", f"first `leakscan findings reopen {entry.id}`"
            )
        asked = select(actions.c.id).where(
            actions.c.finding_id == entry.id, actions.c.kind == ActionKind.DISABLE
        )
        if connection.scalar(asked.limit(1)) is not None:
            raise UsageError(f"#{entry.id} was to be disabled already", see)
        has_secret, moment = bool(found.is_kept), now(connection)
        owe_as_sure(connection, entry.id, entry.rule, moment, duties, has_secret=has_secret)
        return has_secret


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

"""What a person does with a finding: close it, or have tried again what was given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from leakscan.ledger.engine import now
from leakscan.ledger.settle import wipe
from leakscan.ledger.tables import actions, findings
from leakscan.ledger.words import ActionKind, ActionState, FindingState

if TYPE_CHECKING:
    from leakscan.ledger.engine import Ledger
    from leakscan.ledger.words import Entry

_RESOLVED = "resolved: "


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
        connection.execute(
            update(actions)
            .where(actions.c.finding_id == entry.id, actions.c.state.in_(unfinished))
            .values(state=ActionState.DROPPED, last_answer=f"{_RESOLVED}{reason}", ended_at=moment)
        )
        return bool(closed)


def reopen(ledger: Ledger, entry: Entry) -> bool:
    """Open a finding that was closed: what was dropped for that is owed again.

    Its secret is gone; scanning its place again gives it back.

    Returns:
        Whether it was closed.

    Raises:
        LeakscanError: the database failed.
    """
    with ledger.writing() as connection:
        closed = (findings.c.id == entry.id) & (findings.c.state == FindingState.RESOLVED)
        unresolved = {"resolved_at": None, "resolved_by": None, "resolution": None}
        opened = connection.execute(
            update(findings).where(closed).values(state=FindingState.OPEN, **unresolved)
        ).rowcount
        if opened:
            dropped = (
                actions.c.finding_id == entry.id,
                actions.c.state == ActionState.DROPPED,
                actions.c.last_answer.startswith(_RESOLVED),
            )
            again = {"attempts": 0, "due_at": now(connection), "ended_at": None}
            for kinds, state in (
                ((ActionKind.DISABLE, ActionKind.VERIFY), ActionState.DUE),
                ((ActionKind.NOTIFY,), ActionState.WAITING),
            ):
                connection.execute(
                    update(actions)
                    .where(*dropped, actions.c.kind.in_(kinds))
                    .values(state=state, **again)
                )
        return bool(opened)


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

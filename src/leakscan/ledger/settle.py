"""Draw the conclusions for a finding when one of its actions has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from leakscan.ledger.duties import PENDING, needs_secret
from leakscan.ledger.queue import LONGEST_DELAY
from leakscan.ledger.tables import actions, findings, insert_into
from leakscan.ledger.words import ActionKind, ActionState, Answer

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import Connection

_STOPPED = (Answer.DISABLED, Answer.ALREADY_DISABLED)
_WIPED = "the token is disabled, and the secret wiped"
_UNKNOWN_OWNER = "no hook named an e-mail address of the owner"
_NOT_OURS = "no hook knows the token"


def settle(
    connection: Connection,
    finding: int,
    moment: datetime,
    quiet: timedelta,
    alert_on: Collection[str],
) -> None:
    """Wipe the secret if nothing needs it any more, and let the owner be told.

    Args:
        connection: inside of the transaction that has ended the action.
        finding: its number; its row is locked.
        moment: the time.
        quiet: after a mail to an owner, so long the next findings are gathered for one more.
        alert_on: the occasions on which the team is told.
    """
    query = select(actions.c.state, actions.c.last_answer).where(
        actions.c.finding_id == finding, actions.c.kind == ActionKind.DISABLE
    )
    hooks = connection.execute(query).all()
    open_still = {*PENDING, ActionState.GAVE_UP} & {row.state for row in hooks}
    stopped = any(row.last_answer in _STOPPED for row in hooks if row.state == ActionState.DONE)
    if hooks and not open_still:
        _drop(connection, finding, ActionKind.VERIFY, (ActionState.DUE,), _WIPED, moment)
    if not connection.execute(
        select(findings.c.id).where(findings.c.id == finding, needs_secret())
    ).first():
        wipe(connection, [finding], moment)
    if not stopped and open_still:
        return
    why = _NOT_OURS
    if stopped:
        if _release_notice(connection, finding, moment, quiet) or open_still:
            return
        why = _UNKNOWN_OWNER
    waiting = (ActionState.WAITING,)
    dropped = _drop(connection, finding, ActionKind.NOTIFY, waiting, why, moment)
    if dropped and stopped and "trouble" in alert_on:
        owe_alert(connection, finding, "notify: nobody knows the owner", moment)


def _release_notice(
    connection: Connection, finding: int, moment: datetime, quiet: timedelta
) -> bool:
    """Make word to the owner due; tell whether the owner's address is known."""
    email = connection.scalar(select(findings.c.owner_email).where(findings.c.id == finding))
    if not email:
        return False
    recent = _last_told(connection, email, moment)
    due_at = max(moment, recent + quiet) if recent else moment
    connection.execute(
        update(actions)
        .where(
            actions.c.finding_id == finding,
            actions.c.kind == ActionKind.NOTIFY,
            actions.c.state == ActionState.WAITING,
        )
        .values(state=ActionState.DUE, due_at=min(due_at, moment + LONGEST_DELAY))
    )
    return True


def wipe(connection: Connection, ids: Collection[int], moment: datetime) -> None:
    """Wipe the sealed secrets of these findings."""
    connection.execute(
        update(findings)
        .where(findings.c.id.in_(ids), findings.c.sealed_secret.is_not(None))
        .values(sealed_secret=None, sealed_by=None, wiped_at=moment)
    )


def _drop(
    connection: Connection,
    finding: int,
    kind: ActionKind,
    states: Sequence[ActionState],
    why: str,
    moment: datetime,
) -> bool:
    done = connection.execute(
        update(actions)
        .where(actions.c.finding_id == finding, actions.c.kind == kind, actions.c.state.in_(states))
        .values(state=ActionState.DROPPED, last_answer=why, ended_at=moment)
    )
    return bool(done.rowcount)


def owe_alert(connection: Connection, finding: int, about: str, moment: datetime) -> None:
    """Owe the team word of something, once a finding."""
    row = {
        "finding_id": finding,
        "kind": ActionKind.ALERT,
        "responder": about,
        "state": ActionState.DUE,
        "attempts": 0,
        "due_at": moment,
        "created_at": moment,
    }
    connection.execute(insert_into(connection, actions).on_conflict_do_nothing(), row)


def _last_told(connection: Connection, email: str, moment: datetime) -> datetime | None:
    """Return when the owner was last written to: now, if that is just being done."""
    mine = select(findings.c.id).where(findings.c.owner_email == email)
    told = actions.c.finding_id.in_(mine) & (actions.c.kind == ActionKind.NOTIFY)
    running = select(actions.c.id).where(told, actions.c.state == ActionState.RUNNING)
    if connection.execute(running.limit(1)).first():
        return moment
    ended = select(func.max(actions.c.ended_at)).where(told, actions.c.state == ActionState.DONE)
    last: datetime | None = connection.scalar(ended)
    return last

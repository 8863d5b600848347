"""Draw the conclusions for findings when something was recorded or an action has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select, update

from leakscan.ledger.duties import STOPPED, TROUBLE, UNFINISHED, Duties, needing_secret, new_action
from leakscan.ledger.leases import LONGEST_DELAY
from leakscan.ledger.tables import actions, findings, insert_into, owners
from leakscan.ledger.words import ActionKind, ActionState
from leakscan.model import Confidence

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

_WIPED = "the token is disabled, and the secret wiped"
_UNKNOWN_OWNER = "no hook named an e-mail address of the owner"
_NOT_OURS = "no hook knows the token"
_HELD = "waits for the end of the scan"


def settle(connection: Connection, ids: Sequence[int], moment: datetime, duties: Duties) -> None:
    """Wipe the secrets that nothing needs any more, and let the owners be told.

    Args:
        connection: inside of the transaction that has changed something.
        ids: numbers of findings; their rows are locked.
        moment: the time.
        duties: how owners and the team are told.
    """
    if not ids:
        return
    query = select(actions.c.finding_id, actions.c.state, actions.c.last_answer).where(
        actions.c.finding_id.in_(ids), actions.c.kind == ActionKind.DISABLE
    )
    hooks: dict[int, list[Any]] = {}
    for row in connection.execute(query):
        hooks.setdefault(row.finding_id, []).append(row)
    for finding, answers in hooks.items():
        _settle_one(connection, finding, answers, moment, duties)
    needing = set(connection.scalars(needing_secret(ids, duties)))
    wipe(connection, set(ids) - needing, moment)


def _settle_one(
    connection: Connection,
    finding: int,
    hooks: Sequence[Any],
    moment: datetime,
    duties: Duties,
) -> None:
    open_still = set(UNFINISHED) & {row.state for row in hooks}
    stopped = any(row.last_answer in STOPPED for row in hooks if row.state == ActionState.DONE)
    if stopped and not open_still:
        for state in (ActionState.DUE, ActionState.WAITING):
            _drop(connection, finding, ActionKind.VERIFY, state, _WIPED, moment)
    if not stopped and open_still:
        return
    why = _NOT_OURS
    if stopped:
        if _release_notice(connection, finding, moment, duties) or open_still:
            return
        why = _UNKNOWN_OWNER
    dropped = _drop(connection, finding, ActionKind.NOTIFY, ActionState.WAITING, why, moment)
    if dropped is not None and stopped and TROUBLE in duties.alert_on:
        owe_alert(connection, finding, TROUBLE, dropped, moment)


def _release_notice(connection: Connection, finding: int, moment: datetime, duties: Duties) -> bool:
    """Make word to the owner due; tell whether the owner's address is known."""
    email = connection.scalar(select(findings.c.owner_email).where(findings.c.id == finding))
    if not email:
        return False
    waiting = (
        actions.c.finding_id == finding,
        actions.c.kind == ActionKind.NOTIFY,
        actions.c.state == ActionState.WAITING,
    )
    held_until = connection.scalar(select(actions.c.due_at).where(*waiting))
    told_at = connection.scalar(select(owners.c.told_at).where(owners.c.email == email))
    due_at, why = _due(moment, duties, held_until, told_at)
    due = {"state": ActionState.DUE, "due_at": due_at, "last_answer": why}
    connection.execute(update(actions).where(*waiting).values(due))
    return True


def release_held(
    connection: Connection, ids: Collection[int], moment: datetime, duties: Duties
) -> None:
    """Hold word to the owners of these findings back no longer, except to gather it.

    Args:
        connection: inside of the transaction that has recorded more about them.
        ids: numbers of findings; their rows are locked.
        moment: the time.
        duties: how long word is gathered.
    """
    held = select(actions.c.id, actions.c.finding_id, actions.c.state, actions.c.due_at).where(
        actions.c.finding_id.in_(ids),
        actions.c.kind == ActionKind.NOTIFY,
        # Not what waits to be tried again, or is gathered.
        or_(
            actions.c.state == ActionState.WAITING,
            and_(actions.c.state == ActionState.DUE, actions.c.last_answer == _HELD),
        ),
        actions.c.due_at > moment,
    )
    rows = connection.execute(held).all()
    if not rows:
        return
    told = select(findings.c.id, owners.c.told_at).join(
        owners, owners.c.email == findings.c.owner_email
    )
    told = told.where(findings.c.id.in_({row.finding_id for row in rows}))
    told_at = {row.id: row.told_at for row in connection.execute(told)}
    anew: dict[tuple[datetime, str | None], list[int]] = {}
    for row in rows:
        is_due = row.state == ActionState.DUE
        due = _due(moment, duties, None, told_at.get(row.finding_id) if is_due else None)
        anew.setdefault(due, []).append(row.id)
    for (due_at, why), numbers in anew.items():  # nearly always one: now
        together = update(actions).where(actions.c.id.in_(numbers))
        connection.execute(together.values(due_at=due_at, last_answer=why))


def _due(
    moment: datetime, duties: Duties, held_until: datetime | None, told_at: datetime | None
) -> tuple[datetime, str | None]:
    """Return when an owner is to be told, and why not now."""
    why, due_at = None, moment
    if held_until and held_until > due_at:
        why, due_at = _HELD, held_until
    if told_at and told_at + duties.quiet > due_at:
        why = f"gathered: the owner was written to at {told_at:%H:%M:%S} UTC"
        due_at = told_at + duties.quiet
    return min(due_at, moment + LONGEST_DELAY), why


def wipe(connection: Connection, ids: Collection[int], moment: datetime) -> None:
    """Wipe the sealed secrets of these findings."""
    connection.execute(
        update(findings)
        .where(findings.c.id.in_(ids), findings.c.sealed_secret.is_not(None))
        .values(sealed_secret=None, sealed_by=None, wiped_at=moment)
    )


def owe_alert(
    connection: Connection,
    finding: int,
    occasion: str,
    about: int,
    moment: datetime,
    *,
    again: bool = False,
) -> None:
    """Owe the team word of something.

    Args:
        connection: inside of the transaction that has found it out.
        finding: its number.
        occasion: see `duties`.
        about: number of the action that it is about.
        moment: the time.
        again: whether to tell it once more if it was told before.
    """
    duty = (ActionKind.ALERT, f"{occasion} {about}", ActionState.DUE)
    row = new_action(finding, duty, moment) | {"about_id": about}
    upsert = insert_into(connection, actions)
    key = [actions.c.finding_id, actions.c.kind, actions.c.responder]
    if again:
        fresh = {"state": ActionState.DUE, "attempts": 0, "due_at": moment, "receipt": None}
        over = actions.c.state.in_((ActionState.DONE, ActionState.GAVE_UP, ActionState.DROPPED))
        upsert = upsert.on_conflict_do_update(index_elements=key, set_=fresh, where=over)
    else:
        upsert = upsert.on_conflict_do_nothing()
    connection.execute(upsert, row)


def owe_as_sure(
    connection: Connection,
    finding: int,
    rule: str,
    moment: datetime,
    duties: Duties,
    *,
    has_secret: bool = True,
) -> None:
    """Owe for a finding what is owed for one that is sure, for it has proved to be a token.

    Args:
        connection: inside of the transaction that has come to know it.
        finding: its number; its row is locked.
        rule: the id of its rule.
        moment: the time.
        duties: what is owed.
        has_secret: whether its secret is kept; else what is owed waits for that.
    """
    owed = duties.of(rule, Confidence.HIGH)
    new = [new_action(finding, duty, moment, duties.hold) for duty in owed]
    if not has_secret:
        new = [row | {"state": ActionState.WAITING.value} for row in new]
    if new:
        connection.execute(insert_into(connection, actions).on_conflict_do_nothing(), new)


def _drop(
    connection: Connection,
    finding: int,
    kind: ActionKind,
    state: ActionState,
    why: str,
    moment: datetime,
) -> int | None:
    """Drop the one action of this kind if it is in this state; return its number."""
    ended = {"state": ActionState.DROPPED, "last_answer": why, "ended_at": moment}
    wanted = (actions.c.finding_id == finding, actions.c.kind == kind, actions.c.state == state)
    drop = update(actions).where(*wanted).values(ended).returning(actions.c.id)
    number: int | None = connection.scalar(drop)
    return number

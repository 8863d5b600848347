"""What a finding makes us owe."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, or_, select

from leakscan.ledger.tables import actions
from leakscan.ledger.words import ActionKind, ActionState, Answer

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy import Select

PENDING = (ActionState.WAITING, ActionState.DUE, ActionState.RUNNING)

STOPPED = (Answer.DISABLED, Answer.ALREADY_DISABLED)
"""The answers that say that a token is dead."""

UNFINISHED = (*PENDING, ActionState.GAVE_UP)
"""What is not over: a person may have tried again what was given up."""

OWNER = "owner"
"""The responder of `ActionKind.NOTIFY`."""

ACCOUNT = "account"
"""The responder of `ActionKind.VERIFY`: the issuer's account endpoint."""

GAVE_UP, TROUBLE, DISABLED = "gave_up", "trouble", "disabled"
"""The occasions of `ActionKind.ALERT`: too many failures; what only a person can mend; and each
token that is disabled."""


@dataclass(frozen=True, slots=True)
class Duties:
    """What a finding makes us owe.

    Attributes:
        disable: names of the disable hooks, each with the ids of the rules that it is for.
        verify: ids of the rules whose secrets are verified.
        notify: whether owners are told.
        hold: how long word to the owners is held back, for more is about to be known.
        quiet: after a mail to an owner, so long the next findings are gathered for one more.
        alert_on: the occasions on which the team is told.
    """

    disable: Mapping[str, frozenset[str]] = field(default_factory=dict)
    verify: frozenset[str] = frozenset()
    notify: bool = False
    hold: timedelta = timedelta(0)
    quiet: timedelta = timedelta(minutes=10)
    alert_on: frozenset[str] = frozenset()

    def of(self, rule: str) -> list[tuple[ActionKind, str, ActionState]]:
        """List what is owed for a finding of a rule: kind, responder, first state."""
        hooks = [name for name, rules in self.disable.items() if rule in rules]
        owed = [(ActionKind.DISABLE, name, ActionState.DUE) for name in hooks]
        if rule in self.verify:
            owed.append((ActionKind.VERIFY, ACCOUNT, ActionState.DUE))
        if hooks and self.notify:
            # Only the answer of a hook names the owner.
            owed.append((ActionKind.NOTIFY, OWNER, ActionState.WAITING))
        return owed


def new_action(
    finding: int,
    duty: tuple[ActionKind, str, ActionState],
    moment: datetime,
    hold: timedelta = timedelta(0),
) -> dict[str, Any]:
    """Return the row of an action that comes to be owed; word to an owner is held back so long."""
    kind, responder, state = duty
    return {
        "finding_id": finding,
        "kind": kind.value,
        "responder": responder,
        "state": state.value,
        "attempts": 0,
        "is_unsure": False,
        "due_at": moment + hold if kind is ActionKind.NOTIFY else moment,
        "created_at": moment,
    }


def stalled_notices(ids: Collection[int]) -> Select[Any]:
    """Select those findings whose notice waits although a hook has answered."""
    hook = actions.alias("hook")
    return select(actions.c.finding_id).where(
        actions.c.finding_id.in_(ids),
        actions.c.kind == ActionKind.NOTIFY,
        actions.c.state == ActionState.WAITING,
        exists().where(
            hook.c.finding_id == actions.c.finding_id,
            hook.c.kind == ActionKind.DISABLE,
            hook.c.state == ActionState.DONE,
        ),
    )


def needing_secret(ids: Collection[int]) -> Select[Any]:
    """Select those findings whose secret is needed for something that is owed.

    A disable action that gave up is not over: a person may have it tried again.
    """
    verify = and_(actions.c.kind == ActionKind.VERIFY, actions.c.state.in_(PENDING))
    disable = and_(
        actions.c.kind == ActionKind.DISABLE,
        actions.c.state.in_(UNFINISHED),
    )
    return select(actions.c.finding_id).where(actions.c.finding_id.in_(ids), or_(verify, disable))

"""What a finding makes us owe."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, or_, select

from leakscan.ledger.tables import actions, findings
from leakscan.ledger.words import ActionKind, ActionState, Answer, FindingState
from leakscan.model import Confidence

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select

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
        disable_from: the lowest confidence that is disabled, and whose owner is told, unasked.
        verify: ids of the rules whose secrets are verified.
        notify: whether owners are told.
        hold: how long word to the owners is held back, for more is about to be known.
        quiet: after a mail to an owner, so long the next findings are gathered for one more.
        alert_on: the occasions on which the team is told.
    """

    disable: Mapping[str, frozenset[str]] = field(default_factory=dict)
    disable_from: Confidence = Confidence.HIGH
    verify: frozenset[str] = frozenset()
    notify: bool = False
    hold: timedelta = timedelta(0)
    quiet: timedelta = timedelta(minutes=10)
    alert_on: frozenset[str] = frozenset()

    def of(self, rule: str, confidence: Confidence) -> list[tuple[ActionKind, str, ActionState]]:
        """List what is owed for a finding of a rule: kind, responder, first state.

        To ask whether a token works harms nobody, so that does not depend on the confidence.
        """
        hooks = [name for name, rules in self.disable.items() if rule in rules]
        if confidence.rank < self.disable_from.rank:
            hooks = []
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


def undecided(duties: Duties) -> ColumnElement[bool]:
    """Return the condition that a finding is too unsure to be disabled unless a person says so.

    Nobody has: it is open, and no hook was ever to be asked about it.
    """
    unsure = [level for level in Confidence if level.rank < duties.disable_from.rank]
    is_asked = exists().where(
        actions.c.finding_id == findings.c.id, actions.c.kind == ActionKind.DISABLE
    )
    return and_(findings.c.state == FindingState.OPEN, findings.c.confidence.in_(unsure), ~is_asked)


def needing_secret(ids: Collection[int], duties: Duties) -> Select[Any]:
    """Select those findings whose secret is needed for something that is or may be owed.

    A disable action that gave up is not over: a person may have it tried again.  A person may
    also have disabled what is undecided, whose place may be gone by then.
    """
    verify = and_(actions.c.kind == ActionKind.VERIFY, actions.c.state.in_(PENDING))
    disable = and_(
        actions.c.kind == ActionKind.DISABLE,
        actions.c.state.in_(UNFINISHED),
    )
    is_owed = exists().where(actions.c.finding_id == findings.c.id, or_(verify, disable))
    has_hook = findings.c.rule.in_(frozenset[str]().union(*duties.disable.values()))
    is_kept = and_(has_hook, undecided(duties))
    return select(findings.c.id).where(findings.c.id.in_(ids), or_(is_owed, is_kept))

"""Where a finding stands, in one word, and the conditions by which findings are chosen."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from sqlalchemy import exists

from leakscan.ledger.duties import PENDING
from leakscan.ledger.tables import actions, findings, sightings
from leakscan.ledger.words import ActionKind, ActionState, Answer, FindingState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from leakscan.ledger.words import Action, Entry


class Standing(enum.StrEnum):
    """Where a finding stands, worst first."""

    ATTENTION = "needs attention"
    DISABLING = "disabling"
    DISABLED = "disabled"
    NOT_OURS = "not ours"
    RECORDED = "recorded"
    RESOLVED = "resolved"


def standing(entry: Entry, owed: Sequence[Action]) -> Standing:
    """Tell where a finding stands."""
    if entry.state is FindingState.RESOLVED:
        return Standing.RESOLVED
    if any(action.state is ActionState.GAVE_UP for action in owed):
        return Standing.ATTENTION
    hooks = [action for action in owed if action.kind is ActionKind.DISABLE]
    if any(action.state in PENDING for action in hooks):
        return Standing.DISABLING
    answers = {action.last_answer for action in hooks if action.state is ActionState.DONE}
    if answers & {Answer.DISABLED, Answer.ALREADY_DISABLED}:
        return Standing.DISABLED
    return Standing.NOT_OURS if Answer.NOT_OURS in answers else Standing.RECORDED


def is_open() -> ColumnElement[bool]:
    """Return the condition that no person has closed a finding."""
    return findings.c.state == FindingState.OPEN


def needs_attention() -> ColumnElement[bool]:
    """Return the condition that something was given up for a finding."""
    return exists().where(
        actions.c.finding_id == findings.c.id, actions.c.state == ActionState.GAVE_UP
    )


def of_rule(rule: str) -> ColumnElement[bool]:
    """Return the condition that a rule found it."""
    return findings.c.rule == rule


def of_owner(email: str) -> ColumnElement[bool]:
    """Return the condition that it is somebody's."""
    return findings.c.owner_email == email


def seen_in(repository: str) -> ColumnElement[bool]:
    """Return the condition that it was seen in a repository whose name has this text."""
    return exists().where(
        sightings.c.finding_id == findings.c.id,
        sightings.c.repository.contains(repository, autoescape=True),
    )


def seen_since(moment: datetime) -> ColumnElement[bool]:
    """Return the condition that it was last seen then or later."""
    return findings.c.last_seen_at >= moment

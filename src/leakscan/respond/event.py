"""What a response did, one attempt at a time, for whoever watches."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.ledger.words import ActionState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leakscan.ledger.words import Claim, Entry


class Result(enum.StrEnum):
    """How one attempt ended.

    ``LATER``: it failed and is due again.  ``LEFT``: it was not made, since nobody answers there.
    ``LOST``: another process has taken it over.
    """

    DONE = "done"
    LATER = "later"
    GAVE_UP = "gave_up"
    DROPPED = "dropped"
    LEFT = "left"
    LOST = "lost"

    @classmethod
    def of(cls, states: Mapping[int, ActionState], claim: Claim) -> Result:
        """Return what became of a claim by the new states of those that were still held."""
        words = {
            ActionState.DONE: cls.DONE,
            ActionState.DROPPED: cls.DROPPED,
            ActionState.GAVE_UP: cls.GAVE_UP,
            ActionState.DUE: cls.LATER,
        }
        state = states.get(claim.action)
        return words[state] if state else cls.LOST


@dataclass(frozen=True, slots=True)
class Event:
    """One attempt at one action.

    Attributes:
        entry: the finding as it was when the attempt began.
        answer: the other side's answer, or why there is none.
        receipt: Message-ID of the mail that tells the owner.
        owner_email: to whom that was sent, or whose token it is.
    """

    kind: str
    responder: str
    entry: Entry
    result: Result
    answer: str
    receipt: str | None = None
    owner_email: str | None = None


def event_of(
    claim: Claim,
    result: Result,
    answer: str,
    receipt: str | None = None,
    owner_email: str | None = None,
) -> Event:
    """Make the event of a claim."""
    return Event(
        claim.kind.value, claim.responder, claim.entry, result, answer, receipt, owner_email
    )

"""Write down what became of pushes that were looked at."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, func, update

from leakscan.ledger.engine import now
from leakscan.ledger.leases import LONGEST_DELAY, Leases
from leakscan.ledger.push_tables import COSTS, pushes
from leakscan.ledger.pushes import lag
from leakscan.push import PushState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from leakscan.ledger.push_queue import Outcome, PushClaim
    from leakscan.push import Look

MAX_ATTEMPTS = 8
MAX_BEGUN = 4 * MAX_ATTEMPTS
"""So often a push is begun whose processes die.  A process that is killed takes all with it that
it has in hand, of which one push at most is to blame: deaths weigh less than looks that failed,
and yet what kills every process does not do so for ever."""

FIRST_DELAY = timedelta(seconds=20)
GROWTH = 4
"""A failed look is made again after 20 seconds, then after four times as long each time: eight
attempts in about a day, in which most outages end."""

HELD: Leases[PushClaim] = Leases(pushes, pushes.c.id, lambda claim: claim.id)
"""The claims on pushes."""


def conclude(connection: Connection, outcomes: Sequence[Outcome], run: int | None) -> list[int]:
    """End looks; those whose claims are no longer held are left as their successors have them.

    Returns:
        The numbers of the pushes whose claims were still held.
    """
    by_claim = {claim: (look, findings) for claim, look, findings in outcomes}
    ours = HELD.hold(connection, by_claim)
    if not ours:
        return []
    moment = now(connection)
    most = bindparam("new_findings", type_=pushes.c.findings.type)
    values: dict[str, Any] = {name: pushes.c[name] + bindparam(f"new_{name}") for name in COSTS}
    values["findings"] = case((pushes.c.findings > most, pushes.c.findings), else_=most)
    changes = []
    for claim in ours:
        look, findings = by_claim[claim]
        costs = {f"new_{name}": getattr(look, name) for name in COSTS}
        changes.append(_end(claim, look, moment) | costs | {"new_findings": findings})
    row = pushes.c.id == bindparam("at")
    statement = update(pushes).where(row).values(values)
    connection.execute(statement, [change | {"run_id": run} for change in changes])
    return [claim.id for claim in ours]


def give_up(connection: Connection, ids: Sequence[int], why: str) -> None:
    """End pushes that no look has come to the end of.

    Args:
        connection: in a transaction that writes, and that has locked them.
        ids: their numbers, at most `BATCH`.
        why: in a sentence, unless a look before has failed for a reason of its own.
    """
    ended = {
        "state": PushState.GAVE_UP,
        "due_at": None,
        "ticket": None,
        "lease_until": None,
        "ended_at": now(connection),
        "why": func.coalesce(pushes.c.why, why),
    }
    connection.execute(update(pushes).where(pushes.c.id.in_(ids)).values(ended))


def _end(claim: PushClaim, look: Look, moment: datetime) -> dict[str, Any]:
    state = _state(claim, look)
    is_scanned = state is PushState.SCANNED
    failed = state in (PushState.FAILED, PushState.GAVE_UP)
    return {
        "at": claim.id,
        "state": state.value,
        "due_at": moment + _delay(claim, look) if state is PushState.FAILED else None,
        "ticket": None,
        "lease_until": None,
        "ended_at": None if state is PushState.FAILED else moment,
        "ended_lag": lag(claim.push.feed, claim.push.happened_at, moment) if is_scanned else None,
        "via": look.via,
        "trouble": look.trouble and look.trouble.value,
        "why": look.why or ("no reason was given" if failed else None),
        "is_partial": is_scanned and bool(look.skipped or look.trouble),
    }


def _state(claim: PushClaim, look: Look) -> PushState:
    """Return the state after a look; what a failure tells is for good is skipped."""
    if look.state is not PushState.FAILED:
        return look.state
    if look.trouble and not look.trouble.is_passing:
        return PushState.SKIPPED
    return PushState.GAVE_UP if claim.attempts >= MAX_ATTEMPTS else PushState.FAILED


def _delay(claim: PushClaim, look: Look) -> timedelta:
    """Return the time until a failed look is made again.

    Up to half of it is left out at random, so that many that failed together are not made again
    together; a server that asks for more time gets it.
    """
    waits = FIRST_DELAY * int(GROWTH ** min(claim.attempts - 1, MAX_ATTEMPTS))
    waits *= random.uniform(0.5, 1)  # noqa: S311 - spreads load, hides nothing
    asked = min(look.retry_after or 0.0, LONGEST_DELAY.total_seconds())
    return min(max(waits, timedelta(seconds=asked)), LONGEST_DELAY)

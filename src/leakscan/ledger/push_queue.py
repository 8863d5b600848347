"""Hand out pushes to be looked at, each to one process at a time.

Claims, tickets and leases are those of queue.py.  However many pushes wait, handing one out takes
the same time: each query reads a few rows at an end of a range of one index.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from leakscan.ledger.engine import now
from leakscan.ledger.push_lanes import choose, oldest, read_in_order, waiting
from leakscan.ledger.push_outcomes import MAX_ATTEMPTS, conclude, give_up, held
from leakscan.ledger.push_tables import pushes
from leakscan.ledger.pushes import BATCH, PUSH, add_pushes, in_batches, push_of
from leakscan.ledger.queue import LONGEST_DELAY
from leakscan.push import Look, Push, PushState

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from leakscan.ledger.engine import Ledger


@dataclass(frozen=True, slots=True)
class PushClaim:
    """One push that this process alone looks at until its lease ends.

    Attributes:
        id: the ledger's number of the push.
        ticket: random; an outcome counts only while the ledger holds the same one.
        attempts: how often a look was begun, this time included.
    """

    id: int
    push: Push
    ticket: str
    attempts: int


Outcome = tuple[PushClaim, Look, int]
"""A claim, what became of the look, and how many findings it had."""


@dataclass(frozen=True, slots=True)
class PushQueue:
    """The pushes of a ledger.

    Attributes:
        lease: how long a claim lasts unless it is renewed; at most `LONGEST_LEASE`.
    """

    ledger: Ledger
    lease: timedelta = timedelta(seconds=60)

    def add(self, told: Sequence[Push]) -> int:
        """Queue pushes, each once; a repeat may tell what was not known, and changes no state.

        Args:
            told: in any order.  Texts that may hold a secret, such as the name of a branch, are
                stored as they are: redact them before.

        Returns:
            How many were not known.

        Raises:
            LeakscanError: the database failed; none is added.
        """
        with self.ledger.writing() as connection:
            return add_pushes(connection, told)

    def claim(self, limit: int) -> list[PushClaim]:
        """Take up to ``limit`` pushes to look at; each begins an attempt.

        The newest first, but a share of them are those that wait longest (push_lanes.py).  One
        whose processes die again and again is given up.

        Raises:
            LeakscanError: the database failed.
        """
        if limit < 1:
            return []
        ticket = secrets.token_hex(16)
        with self.ledger.writing() as connection:
            moment = now(connection)
            chosen = choose(connection, moment, limit)
            query = select(pushes.c.id, pushes.c.attempts, *PUSH).where(pushes.c.id.in_(chosen))
            rows = {row[pushes.c.id]: row for row in connection.execute(query).mappings()}
            worn = [number for number in chosen if rows[number][pushes.c.attempts] >= MAX_ATTEMPTS]
            if worn:
                give_up(connection, worn, "each process that looked at it died")
            claims = [
                PushClaim(number, push_of(row), ticket, row[pushes.c.attempts] + 1)
                for number, row in ((number, rows[number]) for number in chosen)
                if number not in worn
            ]
            values = {
                "state": PushState.SCANNING,
                "attempts": pushes.c.attempts + 1,
                "ticket": ticket,
                "lease_until": moment + self.lease,
            }
            taken = pushes.c.id.in_([claim.id for claim in claims])
            connection.execute(update(pushes).where(taken).values(values))
            return claims

    def renew(self, claims: Collection[PushClaim]) -> list[PushClaim]:
        """Make the leases of claims last anew; return those that are still their holder's.

        Raises:
            LeakscanError: the database failed.
        """
        if not claims:
            return []
        with self.ledger.writing() as connection:
            ours = held(connection, claims)
            until = now(connection) + self.lease
            for some in in_batches([claim.id for claim in ours]):
                row = pushes.c.id.in_(some)
                connection.execute(update(pushes).where(row).values(lease_until=until))
            return ours

    def release(self, claims: Collection[PushClaim], delay: timedelta = timedelta(0)) -> None:
        """Give claims back unattempted, to be taken up after a delay, of a day at most.

        Raises:
            LeakscanError: the database failed.
        """
        if not claims:
            return
        with self.ledger.writing() as connection:
            moment = now(connection)
            due_at = moment + min(delay, LONGEST_DELAY) if delay else None
            back = {"attempts": pushes.c.attempts - 1, "ticket": None, "lease_until": None}
            for some in in_batches([claim.id for claim in held(connection, claims)]):
                for has_failed, state, due in (
                    (pushes.c.why.is_(None), PushState.SEEN, due_at),
                    (pushes.c.why.is_not(None), PushState.FAILED, due_at or moment),
                ):
                    row = update(pushes).where(pushes.c.id.in_(some), has_failed)
                    connection.execute(row.values(back | {"state": state, "due_at": due}))

    def finish(self, outcomes: Sequence[Outcome], run: int | None) -> int:
        """Write down what became of looks, in one transaction.

        A failure that may pass is tried again later (push_outcomes.py), until it is given up.

        Args:
            outcomes: each claim once, with what became of it (texts redacted) and how many
                findings were recorded for it.
            run: the ledger's number of the watch.

        Returns:
            How many were still their holder's; of the others nothing is changed.

        Raises:
            LeakscanError: the database failed; none is written down.
        """
        if not outcomes:
            return 0
        with self.ledger.writing() as connection:
            return conclude(connection, outcomes, run)

    def abandon(self, before: datetime) -> int:
        """Give up what was told before a time and waits still, so that no queue grows for ever.

        Returns:
            How many.

        Raises:
            LeakscanError: the database failed; what was given up stays so.
        """
        count = 0
        for lane in waiting():
            query = lane.where(pushes.c.seen_at < before).limit(BATCH)
            is_over = False
            while not is_over:
                with self.ledger.writing() as connection:
                    ids = connection.scalars(query.with_for_update(skip_locked=True)).all()
                    give_up(connection, ids, "it was not looked at in time")
                count += len(ids)
                is_over = len(ids) < BATCH
        return count

    def counts(self, *states: PushState) -> dict[PushState, int]:
        """Count the pushes in these states, or in all; those that wait are counted fast.

        Raises:
            LeakscanError: the database failed.
        """
        states = states or tuple(PushState)
        query = select(pushes.c.state, func.count().label("number"))
        query = query.where(pushes.c.state.in_(states)).group_by(pushes.c.state)
        with self.ledger.reading() as connection:
            found = {row.state: row.number for row in connection.execute(query)}
        return {state: found.get(state, 0) for state in states}

    def oldest_waiting(self) -> datetime | None:
        """Return when the oldest push happened that waits, if one does.

        Raises:
            LeakscanError: the database failed.
        """
        fresh = oldest().with_only_columns(pushes.c.happened_at).limit(1)
        _, *later = waiting()
        delayed = [lane.with_only_columns(func.min(pushes.c.happened_at)) for lane in later]
        with self.ledger.reading() as connection:
            moments = [connection.scalar(query) for query in (fresh, *delayed)]
        return min((one for one in moments if one), default=None)

    def next_due(self) -> datetime | None:
        """Return when the next push is due, or a claim ends, if any is to come.

        Raises:
            LeakscanError: the database failed.
        """
        ahead = (
            (PushState.SEEN, pushes.c.due_at),
            (PushState.FAILED, pushes.c.due_at),
            (PushState.SCANNING, pushes.c.lease_until),
        )
        with self.ledger.reading() as connection:
            read_in_order(connection)
            moment = now(connection)
            moments = [
                connection.scalar(
                    select(func.min(column)).where(pushes.c.state == state, column > moment)
                )
                for state, column in ahead
            ]
        return min((one for one in moments if one), default=None)

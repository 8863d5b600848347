"""Hand out pushes to be looked at, each to one process at a time (leases.py).

However many pushes wait, handing one out takes the same time: each query reads a few rows at an
end of a range of one index.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select, update

from leakscan.ledger.batches import BATCH, in_batches
from leakscan.ledger.engine import now
from leakscan.ledger.leases import LONGEST_DELAY, is_over
from leakscan.ledger.push_lanes import choose, read_in_order, waiting
from leakscan.ledger.push_outcomes import HELD, conclude, give_up
from leakscan.ledger.push_tables import pushes
from leakscan.ledger.pushes import PUSH, add_pushes, push_of
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
class Claimed:
    """What was taken to be looked at, and what nobody will look at any more.

    Attributes:
        given_up: how many were given up, for each process that looked at them has died.
    """

    claims: list[PushClaim] = field(default_factory=list)
    given_up: int = 0


@dataclass(frozen=True, slots=True)
class PushQueue:
    """The pushes of one site in a ledger; those of others are for their own watches.

    Attributes:
        host: name of the site, such as ``github.com``.
        lease: how long a claim lasts unless it is renewed; at most `LONGEST_LEASE`.
    """

    ledger: Ledger
    host: str
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

    def claim(self, limit: int) -> Claimed:
        """Take up to ``limit`` pushes to look at; each begins an attempt.

        The newest first, but a share of them are those that wait longest (push_lanes.py).  One
        whose processes die again and again is given up.

        Raises:
            LeakscanError: the database failed.
        """
        if limit < 1:
            return Claimed()
        ticket = secrets.token_hex(16)
        with self.ledger.writing() as connection:
            moment = now(connection)
            chosen, worn = choose(connection, self.host, moment, limit)
            if worn:
                give_up(connection, worn, "each process that looked at it died")
            query = select(pushes.c.id, pushes.c.attempts, *PUSH).where(pushes.c.id.in_(chosen))
            rows = {row[pushes.c.id]: row for row in connection.execute(query).mappings()}
            claims = [
                PushClaim(number, push_of(row), ticket, row[pushes.c.attempts] + 1)
                for number, row in ((number, rows[number]) for number in chosen)
            ]
            values = {
                "state": PushState.SCANNING,
                "attempts": pushes.c.attempts + 1,
                "ticket": ticket,
                "lease_until": moment + self.lease,
            }
            connection.execute(update(pushes).where(pushes.c.id.in_(chosen)).values(values))
            return Claimed(claims, len(worn))

    def renew(self, claims: Collection[PushClaim]) -> list[PushClaim]:
        """Make the leases of claims last anew; return those that are still their holder's.

        Raises:
            LeakscanError: the database failed.
        """
        if not claims:
            return []
        with self.ledger.writing() as connection:
            return HELD.renew(connection, claims, self.lease)

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
            held, attempts = HELD.hold(connection, claims), pushes.c.attempts - 1
            for has_failed, state, due in (
                (pushes.c.why.is_(None), PushState.SEEN, due_at),
                (pushes.c.why.is_not(None), PushState.FAILED, due_at or moment),
            ):
                HELD.release(
                    connection, held, has_failed, state=state, due_at=due, attempts=attempts
                )

    def finish(self, outcomes: Sequence[Outcome], run: int | None) -> list[int]:
        """Write down what became of looks, in one transaction.

        A failure that may pass is tried again later (push_outcomes.py), until it is given up.

        Args:
            outcomes: each claim once, with what became of it (texts redacted) and how many
                findings were recorded for it.
            run: the ledger's number of the watch.

        Returns:
            The numbers of the pushes that were still their holder's; of the others nothing is
            changed.

        Raises:
            LeakscanError: the database failed; none is written down.
        """
        if not outcomes:
            return []
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
        for lane in waiting(self.host):
            query = lane.where(pushes.c.seen_at < before).limit(BATCH)
            is_done = False
            while not is_done:
                with self.ledger.writing() as connection:
                    ids = connection.scalars(query.with_for_update(skip_locked=True)).all()
                    give_up(connection, ids, "it was not looked at in time")
                count += len(ids)
                is_done = len(ids) < BATCH
        return count

    def counts(self, *states: PushState) -> dict[PushState, int]:
        """Count the pushes in these states, or in all; those that wait are counted fast.

        Raises:
            LeakscanError: the database failed.
        """
        states = states or tuple(PushState)
        query = select(pushes.c.state, func.count().label("number"))
        query = query.where(pushes.c.host == self.host, pushes.c.state.in_(states))
        with self.ledger.reading() as connection:
            rows = connection.execute(query.group_by(pushes.c.state))
            found = {row.state: row.number for row in rows}
        return {state: found.get(state, 0) for state in states}

    def in_vain(self) -> int:
        """Count the pushes in hand that were begun before, or whose holder has died.

        The others in hand are being looked at for the first time, as far as anybody knows.

        Raises:
            LeakscanError: the database failed.
        """
        with self.ledger.reading() as connection:
            is_dead = is_over(pushes.c.lease_until, now(connection))
            query = select(func.count()).where(
                pushes.c.host == self.host,
                pushes.c.state == PushState.SCANNING,
                or_(is_dead, pushes.c.attempts > 1),
            )
            return connection.scalar(query) or 0

    def unended(self, ids: Collection[int]) -> set[int]:
        """Return those of some pushes that still wait, or that somebody looks at now.

        Raises:
            LeakscanError: the database failed.
        """
        states = (PushState.SEEN, PushState.SCANNING, PushState.FAILED)
        found: set[int] = set()
        with self.ledger.reading() as connection:
            for some in in_batches(sorted(ids)):
                query = select(pushes.c.id).where(pushes.c.id.in_(some), pushes.c.state.in_(states))
                found |= set(connection.scalars(query))
        return found

    def next_due(self) -> datetime | None:
        """Return when the next of the pushes that were given back is due, if there is one.

        It may be due already.  What has failed is tried again later, and not waited for.

        Raises:
            LeakscanError: the database failed.
        """
        due = pushes.c.due_at
        is_given_back = pushes.c.state == PushState.SEEN, due.is_not(None)
        query = select(func.min(due)).where(pushes.c.host == self.host, *is_given_back)
        with self.ledger.reading() as connection:
            read_in_order(connection)
            moment: datetime | None = connection.scalar(query)
            return moment

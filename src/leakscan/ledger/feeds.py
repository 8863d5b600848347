"""Who asks which feed now, how far each was read, and what each poll brought.

Two watches do not ask the same at once (leases.py).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, insert, or_, select, update

from leakscan.ledger.engine import now
from leakscan.ledger.leases import LONGEST_DELAY, Leases, is_due, is_over
from leakscan.ledger.push_tables import feeds, polls
from leakscan.ledger.pushes import add_pushes
from leakscan.ledger.tables import insert_into

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement, Row

    from leakscan.ledger.engine import Ledger
    from leakscan.push import Push
    from leakscan.trouble import Trouble


@dataclass(frozen=True, slots=True)
class FeedClaim:
    """One feed that this process alone asks until its lease ends.

    Attributes:
        cursor: how far it was read, in words of its own; ``None`` if it never was.
        ticket: random; what is noted moves the feed on only while the ledger holds the same one.
        failures: how often in a row it could not be asked.
    """

    name: str
    cursor: str | None
    ticket: str
    failures: int


@dataclass(frozen=True, slots=True)
class PollNote:
    """What one poll brought, but for the pushes.

    Attributes:
        read: events in the answers.
        repeated: those of them that the feed had told before.
        malformed: those that could not be understood, or not read whole.
        requests: API calls that it took.
        is_gap: whether events may have been lost since the poll before.
        oldest_at, newest_at: when the oldest and the newest of the events happened.
        trouble: why it could not be asked, in one word, if it is known.
        why: the same in a sentence, redacted; ``None`` where it could be asked.
    """

    read: int = 0
    repeated: int = 0
    malformed: int = 0
    requests: int = 0
    is_gap: bool = False
    oldest_at: datetime | None = None
    newest_at: datetime | None = None
    trouble: Trouble | None = None
    why: str | None = None

    @property
    def has_failed(self) -> bool:
        """Whether the feed could not be asked."""
        return self.trouble is not None or self.why is not None


@dataclass(frozen=True, slots=True)
class FeedFailure:
    """The last poll of a feed, which failed.

    Attributes:
        ago: seconds since then.
        due_in: seconds until it is asked again.
        why: in a sentence, redacted.
    """

    ago: float
    due_in: float
    why: str


@dataclass(frozen=True, slots=True)
class FeedWait:
    """What keeps a feed from being asked now.

    Attributes:
        seconds: until it is due, or the claim on it ends.
        is_held: whether somebody asks it now, or died while asking it.
        failure: its last poll, if that failed.
        age: seconds since it was polled last; infinite if it never was.
    """

    seconds: float
    is_held: bool = False
    failure: FeedFailure | None = None
    age: float = float("inf")


@dataclass(frozen=True, slots=True)
class Feeds:
    """The feeds of a ledger.

    Attributes:
        lease: how long a claim lasts unless it is renewed; at most `LONGEST_LEASE`.
    """

    ledger: Ledger
    lease: timedelta = timedelta(minutes=5)

    def claim(self, names: Sequence[str], most: int | None = None) -> list[FeedClaim]:
        """Take those of some feeds that are due and that nobody else asks now.

        Args:
            names: which; those that come first are taken first.
            most: how many are taken at most; ``None`` for all.

        Raises:
            LeakscanError: the database failed.
        """
        if not names:
            return []
        ticket = secrets.token_hex(16)
        with self.ledger.writing() as connection:
            moment = now(connection)
            some = select(feeds.c.name, _due(moment)).where(feeds.c.name.in_(names))
            known = {name: bool(is_free) for name, is_free in connection.execute(some)}
            if new := sorted(set(names) - set(known)):
                rows = [{"name": name, "due_at": moment, "failures": 0} for name in new]
                connection.execute(insert_into(connection, feeds).on_conflict_do_nothing(), rows)
            chosen = [name for name in names if known.get(name, True)][:most]
            if not chosen:
                return []
            query = select(feeds.c.name, feeds.c.cursor, feeds.c.failures)
            query = query.where(feeds.c.name.in_(chosen), _due(moment)).order_by(feeds.c.name)
            free = connection.execute(query.with_for_update(skip_locked=True)).all()
            taken = update(feeds).where(feeds.c.name.in_([row.name for row in free]))
            connection.execute(taken.values(ticket=ticket, lease_until=moment + self.lease))
        claims = [FeedClaim(row.name, row.cursor, ticket, row.failures) for row in free]
        return sorted(claims, key=lambda claim: chosen.index(claim.name))

    def renew(self, claims: Collection[FeedClaim]) -> list[FeedClaim]:
        """Make the leases of claims last anew; return those that are still their holder's.

        Raises:
            LeakscanError: the database failed.
        """
        if not claims:
            return []
        with self.ledger.writing() as connection:
            return _HELD.renew(connection, claims, self.lease)

    def release(self, claims: Collection[FeedClaim]) -> None:
        """Give claims back; the feeds are as due as before.

        Raises:
            LeakscanError: the database failed.
        """
        if not claims:
            return
        with self.ledger.writing() as connection:
            _HELD.release(connection, _HELD.hold(connection, claims))

    def note_poll(
        self,
        claim: FeedClaim,
        note: PollNote,
        wait: timedelta,
        cursor: str | None = None,
        told: Sequence[Push] = (),
    ) -> int:
        """Queue the pushes of a poll, and only then, in one transaction, let the feed move on.

        Args:
            claim: of the feed; it ends with this.
            note: what the poll brought.
            wait: until the feed may be asked again, a day at most.
            cursor: how far it was read now; ``None`` for no further than before.
            told: the pushes, as for `PushQueue.add`.

        Returns:
            How many of the pushes nobody had told of before.  They are queued even if the claim was
            lost; the feed has not moved on then, and will tell of them again.

        Raises:
            LeakscanError: the database failed; nothing is noted, and the lease will end.
        """
        with self.ledger.writing() as connection:
            ours = _HELD.hold(connection, [claim])
            fresh = add_pushes(connection, told)
            moment = now(connection)
            row = {
                "feed": claim.name,
                "at": moment,
                "read": note.read,
                "repeated": note.repeated,
                "malformed": note.malformed,
                "pushes": len(told),
                "fresh": fresh,
                "requests": note.requests,
                "is_gap": note.is_gap,
                "has_failed": note.has_failed,
                "oldest_at": note.oldest_at,
                "newest_at": note.newest_at,
                "trouble": note.trouble and note.trouble.value,
                "why": note.why,
            }
            connection.execute(insert(polls), row)
            _HELD.release(
                connection,
                ours,
                due_at=moment + min(wait, LONGEST_DELAY),
                polled_at=moment,
                failures=claim.failures + 1 if note.has_failed else 0,
                cursor=feeds.c.cursor if cursor is None else cursor,
            )
        return fresh

    def waits(self, names: Collection[str]) -> dict[str, FeedWait]:
        """Return by name what keeps feeds from being asked now; of those that are known and wait.

        Raises:
            LeakscanError: the database failed.
        """
        why = select(polls.c.why).where(polls.c.feed == feeds.c.name)
        last = why.order_by(polls.c.id.desc()).limit(1).scalar_subquery()
        has_failed = and_(feeds.c.failures > 0, feeds.c.polled_at.is_not(None))
        query = select(feeds, has_failed.label("has_failed"), case((has_failed, last)).label("why"))
        with self.ledger.reading() as connection:
            moment = now(connection)
            waiting = query.where(feeds.c.name.in_(names), ~_due(moment))
            return {row.name: _wait(row, moment) for row in connection.execute(waiting)}


_HELD: Leases[FeedClaim] = Leases(feeds, feeds.c.name, lambda claim: claim.name)


def _due(moment: datetime) -> ColumnElement[bool]:
    """Return the condition that a feed may be asked: due, or left by a dead process.

    One that was never asked is due, and so is one that was asked in times to come: by a clock that
    has been set back since.
    """
    free = feeds.c.ticket.is_(None)
    is_untrue = or_(feeds.c.polled_at.is_(None), feeds.c.polled_at > moment)
    return or_(
        and_(free, or_(is_untrue, is_due(feeds.c.due_at, moment))),
        and_(~free, is_over(feeds.c.lease_until, moment)),
    )


def _wait(row: Row[Any], moment: datetime) -> FeedWait:
    """Return why a feed that is not due may not be asked."""
    is_held = row.ticket is not None
    until = row.lease_until if is_held else row.due_at
    failure = (
        FeedFailure(
            ago=max(0.0, (moment - row.polled_at).total_seconds()),
            due_in=max(0.0, (row.due_at - moment).total_seconds()),
            why=row.why or "it did not answer",
        )
        if row.has_failed
        else None
    )
    age = (moment - row.polled_at).total_seconds() if row.polled_at else float("inf")
    return FeedWait((until - moment).total_seconds(), is_held, failure, age)

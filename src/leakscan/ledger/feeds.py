"""Who asks which feed now, how far each was read, and what each poll brought.

Claims, tickets and leases are those of queue.py, so that two watches do not ask the same at once.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, insert, or_, select, update

from leakscan.ledger.engine import now
from leakscan.ledger.push_tables import feeds, polls
from leakscan.ledger.pushes import add_pushes
from leakscan.ledger.queue import LONGEST_DELAY, LONGEST_LEASE
from leakscan.ledger.tables import insert_into

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement, Connection

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
        malformed: those that could not be understood.
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
class Noted:
    """What noting a poll did.

    Attributes:
        fresh: how many of the pushes nobody had told of before.
        is_ours: whether the claim was still held; else the feed has not moved on, and what it
            told will be told again.
    """

    fresh: int
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Feeds:
    """The feeds of a ledger.

    Attributes:
        lease: how long a claim lasts unless it is renewed; at most `LONGEST_LEASE`.
    """

    ledger: Ledger
    lease: timedelta = timedelta(minutes=5)

    def claim(self, names: Collection[str]) -> list[FeedClaim]:
        """Take those of some feeds that are due and that nobody else asks now.

        Raises:
            LeakscanError: the database failed.
        """
        if not names:
            return []
        ticket = secrets.token_hex(16)
        with self.ledger.writing() as connection:
            moment = now(connection)
            rows = [{"name": name, "due_at": moment, "failures": 0} for name in sorted(names)]
            connection.execute(insert_into(connection, feeds).on_conflict_do_nothing(), rows)
            query = select(feeds.c.name, feeds.c.cursor, feeds.c.failures)
            query = query.where(feeds.c.name.in_(names), _due(moment)).order_by(feeds.c.name)
            free = connection.execute(query.with_for_update(skip_locked=True)).all()
            taken = update(feeds).where(feeds.c.name.in_([row.name for row in free]))
            connection.execute(taken.values(ticket=ticket, lease_until=moment + self.lease))
        return [FeedClaim(row.name, row.cursor, ticket, row.failures) for row in free]

    def renew(self, claims: Collection[FeedClaim]) -> list[FeedClaim]:
        """Make the leases of claims last anew; return those that are still their holder's.

        Raises:
            LeakscanError: the database failed.
        """
        if not claims:
            return []
        with self.ledger.writing() as connection:
            ours = _held(connection, claims)
            until = now(connection) + self.lease
            row = feeds.c.name.in_([claim.name for claim in ours])
            connection.execute(update(feeds).where(row).values(lease_until=until))
            return ours

    def release(self, claims: Collection[FeedClaim]) -> None:
        """Give claims back; the feeds are as due as before.

        Raises:
            LeakscanError: the database failed.
        """
        if not claims:
            return
        with self.ledger.writing() as connection:
            row = feeds.c.name.in_([claim.name for claim in _held(connection, claims)])
            connection.execute(update(feeds).where(row).values(ticket=None, lease_until=None))

    def note_poll(
        self,
        claim: FeedClaim,
        note: PollNote,
        wait: timedelta,
        cursor: str | None = None,
        told: Sequence[Push] = (),
    ) -> Noted:
        """Queue the pushes of a poll, and only then, in one transaction, let the feed move on.

        Args:
            claim: of the feed; it ends with this.
            note: what the poll brought.
            wait: until the feed may be asked again, a day at most.
            cursor: how far it was read now; ``None`` for no further than before.
            told: the pushes, as for `PushQueue.add`.

        Raises:
            LeakscanError: the database failed; nothing is noted, and the lease will end.
        """
        with self.ledger.writing() as connection:
            is_ours = bool(_held(connection, [claim]))
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
                "oldest_at": note.oldest_at,
                "newest_at": note.newest_at,
                "trouble": note.trouble and note.trouble.value,
                "why": note.why,
            }
            connection.execute(insert(polls), row)
            if is_ours:
                changes: dict[str, object] = {
                    "due_at": moment + min(wait, LONGEST_DELAY),
                    "polled_at": moment,
                    "ticket": None,
                    "lease_until": None,
                    "failures": claim.failures + 1 if note.has_failed else 0,
                }
                changes |= {} if cursor is None else {"cursor": cursor}
                connection.execute(update(feeds).where(feeds.c.name == claim.name).values(changes))
        return Noted(fresh, is_ours)

    def next_due(self, names: Collection[str]) -> datetime | None:
        """Return when the next of some feeds is due, or a claim of it ends, if that is to come.

        Raises:
            LeakscanError: the database failed.
        """
        free = feeds.c.ticket.is_(None)
        with self.ledger.reading() as connection:
            moment = now(connection)
            ahead = [
                connection.scalar(
                    select(func.min(column)).where(feeds.c.name.in_(names), which, column > moment)
                )
                for which, column in ((free, feeds.c.due_at), (~free, feeds.c.lease_until))
            ]
        return min((one for one in ahead if one), default=None)

    def cursor(self, name: str) -> str | None:
        """Return how far a feed was read; ``None`` if it never was.

        Raises:
            LeakscanError: the database failed.
        """
        with self.ledger.reading() as connection:
            return connection.scalar(select(feeds.c.cursor).where(feeds.c.name == name))


def _held(connection: Connection, claims: Collection[FeedClaim]) -> list[FeedClaim]:
    """Lock the claims that are still their holder's, in one order for all, and return them."""
    names = [claim.name for claim in claims]
    query = select(feeds.c.name, feeds.c.ticket).where(feeds.c.name.in_(names))
    rows = connection.execute(query.order_by(feeds.c.name).with_for_update())
    tickets = {row.name: row.ticket for row in rows}
    return [claim for claim in claims if tickets.get(claim.name) == claim.ticket]


def _due(moment: datetime) -> ColumnElement[bool]:
    """Return the condition that a feed may be asked: due, or left by a dead process."""
    due, lease = feeds.c.due_at, feeds.c.lease_until
    return or_(
        and_(feeds.c.ticket.is_(None), or_(due <= moment, due > moment + LONGEST_DELAY)),
        and_(feeds.c.ticket.is_not(None), or_(lease <= moment, lease > moment + LONGEST_LEASE)),
    )

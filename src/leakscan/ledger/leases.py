"""Claims on rows: each belongs to one process until its lease ends.

While a lease runs, nobody else gets the row; when the process dies, the lease ends by itself.  What
a process writes counts only under the ticket of its claim, so that one which was thought dead
cannot overwrite what its successor has done.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import func, or_, select, update

from leakscan.ledger.batches import in_batches
from leakscan.ledger.engine import now

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime
    from typing import Protocol

    from sqlalchemy import Column, ColumnElement, Connection, Table

    class _Ticketed(Protocol):
        @property
        def ticket(self) -> str: ...


AnyClaim = TypeVar("AnyClaim", bound="_Ticketed")

LONGEST_LEASE = timedelta(hours=1)
LONGEST_DELAY = timedelta(days=1)
"""No lease and no delay is longer: what lies further ahead was written before the clock was
set back, and counts as over."""


@dataclass(frozen=True, slots=True)
class Leases(Generic[AnyClaim]):
    """The claims on the rows of one table.

    Attributes:
        table: with the columns ``ticket`` and ``lease_until``.
        key: the column that tells its rows apart.
        key_of: returns the same of a claim.
    """

    table: Table
    key: Column[Any]
    key_of: Callable[[AnyClaim], int | str]

    def hold(self, connection: Connection, claims: Collection[AnyClaim]) -> list[AnyClaim]:
        """Lock the claims that are still their holder's, and return them in the order given.

        They are locked in one order by all, so that no two wait for each other.
        """
        tickets: dict[int | str, str] = {}
        for some in in_batches(sorted(self.key_of(claim) for claim in claims)):
            query = select(self.key, self.table.c.ticket).where(self.key.in_(some))
            rows = connection.execute(query.order_by(self.key).with_for_update())
            tickets.update((key, ticket) for key, ticket in rows)
        return [claim for claim in claims if tickets.get(self.key_of(claim)) == claim.ticket]

    def renew(
        self, connection: Connection, claims: Collection[AnyClaim], lease: timedelta
    ) -> list[AnyClaim]:
        """Make leases last anew from now on; return the claims that are still their holder's."""
        held = self.hold(connection, claims)
        self.change(connection, held, lease_until=now(connection) + lease)
        return held

    def change(
        self,
        connection: Connection,
        held: Collection[AnyClaim],
        *conditions: ColumnElement[bool],
        **values: object,
    ) -> None:
        """Change the rows of claims that are held, as far as conditions are met."""
        for some in in_batches([self.key_of(claim) for claim in held]):
            row = update(self.table).where(self.key.in_(some), *conditions)
            connection.execute(row.values(values))

    def release(
        self,
        connection: Connection,
        held: Collection[AnyClaim],
        *conditions: ColumnElement[bool],
        **values: object,
    ) -> None:
        """End claims that are held, and change their rows."""
        free = {"ticket": None, "lease_until": None}
        self.change(connection, held, *conditions, **values, **free)


def is_due(due_at: Column[datetime], moment: datetime) -> ColumnElement[bool]:
    """Return the condition that a delay is over."""
    return or_(due_at <= moment, due_at > moment + LONGEST_DELAY)


def is_over(lease_until: Column[datetime], moment: datetime) -> ColumnElement[bool]:
    """Return the condition that a lease is over, for its holder has died."""
    return or_(lease_until <= moment, lease_until > moment + LONGEST_LEASE)


def soonest(
    connection: Connection, *ahead: tuple[Column[datetime], ColumnElement[bool]]
) -> datetime | None:
    """Return the earliest moment that is to come in some columns, where conditions are met."""
    moment = now(connection)
    moments = [
        connection.scalar(select(func.min(column)).where(condition, column > moment))
        for column, condition in ahead
    ]
    return min((one for one in moments if one), default=None)

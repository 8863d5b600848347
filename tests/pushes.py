"""Pushes to queue in tests, and ways to look at the queue and to let time pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from leakscan.ledger.push_tables import feeds, pushes
from leakscan.push import Look, Push, PushKind, PushState
from leakscan.trouble import Trouble

if TYPE_CHECKING:
    from leakscan.ledger.engine import Ledger
    from leakscan.ledger.push_queue import PushQueue

HOST = "github.com"
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
SCANNED = Look(PushState.SCANNED, objects=3, bytes=100, received=50, git_requests=1)
BUSY = Look(PushState.FAILED, Trouble.BUSY, "HTTP 503")
GONE = Look(PushState.SKIPPED, Trouble.GONE, "HTTP 404")


def a_push(number: int = 0, **changes: Any) -> Push:
    """Make a push; each number is another, a second later than the one before."""
    push = Push(
        kind=PushKind.PUSH,
        host=HOST,
        repository_id=number + 1,
        repository=f"acme/app{number}",
        ref="refs/heads/main",
        before=f"{number:040x}",
        head=f"{number + 1:040x}",
        happened_at=NOON + timedelta(seconds=number),
        feed="events",
    )
    return replace(push, **changes)


def some_pushes(count: int, **changes: Any) -> list[Push]:
    """Make different pushes."""
    return [a_push(number, **changes) for number in range(count)]


def rows(ledger: Ledger) -> list[Any]:
    """Return the pushes of a ledger in the order of `some_pushes`."""
    with ledger.reading() as connection:
        query = select(pushes).order_by(pushes.c.repository_id, pushes.c.id)
        return list(connection.execute(query))


def states(ledger: Ledger) -> list[str]:
    """Return the states of all pushes, in the same order."""
    return [row.state for row in rows(ledger)]


def pass_time(ledger: Ledger, passed: timedelta) -> None:
    """Let time pass: what is to come moves into the past, or ahead if negative."""
    with ledger.writing() as connection:
        for table, key in ((pushes, pushes.c.id), (feeds, feeds.c.name)):
            query = select(key, table.c.due_at, table.c.lease_until)
            for number, due_at, lease in connection.execute(query).all():
                later = {
                    "due_at": due_at and due_at - passed,
                    "lease_until": lease and lease - passed,
                }
                connection.execute(update(table).where(key == number).values(later))


def look_at_all(queue: PushQueue, look: Look, findings: int = 0) -> int:
    """Look at all that may be begun, with the same outcome; return how many they were."""
    claims = queue.claim(1000).claims
    return len(queue.finish([(claim, look, findings) for claim in claims], None))

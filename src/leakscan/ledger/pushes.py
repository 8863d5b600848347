"""Put pushes into the ledger, once each, and read them from it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, or_, select, update

from leakscan.ledger.batches import in_batches
from leakscan.ledger.engine import now
from leakscan.ledger.push_tables import COSTS, pushes
from leakscan.ledger.tables import insert_into
from leakscan.push import Push, PushKind, PushState
from leakscan.storage import StrangeRowError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

_TELLERS = {
    "by_feed": re.compile(r"events"),
    "by_list": re.compile(r"(org|user|repo):\S+"),
    "by_archive": re.compile(r"archive:.*", re.DOTALL),
}
"""Names of the feeds that tell events, each once; others, such as a search, tell what is there."""

_BY = tuple(_TELLERS)
_TOLD = ("before", "default_branch")
_LARGEST = (1 << 63) - 1

PUSH = tuple(
    pushes.c[name]
    for name in (
        *("kind", "host", "repository_id", "repository", "ref", "before", "head"),
        *("happened_at", "feed", "default_branch"),
    )
)


def add_pushes(connection: Connection, told: Sequence[Push]) -> int:
    """Queue pushes; of one that is known, note only who tells of it too and what was not known.

    Args:
        connection: in a transaction that writes.
        told: with their texts redacted, in any order, also repeated.

    Returns:
        How many were not known.
    """
    moment = now(connection)
    rows: dict[str, dict[str, Any]] = {}
    for push in told:
        row = _row(push, moment)
        first = rows.setdefault(row["identity"], row)
        first |= {name: first[name] or row[name] for name in (*_BY, *_TOLD)}
    # In one order for all, and before anything else is locked, so that nobody waits in a circle.
    insert = insert_into(connection, pushes).on_conflict_do_nothing()
    telling = insert.returning(pushes.c.identity)
    new: set[str] = set()
    for some in in_batches(sorted(rows)):
        new |= set(connection.scalars(telling, [rows[identity] for identity in some]))
    _complete(connection, [row for identity, row in rows.items() if identity not in new])
    return len(new)


def push_of(row: Mapping[Any, Any]) -> Push:
    """Make the push of a row of `PUSH`.

    Raises:
        StrangeRowError: it holds what leakscan never writes.
    """
    values = {column.name: row[column] for column in PUSH}
    try:
        values["kind"] = PushKind(values["kind"])
    except ValueError:
        raise StrangeRowError from None
    return Push(**values)


def lag(feed: str, happened_at: datetime, moment: datetime) -> int | None:
    """Return the seconds since a push happened; ``None`` unless a live feed told of it first.

    How late an archive is says nothing about the watch.  Where clocks differ, it is 0 at least.
    """
    if _teller(feed) not in ("by_feed", "by_list"):
        return None
    return max(0, round((moment - happened_at).total_seconds()))


def _teller(feed: str) -> str | None:
    return next((by for by, names in _TELLERS.items() if names.fullmatch(feed)), None)


def _row(push: Push, moment: datetime) -> dict[str, Any]:
    values = {column.name: getattr(push, column.name) for column in PUSH}
    values |= {name: name == _teller(push.feed) for name in _BY}
    return {
        **values,
        **dict.fromkeys(("attempts", "findings", *COSTS), 0),
        "identity": push.identity,
        "kind": push.kind.value,
        # What no database can hold is no number of a repository.
        "repository_id": push.repository_id if 0 <= push.repository_id <= _LARGEST else 0,
        "seen_at": moment,
        "seen_lag": lag(push.feed, push.happened_at, moment),
        "state": PushState.SEEN.value,
        "is_partial": False,
    }


def _complete(connection: Connection, repeated: Sequence[Mapping[str, Any]]) -> None:
    """Note what repeats tell that was not known; most tell nothing new, and nothing is written."""
    columns = [pushes.c[name] for name in ("id", "identity", *_BY, *_TOLD)]
    changes = []
    told = {row["identity"]: row for row in repeated}
    for some in in_batches(sorted(told)):
        for known in connection.execute(select(*columns).where(pushes.c.identity.in_(some))):
            row = told[known.identity]
            names = (*_BY, *_TOLD)
            if any(row[name] and not getattr(known, name) for name in names):
                changes.append({"at": known.id, **{f"new_{name}": row[name] for name in names}})
    if not changes:
        return
    values: dict[str, Any] = {name: or_(pushes.c[name], bindparam(f"new_{name}")) for name in _BY}
    values |= {name: func.coalesce(pushes.c[name], bindparam(f"new_{name}")) for name in _TOLD}
    changes.sort(key=lambda change: change["at"])  # locked in one order for all
    connection.execute(update(pushes).where(pushes.c.id == bindparam("at")).values(values), changes)

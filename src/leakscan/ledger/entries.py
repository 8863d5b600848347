"""Read the ledger: findings, where they were seen, and what is owed for them."""

from __future__ import annotations

import re
from dataclasses import fields
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, or_, select

from leakscan.errors import UsageError
from leakscan.ledger.batches import in_batches
from leakscan.ledger.duties import STOPPED, undecided
from leakscan.ledger.tables import actions, findings, sightings
from leakscan.ledger.words import (
    Action,
    ActionKind,
    ActionState,
    Entry,
    FindingState,
    Sighting,
    Verdict,
)
from leakscan.safe_text import encodable
from leakscan.storage import StrangeRowError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from leakscan.ledger.duties import Duties
    from leakscan.ledger.engine import Ledger

ENTRY = tuple(findings.c[field.name] for field in fields(Entry))
_SIGHTING = tuple(sightings.c[field.name] for field in fields(Sighting))
_ACTION = tuple(actions.c[field.name] for field in fields(Action))

_PAGE = 500


def entry_of(row: Mapping[Any, Any]) -> Entry:
    """Make the entry of a row of `ENTRY`."""
    values = {column.name: row[column] for column in ENTRY}
    verified = values["verified"]
    try:
        values["state"] = FindingState(values["state"])
        values["verified"] = None if verified is None else Verdict(verified)
    except ValueError:
        raise StrangeRowError from None
    return Entry(**values)


def list_entries(ledger: Ledger, *conditions: ColumnElement[bool]) -> Iterator[Entry]:
    """Yield the findings that meet every condition, newest first; memory: one page.

    Raises:
        LeakscanError: the database failed.
    """
    before: int | None = None
    while True:
        query = select(*ENTRY).where(*conditions).order_by(findings.c.id.desc()).limit(_PAGE)
        if before is not None:
            query = query.where(findings.c.id < before)
        with ledger.reading() as connection:
            page = [entry_of(row._mapping) for row in connection.execute(query)]  # noqa: SLF001 - public in SQLAlchemy, in spite of its name
        yield from page
        if len(page) < _PAGE:
            return
        before = page[-1].id


def list_with_actions(
    ledger: Ledger, *conditions: ColumnElement[bool]
) -> Iterator[tuple[Entry, tuple[Action, ...]]]:
    """Yield as `list_entries` does, with what was and is owed for each.

    Raises:
        LeakscanError: the database failed.
    """
    entries = list_entries(ledger, *conditions)
    while page := list(islice(entries, _PAGE)):
        with ledger.reading() as connection:
            owed = actions_by_finding(connection, [entry.id for entry in page])
        for entry in page:
            yield entry, owed.get(entry.id, ())


def find_entry(ledger: Ledger, name: str) -> Entry:
    """Find the one finding of this number, redacted secret, or start of a fingerprint.

    Raises:
        UsageError: there is none, or more than one.
        LeakscanError: the database failed.
    """
    name = encodable(name)
    wanted = findings.c.redacted == name
    if len(name) >= _SHORTEST:
        begins = findings.c.fingerprint.startswith(name.lower(), autoescape=True)
        wanted = or_(wanted, begins)
    if name.isascii() and name.isdigit() and len(name) <= _LONGEST:
        wanted = or_(wanted, findings.c.id == int(name))
    found = list(list_entries(ledger, wanted))
    if len(found) > 1:
        exact = [entry for entry in found if str(entry.id) == name]
        found = exact or found
    if len(found) > 1:
        raise UsageError(f"{len(found)} findings are called {name}", "give a number")
    if not found:
        raise UsageError(f"no finding {name[:80]}", _how_to_name(name))
    return found[0]


def _how_to_name(name: str) -> str:
    if re.fullmatch(r"(?=.*[a-f])[0-9a-f]+", name.lower()) and len(name) < _SHORTEST:
        return f"give at least {_SHORTEST} digits of a fingerprint"
    return "see `leakscan findings list --all`"


def all_disabled(ledger: Ledger, ids: Sequence[int]) -> bool:
    """Tell whether a hook has answered of each of some findings that its token is dead.

    Raises:
        LeakscanError: the database failed.
    """
    is_dead = exists().where(
        actions.c.finding_id == findings.c.id,
        actions.c.kind == ActionKind.DISABLE,
        actions.c.state == ActionState.DONE,
        actions.c.last_answer.in_(STOPPED),
    )
    with ledger.reading() as connection:
        for start in range(0, len(ids), _PAGE):
            some = findings.c.id.in_(ids[start : start + _PAGE])
            if connection.scalar(select(findings.c.id).where(some, ~is_dead).limit(1)) is not None:
                return False
    return True


def list_undecided(ledger: Ledger, ids: Collection[int], duties: Duties) -> list[Entry]:
    """Return those of some findings that are too unsure to be disabled unless a person says so.

    Raises:
        LeakscanError: the database failed.
    """
    return [
        entry
        for some in in_batches(sorted(ids))
        for entry in list_entries(ledger, findings.c.id.in_(some), undecided(duties))
    ]


def claimed_until(ledger: Ledger, finding: int) -> datetime | None:
    """Return until when a process has claimed an action of a finding, if one has.

    Raises:
        LeakscanError: the database failed.
    """
    query = select(func.max(actions.c.lease_until)).where(
        actions.c.finding_id == finding, actions.c.state == ActionState.RUNNING
    )
    with ledger.reading() as connection:
        moment: datetime | None = connection.scalar(query)
        return moment


_SHORTEST = 6
"""Characters of a fingerprint that name a finding."""

_LONGEST = 18
"""Digits of a number that every database can hold."""


def keeps_secret(connection: Connection, finding: int) -> bool:
    """Tell whether the ledger still has the secret of a finding."""
    sealed = select(findings.c.sealed_secret.is_not(None)).where(findings.c.id == finding)
    return bool(connection.scalar(sealed))


def sightings_of(
    connection: Connection, finding: int, limit: int | None = None
) -> tuple[Sighting, ...]:
    """Return where a finding was seen, what is still there first, then the oldest."""
    order = (
        sightings.c.current.is_(False),
        sightings.c.committed_at.nulls_last(),
        sightings.c.id,
    )
    query = select(*_SIGHTING).where(sightings.c.finding_id == finding).order_by(*order)
    return tuple(Sighting(*row) for row in connection.execute(query.limit(limit)))


def count_sightings(connection: Connection, finding: int) -> int:
    """Count the places where a finding was seen."""
    query = select(func.count()).where(sightings.c.finding_id == finding)
    return connection.execute(query).scalar_one()


def action_at(connection: Connection, number: int) -> Action | None:
    """Return one action by its number."""
    row = connection.execute(select(*_ACTION).where(actions.c.id == number)).first()
    return None if row is None else _action(row)


def actions_of(connection: Connection, finding: int) -> tuple[Action, ...]:
    """Return what was and is owed for a finding, in the order in which it came to be owed."""
    return actions_by_finding(connection, [finding]).get(finding, ())


def actions_by_finding(
    connection: Connection, ids: Collection[int]
) -> dict[int, tuple[Action, ...]]:
    """Return what was and is owed for each of some findings."""
    query = select(actions.c.finding_id, *_ACTION).where(actions.c.finding_id.in_(ids))
    grouped: dict[int, list[Action]] = {}
    for finding, *action in connection.execute(query.order_by(actions.c.id)):
        grouped.setdefault(finding, []).append(_action(action))
    return {finding: tuple(owed) for finding, owed in grouped.items()}


def _action(row: Sequence[Any]) -> Action:
    kind, responder, state, *rest = row
    try:
        return Action(ActionKind(kind), responder, ActionState(state), *rest)
    except ValueError:
        raise StrangeRowError from None

"""Forget people: owners and authors, of findings for which nothing is owed any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, func, or_, select, update

from leakscan.ledger.duties import PENDING
from leakscan.ledger.tables import actions, findings, owners, sightings
from leakscan.ledger.words import ActionState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from leakscan.ledger.engine import Ledger

_PAGE = 500

_OF_OWNERS = tuple(
    findings.c[name]
    for name in ("owner_name", "owner_email", "owner_locale", "token_name", "account")
)
_OF_AUTHORS = (sightings.c.author_name, sightings.c.author_email)


def forget(ledger: Ledger, before: datetime | None, email: str | None) -> tuple[int, int]:
    """Erase who people are; what was found, where, and what was done about it stays.

    A finding is still known again by its fingerprint, so that nobody is told of it twice.

    Args:
        ledger: where they are.
        before: only of findings that were last seen before; ``None`` for all.
        email: only of findings of this owner; ``None`` for all.

    Returns:
        Of how many findings people were erased, and of how many not, for something is owed.

    Raises:
        LeakscanError: the database failed; what was done is kept.
    """
    meant = [_names_people()]
    meant += [] if before is None else [findings.c.last_seen_at < before]
    meant += [] if email is None else [findings.c.owner_email == email]
    done = last = 0
    while True:
        with ledger.writing() as connection:
            page = select(findings.c.id).where(findings.c.id > last, ~_is_owed(), *meant)
            page = page.order_by(findings.c.id).limit(_PAGE).with_for_update()
            ids = connection.scalars(page).all()
            if not ids:
                _forget_mails(connection, before, email)
                left = select(func.count()).select_from(findings).where(*meant)
                return done, connection.execute(left).scalar_one()
            _erase(connection, ids)
        done, last = done + len(ids), ids[-1]


def _erase(connection: Connection, ids: Sequence[int]) -> None:
    for id_column, columns in ((findings.c.id, _OF_OWNERS), (sightings.c.finding_id, _OF_AUTHORS)):
        nobody = dict.fromkeys((column.name for column in columns), None)
        connection.execute(update(id_column.table).where(id_column.in_(ids)).values(nobody))


def _forget_mails(connection: Connection, before: datetime | None, email: str | None) -> None:
    """Forget when owners were told, unless they are still an open finding's."""
    needed = exists().where(findings.c.owner_email == owners.c.email)
    meant = [] if before is None else [owners.c.told_at < before]
    meant += [] if email is None else [owners.c.email == email]
    connection.execute(delete(owners).where(~needed, *meant))


def _names_people() -> ColumnElement[bool]:
    author = (column.is_not(None) for column in _OF_AUTHORS)
    seen = exists().where(sightings.c.finding_id == findings.c.id, or_(*author))
    return or_(*(column.is_not(None) for column in _OF_OWNERS), seen)


def _is_owed() -> ColumnElement[bool]:
    """Return the condition that something is still to be done for a finding."""
    return exists().where(
        actions.c.finding_id == findings.c.id,
        actions.c.state.in_((*PENDING, ActionState.GAVE_UP)),
    )

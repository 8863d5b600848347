"""Forget people: owners and authors, of findings for which nothing is owed any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, exists, func, or_, select, true, update

from leakscan.ledger.duties import UNFINISHED
from leakscan.ledger.tables import actions, findings, owners, sightings
from leakscan.storage import write_back

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Column, ColumnElement, Connection

    from leakscan.ledger.engine import Ledger

_PAGE = 500

_OF_OWNERS = tuple(
    findings.c[name]
    for name in ("owner_name", "owner_email", "owner_locale", "token_name", "account")
)
_OF_AUTHORS = (sightings.c.author_name, sightings.c.author_email)
_AUTHOR = sightings.c.author_email


def forget(ledger: Ledger, before: datetime | None, email: str | None) -> tuple[int, int]:
    """Erase who people are; what was found, where, and what was done about it stays.

    A finding is still known again by its fingerprint, so that nobody is told of it twice.

    Args:
        ledger: where they are.
        before: only of findings that were last seen before; ``None`` for all.
        email: only who has this address, in whatever case; ``None`` for all.

    Returns:
        Of how many findings people were erased, and of how many not, for something is owed.

    Raises:
        LeakscanError: the database failed; what was done is kept.
    """
    is_owner, is_author = _called(findings.c.owner_email, email), _called(_AUTHOR, email)
    meant = [_names(is_owner, is_author)]
    meant += [] if before is None else [findings.c.last_seen_at < before]
    done = last = 0
    while True:
        with ledger.writing() as connection:
            page = select(findings.c.id).where(findings.c.id > last, ~_is_owed(), *meant)
            page = page.order_by(findings.c.id).limit(_PAGE).with_for_update()
            ids = connection.scalars(page).all()
            if not ids:
                left = select(func.count()).select_from(findings).where(*meant)
                kept = connection.execute(left).scalar_one()
                _forget_mails(connection, before, email)
                break
            _erase(connection, findings.c.id.in_(ids), is_owner, _OF_OWNERS)
            _erase(connection, sightings.c.finding_id.in_(ids), is_author, _OF_AUTHORS)
        done, last = done + len(ids), ids[-1]
    write_back(ledger.engine)
    return done, kept


def _called(address: ColumnElement[str], email: str | None) -> ColumnElement[bool]:
    """Return the condition that an address is this one; that people are named at all if none."""
    return true() if email is None else func.lower(address) == func.lower(email)


def _names(is_owner: ColumnElement[bool], is_author: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that a finding names a person who is meant."""
    seen = exists().where(sightings.c.finding_id == findings.c.id, is_author, _any(_OF_AUTHORS))
    return or_(and_(is_owner, _any(_OF_OWNERS)), seen)


def _any(columns: Sequence[Column[str]]) -> ColumnElement[bool]:
    return or_(*(column.is_not(None) for column in columns))


def _erase(
    connection: Connection,
    where: ColumnElement[bool],
    is_meant: ColumnElement[bool],
    columns: Sequence[Column[str]],
) -> None:
    nobody = dict.fromkeys((column.name for column in columns), None)
    connection.execute(update(columns[0].table).where(where, is_meant).values(nobody))


def _forget_mails(connection: Connection, before: datetime | None, email: str | None) -> None:
    """Forget when owners were written to whom no finding names any more."""
    named = exists().where(findings.c.owner_email == owners.c.email)
    meant = [] if before is None else [owners.c.told_at < before]
    connection.execute(delete(owners).where(~named, _called(owners.c.email, email), *meant))


def _is_owed() -> ColumnElement[bool]:
    """Return the condition that something is still to be done for a finding."""
    return exists().where(
        actions.c.finding_id == findings.c.id,
        actions.c.state.in_(UNFINISHED),
    )

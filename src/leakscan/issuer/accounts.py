"""Rows of accounts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from leakscan.errors import UsageError
from leakscan.issuer.tables import accounts
from leakscan.issuer.values import Account

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Row

_SHOWN = [column for column in accounts.c if column.name != "password_hash"]


def add(connection: Connection, **columns: str | None) -> Account:
    """Insert an account.

    Raises:
        UsageError: the user name is taken.
    """
    username = columns["username"]
    if find(connection, accounts.c.username == username):
        raise UsageError(f"there is already an account {username}", "choose another name")
    row = insert(accounts).values(created_at=datetime.now(UTC), **columns).returning(*_SHOWN)
    return account_of(connection.execute(row).one())


def find(connection: Connection, condition: ColumnElement[bool]) -> Account | None:
    """Find the one account of which a condition is true."""
    row = connection.execute(select(*_SHOWN).where(condition)).one_or_none()
    return account_of(row) if row else None


def named(connection: Connection, username: str) -> Account:
    """Find an account by its user name.

    Raises:
        UsageError: there is none.
    """
    # SQLite takes no text that is not UTF-8, as a command's argument may be.
    found = find(connection, accounts.c.username == username) if username.isascii() else None
    if found is None:
        raise UsageError(f"there is no account {username}", "see `leakscan issuer account list`")
    return found


def every(connection: Connection) -> tuple[Account, ...]:
    """List every account by its user name."""
    rows = connection.execute(select(*_SHOWN).order_by(accounts.c.username))
    return tuple(account_of(row) for row in rows)


def password_hash(connection: Connection, username: str) -> str | None:
    """Return what is kept of a password; ``None`` if there is no such account."""
    wanted = select(accounts.c.password_hash).where(accounts.c.username == username)
    return connection.execute(wanted).scalar_one_or_none()


def account_of(row: Row[Any]) -> Account:
    """Read an account from a row that has its columns."""
    return Account(**{column.name: getattr(row, column.name) for column in _SHOWN})

"""Rows of accounts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, true, update

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


def with_hash(
    connection: Connection, condition: ColumnElement[bool]
) -> tuple[Account, str] | tuple[None, None]:
    """Find the one account of which a condition is true, and what is kept of its password."""
    row = connection.execute(select(accounts).where(condition)).one_or_none()
    return (account_of(row), row.password_hash) if row else (None, None)


def change_hash(
    connection: Connection, account: Account, new: str, instead_of: str | None = None
) -> bool:
    """Keep another hash of a password.

    Args:
        connection: in a transaction that writes.
        account: whose password it is.
        new: what is kept from now on.
        instead_of: what must be kept till now; ``None`` for anything.

    Returns:
        Whether it was; if not, nothing is changed.
    """
    is_due = true() if instead_of is None else accounts.c.password_hash == instead_of
    change = update(accounts).where(accounts.c.id == account.id, is_due)
    return bool(connection.execute(change.values(password_hash=new)).rowcount)


def account_of(row: Row[Any]) -> Account:
    """Read an account from a row that has its columns."""
    return Account(**{column.name: getattr(row, column.name) for column in _SHOWN})

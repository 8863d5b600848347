"""Rows of tokens.  What disables one is a single statement, so that it happens once."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, or_, select, update

from leakscan.errors import UsageError
from leakscan.issuer.tables import tokens
from leakscan.issuer.values import Disabled, Sighting, Token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Row

    from leakscan.issuer.values import Account, Delivery, Leak
    from leakscan.model import Secret

_USE_IS_NEWS_AFTER = timedelta(minutes=1)


class AlreadyCreatedError(UsageError):
    """The web form was sent before, and its token issued then."""


def add(
    connection: Connection,
    account: Account,
    name: str,
    secret: Secret,
    digest: bytes,
    form: str | None = None,
) -> None:
    """Insert a token.

    Raises:
        AlreadyCreatedError: the same form asked for one before.
        UsageError: the account has a token of this name.
    """
    own = tokens.c.account_id == account.id
    if form and connection.execute(select(tokens.c.id).where(own, tokens.c.form == form)).first():
        raise AlreadyCreatedError("this form was sent before", "its token was shown then")
    _refuse_taken(connection, account, name)
    connection.execute(
        insert(tokens).values(
            id=secrets.token_hex(8),
            account_id=account.id,
            name=name,
            digest=digest,
            hint=secret.redacted(),
            form=form,
            created_at=datetime.now(UTC),
        )
    )


def of_account(connection: Connection, account: Account) -> tuple[Token, ...]:
    """List an account's tokens: those that work, that leaked, and the rest, each newest first."""
    rows = connection.execute(
        select(tokens)
        .where(tokens.c.account_id == account.id)
        # No value sorts before `leak`, which sorts before `owner`.
        .order_by(tokens.c.disabled_by, tokens.c.created_at.desc(), tokens.c.id)
    )
    return tuple(_token_of(row) for row in rows)


def rename(connection: Connection, account: Account, name: str, new: str) -> None:
    """Give a token another name.

    Raises:
        UsageError: there is no such token, or there is one of the new name.
    """
    if new == name:
        return
    _refuse_taken(connection, account, new)
    wanted = (tokens.c.account_id == account.id, tokens.c.name == name)
    if not connection.execute(update(tokens).where(*wanted).values(name=new)).rowcount:
        raise _unknown(account, name)


def disable(connection: Connection, account: Account, name: str) -> None:
    """Disable a token because its owner wants it.

    Raises:
        UsageError: there is no such token, or it was disabled before.
    """
    wanted = (tokens.c.account_id == account.id, tokens.c.name == name)
    change = update(tokens).where(*wanted, tokens.c.disabled_at.is_(None))
    change = change.values(disabled_at=datetime.now(UTC), disabled_by="owner")
    if connection.execute(change).rowcount:
        return
    if connection.execute(select(tokens.c.id).where(*wanted)).first():
        raise UsageError(f"the token {name} was disabled before", "there is nothing left to do")
    raise _unknown(account, name)


def disable_leaked(connection: Connection, digest: bytes, leak: Leak, delivery: Delivery) -> bool:
    """Disable a token because it leaked.

    Returns:
        Whether this delivery did it, now or when it was sent before.
    """
    change = update(tokens).where(tokens.c.digest == digest, tokens.c.disabled_at.is_(None))
    change = change.values(
        disabled_at=datetime.now(UTC),
        disabled_by="leak",
        disabled_reason=leak.exposure,
        disabled_evidence=[asdict(sighting) for sighting in leak.sightings],
        disabled_sighting_count=leak.sighting_count,
        disabled_finding=leak.finding,
        disabled_delivery=delivery.webhook_id,
    )
    if connection.execute(change).rowcount:
        return True
    done_by = select(tokens.c.disabled_delivery).where(tokens.c.digest == digest)
    return connection.execute(done_by).scalar_one_or_none() == delivery.webhook_id


def use_is_news(last_used_at: datetime | None) -> bool:
    """Tell whether a use now should be written down."""
    return last_used_at is None or datetime.now(UTC) - last_used_at >= _USE_IS_NEWS_AFTER


def note_use(connection: Connection, digest: bytes) -> None:
    """Write down that a token is used now, unless another thread just did."""
    now = datetime.now(UTC)
    old = or_(tokens.c.last_used_at.is_(None), tokens.c.last_used_at <= now - _USE_IS_NEWS_AFTER)
    connection.execute(
        update(tokens).where(tokens.c.digest == digest, old).values(last_used_at=now)
    )


def digests(connection: Connection) -> Iterator[bytes]:
    """Yield the digest of every token, disabled or not: each was issued."""
    rows = connection.execution_options(yield_per=10_000).execute(select(tokens.c.digest))
    yield from rows.scalars()


def _refuse_taken(connection: Connection, account: Account, name: str) -> None:
    taken = select(tokens.c.id).where(tokens.c.account_id == account.id, tokens.c.name == name)
    if connection.execute(taken).first():
        raise UsageError(f"there is already a token {name}", "choose another name")


def _unknown(account: Account, name: str) -> UsageError:
    return UsageError(
        f"{account.username} has no token {name}",
        f"see `leakscan issuer token list {account.username}`",
    )


def _token_of(row: Row[Any]) -> Token:
    disabled = None
    if row.disabled_at is not None:
        disabled = Disabled(
            at=row.disabled_at,
            by=row.disabled_by,
            reason=row.disabled_reason,
            evidence=tuple(Sighting(**sighting) for sighting in row.disabled_evidence or ()),
            sighting_count=row.disabled_sighting_count or 0,
        )
    return Token(row.id, row.name, row.hint, row.created_at, row.last_used_at, disabled)

"""The issuer itself: accounts, their tokens, and what disables them.

Every method is one transaction.  An `Issuer` may be used by many threads, and by many
processes that open the same folder.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Self

from sqlalchemy import select

from leakscan.detect.digests import full_digest, write_digest_file
from leakscan.errors import UsageError
from leakscan.issuer import accounts, checks, deliveries, tokens
from leakscan.issuer.database import Database
from leakscan.issuer.folder import Folder, Keys
from leakscan.issuer.minting import mint
from leakscan.issuer.passwords import Passwords, password_mark
from leakscan.issuer.tables import accounts as account_table
from leakscan.issuer.tables import tokens as token_table
from leakscan.issuer.values import IssuedToken, NewAccount, Outcome, SignedIn

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from sqlalchemy import Connection

    from leakscan.issuer.values import Account, AccountKind, Delivery, Leak, Status, Token

DEFAULT_TOKEN = "Default"  # noqa: S105 - its name, not a token
"""Name of the token that every account starts with."""


class Issuer:
    """Accounts and their tokens, in one folder.  Use it as a context manager, or `close` it."""

    def __init__(self, folder: Folder, keys: Keys, database: Database) -> None:
        self.folder = folder
        self._keys = keys
        self._database = database
        self._passwords = Passwords()

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open an issuer; what is missing of folder, database and keys is made.

        Raises:
            LeakscanError: the folder cannot be used, or what is in it is damaged or too new.
        """
        place = Folder(folder.absolute())
        place.make()
        database = Database(place.database)
        try:
            with place.locked():
                keys = place.keys()
                database.prepare()
        except BaseException:
            database.close()
            raise
        return cls(place, keys, database)

    @property
    def webhook_secret(self) -> str:
        """What leakscan signs with (Standard Webhooks): ``whsec_`` and base64."""
        return self._keys.webhook_secret

    @property
    def session_key(self) -> bytes:
        """What the cookies of the web pages are signed with."""
        return self._keys.session

    # Accounts.

    def create_account(
        self,
        username: str,
        *,
        password: str,
        email: str | None = None,
        name: str | None = None,
        locale: str | None = None,
        kind: AccountKind = "user",
        github_url: str | None = None,
    ) -> NewAccount:
        """Create an account with its default token.

        Raises:
            UsageError: the user name is taken, or something is not what it should be.
        """
        columns = {
            "username": checks.checked_username(username),
            "email": checks.checked_email(email),
            "name": None if name is None else checks.checked_name(name),
            "locale": checks.checked_locale(locale),
            "github_url": checks.checked_web_page(github_url),
            "kind": kind,
            "password_hash": self._passwords.hash(checks.checked_password(password)),
        }
        with self._database.writing() as connection:
            account = accounts.add(connection, **columns)
            return NewAccount(account, self._issue(connection, account, DEFAULT_TOKEN))

    def accounts(self) -> tuple[Account, ...]:
        """List every account by its user name."""
        with self._database.reading() as connection:
            return accounts.every(connection)

    def has_account(self, username: str) -> bool:
        """Tell whether there is an account of this name."""
        with self._database.reading() as connection:
            return accounts.find(connection, account_table.c.username == username) is not None

    def require_account(self, username: str) -> None:
        """Refuse a name that no account has.

        Raises:
            UsageError: there is no such account.
        """
        with self._database.reading() as connection:
            accounts.named(connection, username)

    def session_account(self, account_id: int, mark: str) -> Account | None:
        """Find the account of a session, unless its password has been changed since.

        Args:
            account_id: whose session it is.
            mark: of the password with which it began: `SignedIn.mark`.
        """
        with self._database.reading() as connection:
            account, kept = accounts.with_hash(connection, account_table.c.id == account_id)
        if kept is None or not hmac.compare_digest(mark, self._mark(kept)):
            return None
        return account

    def sign_in(self, username: str, password: str) -> SignedIn | None:
        """Find the account of a user name and its password; a wrong pair takes as long."""
        with self._database.reading() as connection:
            account, kept = accounts.with_hash(connection, account_table.c.username == username)
        if not self._passwords.fits(kept, password) or account is None or kept is None:
            return None
        return SignedIn(account, self._mark(kept))

    def change_password(self, username: str, current: str, new: str) -> SignedIn | None:
        """Change a password because its owner wants it; all sessions of the account end.

        Returns:
            What the owner's own session goes on with; ``None`` if ``current`` is wrong.

        Raises:
            UsageError: the new one is too short, too long, or the current one.
        """
        checks.checked_password(new)
        with self._database.reading() as connection:
            account, kept = accounts.with_hash(connection, account_table.c.username == username)
        if not self._passwords.fits(kept, current) or account is None:
            return None
        if new == current:
            raise UsageError("the new password is the same as the old one", "choose another")
        hashed = self._passwords.hash(new)
        with self._database.writing() as connection:
            # Somebody else may have changed it meanwhile: then the current one is wrong now.
            if not accounts.change_hash(connection, account, hashed, instead_of=kept):
                return None
        return SignedIn(account, self._mark(hashed))

    def set_password(self, username: str, new: str) -> None:
        """Change a password because the operator wants it; all sessions of the account end.

        Raises:
            UsageError: there is no such account, or the password is too short or too long.
        """
        hashed = self._passwords.hash(checks.checked_password(new))
        with self._database.writing() as connection:
            accounts.change_hash(connection, accounts.named(connection, username), hashed)

    # Tokens.

    def create_token(self, username: str, name: str, *, form: str | None = None) -> IssuedToken:
        """Issue a token; this is the only time that it is known.

        Args:
            username: whose it shall be.
            name: what they call it.
            form: random number of the web form that asks.

        Raises:
            AlreadyCreatedError: the same form asked before.
            UsageError: there is no such account, the name is taken, or is no name.
        """
        name = checks.checked_name(name)
        with self._database.writing() as connection:
            account = accounts.named(connection, username)
            return self._issue(connection, account, name, form)

    def tokens(self, username: str) -> tuple[Token, ...]:
        """List an account's tokens: those that work, that leaked, and the rest.

        Raises:
            UsageError: there is no such account.
        """
        with self._database.reading() as connection:
            return tokens.of_account(connection, accounts.named(connection, username))

    def rename_token(self, username: str, name: str, new_name: str) -> None:
        """Give a token another name.

        Raises:
            UsageError: account or token are not there, the name is taken, or is no name.
        """
        name, new_name = checks.checked_name(name), checks.checked_name(new_name)
        with self._database.writing() as connection:
            tokens.rename(connection, accounts.named(connection, username), name, new_name)

    def disable_token(self, username: str, name: str) -> None:
        """Disable a token because its owner wants it; it never works again.

        Raises:
            UsageError: account or token are not there, or it was disabled before.
        """
        name = checks.checked_name(name)
        with self._database.writing() as connection:
            tokens.disable(connection, accounts.named(connection, username), name)

    def bearer(self, token: str) -> Account | None:
        """Find the account that a token stands for, unless it is disabled; note the use."""
        digest = full_digest(self._keys.digest, token)
        wanted = select(account_table, token_table.c.last_used_at).join_from(
            token_table, account_table
        )
        wanted = wanted.where(token_table.c.digest == digest, token_table.c.disabled_at.is_(None))
        with self._database.reading() as connection:
            row = connection.execute(wanted).one_or_none()
        if row is None:
            return None
        if tokens.use_is_news(row.last_used_at):
            with self._database.writing() as connection:
                tokens.note_use(connection, digest)
        return accounts.account_of(row)

    # Leaks.

    def disable_leaked(self, leak: Leak, delivery: Delivery) -> Outcome:
        """Disable a leaked token, once; a retry of the delivery that did it is told the same.

        Args:
            leak: which token, and why.
            delivery: the message that asks for it, whose signature has been verified.

        Raises:
            ReplayedError: the very same message came before.
        """
        digest = full_digest(self._keys.digest, leak.token.reveal())
        wanted = select(account_table, token_table.c.name.label("token_name")).join_from(
            token_table, account_table
        )
        with self._database.writing() as connection:
            deliveries.take(connection, delivery)
            row = connection.execute(wanted.where(token_table.c.digest == digest)).one_or_none()
            if row is None:
                return Outcome("not_ours")
            done = tokens.disable_leaked(connection, digest, leak, delivery)
        status: Status = "disabled" if done else "already_disabled"
        return Outcome(status, accounts.account_of(row), row.token_name)

    def export_digests(self, out: Path) -> int:
        """Write leakscan's digest file of every token that was issued, without knowing one.

        Returns:
            How many there are.

        Raises:
            UsageError: ``out`` cannot be written.
        """
        with self._database.reading() as connection:
            return write_digest_file(tokens.digests(connection), self._keys.digest, out)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _mark(self, kept: str) -> str:
        return password_mark(self._keys.session, kept)

    def _issue(
        self, connection: Connection, account: Account, name: str, form: str | None = None
    ) -> IssuedToken:
        secret = mint()
        digest = full_digest(self._keys.digest, secret.reveal())
        tokens.add(connection, account, name, secret, digest, form)
        return IssuedToken(name, secret)

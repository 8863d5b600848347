"""Passwords: hashed with Argon2id, and the same work for a user who does not exist."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_MARK_BYTES = 16


class Passwords:
    """Hashes and verifies passwords, which takes time and 64 MiB each.

    Safe to use from many threads.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher()

    @cached_property
    def _nobodys(self) -> str:
        """The hash of a password that nobody has, made when it is first needed."""
        return self.hash(secrets.token_hex())

    def hash(self, password: str) -> str:
        """Return what to keep of a password."""
        return self._hasher.hash(_raw(password))

    def fits(self, kept: str | None, password: str) -> bool:
        """Tell whether a password is the kept one.

        Args:
            kept: what `hash` returned; ``None`` for a user who does not exist, which takes as
                long and is never right.
            password: what was typed.
        """
        try:
            self._hasher.verify(kept or self._nobodys, _raw(password))
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None


def password_mark(key: bytes, kept: str) -> str:
    """Return what a session holds of a password: with another one, or another hash, it is another.

    Args:
        key: without which nobody can tell a mark from a hash that got out.
        kept: what `Passwords.hash` returned.
    """
    return hmac.digest(key, f"password\0{kept}".encode(), hashlib.sha256)[:_MARK_BYTES].hex()


def _raw(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")

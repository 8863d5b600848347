"""The folder that holds an issuer: a database and three keys, for their owner's eyes only."""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leakscan.errors import LeakscanError
from leakscan.keys import KEY_BYTES, SIGNING_PREFIX, decode_key, is_signing_key, keep
from leakscan.storage import make_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_FRESH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """What an issuer signs and hashes with.  None of it is printed."""

    digest: bytes = field(repr=False)
    session: bytes = field(repr=False)
    webhook_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Folder:
    """Where everything is."""

    path: Path

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.path / "issuer.sqlite3"

    @property
    def digest_key(self) -> Path:
        """The key of the tokens' digests, which leakscan needs to read an exported list."""
        return self.path / "digest.key"

    @property
    def session_key(self) -> Path:
        """The key that signs the cookies of the web pages."""
        return self.path / "session.key"

    @property
    def webhook_secret(self) -> Path:
        """The secret that leakscan signs with when it disables a token."""
        return self.path / "webhook.secret"

    def make(self) -> None:
        """Make the folder and an empty database file, unless they are there.

        Raises:
            LeakscanError: they cannot be made.
        """
        try:
            make_private(self.database)
        except OSError as error:
            raise _unusable(self.path, error) from None

    def keys(self) -> Keys:
        """Read the keys; make those that are missing.

        Raises:
            LeakscanError: one can be neither read nor made, or is no key.
        """
        return Keys(
            digest=decode_key(self._kept(self.digest_key, _hex_key), str(self.digest_key)),
            session=decode_key(self._kept(self.session_key, _hex_key), str(self.session_key)),
            webhook_secret=_checked(
                self._kept(self.webhook_secret, _webhook_secret).strip(), self.webhook_secret
            ),
        )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from preparing the same folder meanwhile."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _kept(self, path: Path, make: Callable[[], str]) -> str:
        try:
            return keep(path, make)
        except OSError as error:
            raise _unusable(path, error) from None
        except UnicodeDecodeError:
            raise LeakscanError(f"{path}: damaged", "restore a copy of it") from None


def _unusable(path: Path, error: OSError) -> LeakscanError:
    return LeakscanError(
        f"{path}: cannot be used: {error.strerror}", "name a folder of your own with --data"
    )


def _hex_key() -> str:
    return secrets.token_hex(_FRESH_BYTES) + "\n"


def _webhook_secret() -> str:
    return SIGNING_PREFIX + base64.b64encode(secrets.token_bytes(_FRESH_BYTES)).decode() + "\n"


def _checked(secret: str, path: Path) -> str:
    """Refuse what is no webhook secret: a short one would let strangers disable tokens."""
    if not is_signing_key(secret):
        raise LeakscanError(
            f"{path}: damaged: not {SIGNING_PREFIX} and base64 of {KEY_BYTES} bytes or more",
            "restore a copy of it, or delete it and set up leakscan's hook again",
        )
    return secret

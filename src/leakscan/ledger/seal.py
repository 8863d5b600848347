"""Secrets at rest: encrypted with Fernet, under keys that can be changed.

Fernet is AES-128-CBC with HMAC-SHA-256 (https://github.com/fernet/spec).  A sealed secret says
which key sealed it, so that a wrong key is told from a damaged row.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from leakscan.errors import LeakscanError, UsageError
from leakscan.keys import keep, private_scratch, reason_of, sync_folder
from leakscan.model import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

VARIABLE = "LEAKSCAN_LEDGER_KEYS"


class SealError(LeakscanError):
    """A secret cannot be decrypted with the keys at hand."""


class DamagedError(SealError):
    """A secret cannot be decrypted with any key."""


@dataclass(frozen=True, slots=True)
class Vault:
    """Seals and opens secrets.

    Attributes:
        keys: Fernet keys; the first seals, each of them opens.
        source: where they come from, for people.
        path: the file that holds them; ``None`` if they are in the environment.
    """

    keys: tuple[str, ...] = field(repr=False)
    source: str
    path: Path | None = None
    _fernet: MultiFernet = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_fernet", _fernet(self.keys, self.source))

    @property
    def seals_with(self) -> str:
        """The id of the key that seals: eight hex digits that tell nothing else of it."""
        return key_id(self.keys[0])

    def seal(self, secret: Secret) -> bytes:
        """Encrypt a secret with the first key."""
        return self._fernet.encrypt(secret.reveal().encode("utf-8", "surrogatepass"))

    def unseal(self, sealed: bytes, sealed_by: str) -> Secret:
        """Decrypt a secret.

        Raises:
            SealError: no key at hand fits, or the row is damaged.
        """
        return Secret(self._opened(sealed, sealed_by).decode("utf-8", "surrogatepass"))

    def reseal(self, sealed: bytes, sealed_by: str) -> bytes:
        """Encrypt a sealed secret anew, with the first key.

        Raises:
            SealError: as `unseal`.
        """
        return self._fernet.encrypt(self._opened(sealed, sealed_by))

    def _with(self, wanted: str) -> Vault:
        """Return the vault with this key: the file's, if another process has rotated its keys."""
        if self.path is None or wanted in map(key_id, self.keys):
            return self
        try:
            return Vault(
                tuple(self.path.read_text(encoding="ascii").split()), self.source, self.path
            )
        except (OSError, UnicodeDecodeError, UsageError):
            return self

    def _opened(self, sealed: bytes, sealed_by: str) -> bytes:
        vault = self._with(sealed_by)
        try:
            return vault._fernet.decrypt(sealed)  # noqa: SLF001 - another of this class
        except InvalidToken:
            if sealed_by in map(key_id, vault.keys):
                raise DamagedError(
                    "the sealed secret is damaged", "scan its place again with --record"
                ) from None
            raise SealError(
                f"the secret was encrypted with key {sealed_by}, which {self.source} lacks",
                "add that key, or scan the secret's place again with --record",
            ) from None


def open_vault(path: Path | None) -> Vault:
    """Return the vault with the operator's keys, made at first use.

    Args:
        path: a file with one key a line.  The variable ``LEAKSCAN_LEDGER_KEYS``, with white space
            or commas between keys, goes before it.

    Raises:
        UsageError: a key is none, or there is neither file nor variable.
        LeakscanError: the file can be neither read nor made.
    """
    if given := os.environ.get(VARIABLE):
        return Vault(tuple(given.replace(",", " ").split()), VARIABLE)
    if path is None:
        raise UsageError(
            "a shared ledger needs an encryption key that all its machines have",
            f"set ledger.key_file or {VARIABLE}; `leakscan ledger new-key` prints one",
        )
    try:
        text = keep(path, lambda: Fernet.generate_key().decode() + "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise LeakscanError(
            f"cannot read or make the encryption key {path} ({reason_of(error)})",
            f"set {VARIABLE}",
        ) from None
    return Vault(tuple(text.split()), str(path), path)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time change the keys of a file.

    Raises:
        OSError: its folder cannot be opened.
    """
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def with_new_key(vault: Vault) -> Vault:
    """Return the vault with a new key before the others; nothing is written."""
    return Vault((Fernet.generate_key().decode(), *vault.keys), vault.source, vault.path)


def write_keys(path: Path, keys: Sequence[str]) -> None:
    """Replace a key file in one step, for its owner's eyes only.

    Raises:
        OSError: it cannot be written; the old one is untouched.
    """
    with private_scratch(path, "".join(f"{key}\n" for key in keys)) as scratch:
        scratch.replace(path)
    sync_folder(path)


def key_id(key: str) -> str:
    """Return the start of a key's SHA-256, to tell keys apart."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def _fernet(keys: Sequence[str], source: str) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        raise UsageError(
            f"{source}: not an encryption key",
            "use 32 random bytes in URL-safe base64, as `leakscan ledger new-key` prints",
        ) from None

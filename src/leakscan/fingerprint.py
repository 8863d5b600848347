"""Keyed fingerprints: the same secret is recognised again, and nobody else can test for it."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from typing import TYPE_CHECKING

from leakscan.errors import LeakscanError, UsageError
from leakscan.keys import decode_key, keep, reason_of

if TYPE_CHECKING:
    from pathlib import Path

    from leakscan.model import Secret

KEY_VARIABLE = "LEAKSCAN_FINGERPRINT_KEY"

_KEY_BYTES = 32


def fingerprint(key: bytes, rule: str, secret: Secret) -> str:
    """Return the HMAC-SHA-256 of a rule's id and a secret, as 64 hex digits."""
    message = rule.encode() + b"\0" + secret.reveal().encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def key_file(path: Path | None = None) -> Path | None:
    """Return the file of the fingerprint key; ``None`` if the key is in the environment.

    Args:
        path: the file that the configuration names; by default one in the user's state folder.
    """
    if KEY_VARIABLE in os.environ:
        return None
    if path is None:
        from platformdirs import user_state_path

        path = user_state_path("leakscan") / "fingerprint.key"
    return path


def load_key(path: Path | None = None, *, make: bool = True) -> bytes:
    """Return the fingerprint key, made at first use.

    Args:
        path: where the key is kept; by default in the user's state folder.  The variable
            ``LEAKSCAN_FINGERPRINT_KEY`` goes before it.
        make: whether to make one where there is none.

    Raises:
        UsageError: the key is too short, or there is none and none is to be made.
        LeakscanError: the key can be neither read nor made.
    """
    path = key_file(path)
    if path is None:
        return decode_key(os.environ[KEY_VARIABLE], KEY_VARIABLE)
    if not make and not path.exists():
        raise UsageError(
            f"the fingerprint key {path} is missing, with which the ledger's findings were made",
            "copy it from the machine that made it, or restore it from a backup; name it with"
            " fingerprint.key_file",
        )
    try:
        return decode_key(keep(path, lambda: passing_key().hex() + "\n"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise LeakscanError(
            f"cannot read or make the fingerprint key {path} ({reason_of(error)})",
            f"set {KEY_VARIABLE} to 64 hex digits",
        ) from None


def passing_key() -> bytes:
    """Return a new key that is kept nowhere."""
    return secrets.token_bytes(_KEY_BYTES)

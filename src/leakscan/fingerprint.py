"""Keyed fingerprints: the same secret is recognised again, and nobody else can test for it."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from typing import TYPE_CHECKING

from leakscan.errors import LeakscanError
from leakscan.keys import decode_key

if TYPE_CHECKING:
    from pathlib import Path

    from leakscan.model import Secret

KEY_VARIABLE = "LEAKSCAN_FINGERPRINT_KEY"

_KEY_BYTES = 32


def fingerprint(key: bytes, rule: str, secret: Secret) -> str:
    """Return the HMAC-SHA-256 of a rule's id and a secret, as 64 hex digits."""
    message = rule.encode() + b"\0" + secret.reveal().encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def load_key(path: Path | None = None) -> bytes:
    """Return the fingerprint key, made at first use.

    Args:
        path: where the key is kept; by default in the user's state folder.  The variable
            ``LEAKSCAN_FINGERPRINT_KEY`` goes before it.

    Raises:
        UsageError: the key is too short.
        LeakscanError: the key can be neither read nor made.
    """
    given = os.environ.get(KEY_VARIABLE)
    if given is not None:
        return decode_key(given, KEY_VARIABLE)
    if path is None:
        from platformdirs import user_state_path

        path = user_state_path("leakscan") / "fingerprint.key"
    try:
        return decode_key(path.read_text(encoding="ascii"), str(path))
    except FileNotFoundError:
        return _make(path)
    except (OSError, ValueError) as error:
        raise LeakscanError(f"cannot read the fingerprint key {path} ({error})", _WAY_OUT) from None


def passing_key() -> bytes:
    """Return a new key that is kept nowhere."""
    return secrets.token_bytes(_KEY_BYTES)


_WAY_OUT = f"set {KEY_VARIABLE} to 64 hex digits"


def _make(path: Path) -> bytes:
    """Write a new key for the owner's eyes only; of two that race, one wins for both."""
    key = passing_key()
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(key.hex() + "\n")
        try:
            os.link(scratch, path)
        except FileExistsError:
            return decode_key(path.read_text(encoding="ascii"), str(path))
        finally:
            scratch.unlink()
    except OSError as error:
        raise LeakscanError(
            f"cannot keep a fingerprint key in {path} ({error})", _WAY_OUT
        ) from None
    return key

"""Keys as operators write them down: text in a variable or a file, made at first use."""

from __future__ import annotations

import base64
import os
import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from leakscan.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEY_BYTES = 16
"""Shortest key.  Tokens are random, so that even a key's loss reveals only membership."""

SIGNING_PREFIX = "whsec_"

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")


def decode_key(text: str, source: str) -> bytes:
    """Turn a key's text into bytes: an even number of hex digits is hex, all else is UTF-8.

    Args:
        text: the key; white space around it does not count.
        source: where it comes from, for errors.

    Raises:
        UsageError: fewer than `KEY_BYTES` bytes come out.
    """
    text = text.strip()
    key = bytes.fromhex(text) if _HEX.fullmatch(text) else text.encode("utf-8", "surrogateescape")
    check_length(key, source)
    return key


def check_length(key: bytes, source: str) -> None:
    """Refuse a key that is too short.

    Raises:
        UsageError: it has fewer than `KEY_BYTES` bytes.
    """
    if len(key) < KEY_BYTES:
        raise UsageError(
            f"{source}: a key of {len(key)} bytes is too short",
            f"use at least {KEY_BYTES}, such as from `openssl rand -hex 32`",
        )


def keep(path: Path, make: Callable[[], str]) -> str:
    """Return the text of a file that only its owner may read, and that is made at first use.

    Of processes that race to make it, one wins for all; a process that dies leaves no half.

    Args:
        path: the file; folders that are missing are made, mode 0700.
        make: gives the text to keep.

    Raises:
        OSError: it can be neither read nor made.
        UnicodeDecodeError: it is not ASCII.
    """
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        text = make()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with private_scratch(path, text) as scratch:
        try:
            os.link(scratch, path)
        except FileExistsError:
            return path.read_text(encoding="ascii")
    sync_folder(path)
    return text


def sync_folder(path: Path) -> None:
    """Make sure that a file's name survives a power cut, before anything relies on it.

    Raises:
        OSError: its folder cannot be opened.
    """
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def private_scratch(path: Path, text: str) -> Iterator[Path]:
    """Give a whole file beside ``path``, for its owner only; it is removed unless it is renamed.

    Raises:
        OSError: it cannot be written.
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield scratch
    finally:
        scratch.unlink(missing_ok=True)


def is_signing_key(secret: str) -> bool:
    """Tell whether it is ``whsec_`` and enough bytes in base64, as Standard Webhooks has them."""
    try:
        key = base64.b64decode(secret.removeprefix(SIGNING_PREFIX), validate=True)
    except ValueError:
        return False
    return secret.startswith(SIGNING_PREFIX) and len(key) >= KEY_BYTES


def reason_of(error: OSError | UnicodeDecodeError) -> str:
    """Say why a key file cannot be used, without naming files of ours beside it."""
    return (isinstance(error, OSError) and error.strerror) or "not text"

"""Keys as operators write them down: text in a variable or a file."""

from __future__ import annotations

import re

from leakscan.errors import UsageError

KEY_BYTES = 16
"""Shortest key.  Tokens are random, so that even a key's loss reveals only membership."""

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

"""Compute the ids of objects (gitformat-object(5))."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from leakscan.git.pack import TYPE_NAMES

if TYPE_CHECKING:
    from hashlib import _Hash as Digest

_STARTS = {kind: name.encode() + b" %d\0" for kind, name in TYPE_NAMES.items()}

_SHORT = 4096
"""Bytes that it is faster to copy than to hash in two pieces."""


def new_digest(hash_size: int) -> Digest:
    """Begin a digest of the kind whose ids have so many bytes: SHA-1 for 20, SHA-256 for 32."""
    new = hashlib.sha1 if hash_size == 20 else hashlib.sha256
    return new(usedforsecurity=False)


def object_digest(kind: int, size: int, hash_size: int) -> Digest:
    """Begin the digest that is the id of an object, whose content is to be added."""
    digest = new_digest(hash_size)
    digest.update(_STARTS[kind] % size)
    return digest


def object_id(kind: int, content: bytes, hash_size: int) -> bytes:
    """Return the id of an object."""
    if hash_size == 20 and len(content) < _SHORT:
        whole = _STARTS[kind] % len(content) + content
        return hashlib.sha1(whole, usedforsecurity=False).digest()
    digest = object_digest(kind, len(content), hash_size)
    digest.update(content)
    return digest.digest()

"""The issuer's list of issued tokens, as keyed digests: proof that a candidate is real.

An issuer knows every token it issued, but must not hand them to a scanner.  This file holds
HMAC-SHA-256 digests of them, truncated and sorted, so that a candidate is looked up by
binary search in a memory map and the file tells nothing to whoever lacks the key.
The layout stands in docs/digests.md.
"""

from __future__ import annotations

import hmac
import mmap
import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from leakscan.errors import LeakscanError, UsageError
from leakscan.keys import check_length, decode_key

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

VARIABLE = "LEAKSCAN_DIGEST_KEY"
MAGIC = b"leakscan digests"
VERSION = 1
WIDTH = 16
"""Bytes kept of a digest: among 10**7 tokens a chance hit has odds of 10**7 / 2**128."""

_HEADER = struct.Struct(">16sHH4xQ16s16x")  # magic, version, width, count, key check: 64 bytes


class DigestFile:
    """A set of issued tokens that only answers ``token in file``.

    Memory: the pages that were looked at.  Time: some 15 microseconds a lookup.
    It survives a fork.  Use it as a context manager, or `close` it.
    """

    def __init__(self, pages: mmap.mmap, count: int, key: bytes) -> None:
        self._pages = pages
        self._count = count
        self._key = key

    @classmethod
    def open(cls, path: Path, key: bytes) -> Self:
        """Map a digest file.

        Args:
            path: a file that `build_digest_file` wrote.
            key: the key that it was built with.

        Raises:
            UsageError: there is no such file, it is no digest file, or the key is another.
            LeakscanError: the file is damaged.
        """
        try:
            with path.open("rb") as file:
                header = file.read(_HEADER.size)
                count = _check_header(header, os.fstat(file.fileno()).st_size, key, path)
                pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise UsageError(
                f"{path}: cannot read the digest file: {error.strerror}", "check digests.file"
            ) from None
        return cls(pages, count, key)

    def __len__(self) -> int:
        return self._count

    def __contains__(self, token: object) -> bool:
        if not isinstance(token, str):
            return False
        wanted = _digest(self._key, token)
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            start = _HEADER.size + middle * WIDTH
            if self._pages[start : start + WIDTH] < wanted:
                low = middle + 1
            else:
                high = middle
        start = _HEADER.size + low * WIDTH
        return self._pages[start : start + WIDTH] == wanted

    def close(self) -> None:
        """Unmap the file."""
        self._pages.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def build_digest_file(tokens: Iterable[str], key: bytes, out: Path) -> int:
    """Write the digest file of ``tokens`` (see `write_digest_file`, which does the work).

    Args:
        tokens: whole tokens, in any order; repeated ones count once.
        key: at least `keys.KEY_BYTES` bytes (see `digest_key`).
        out: where to write; a file there is replaced when all is written.

    Returns:
        How many different tokens the file holds.

    Raises:
        UsageError: the key is too short, or ``out`` cannot be written.
    """
    return write_digest_file((full_digest(key, token) for token in tokens), key, out)


def write_digest_file(digests: Iterable[bytes], key: bytes, out: Path) -> int:
    """Write a digest file, readable by its owner only, in one step.

    Digests are kept in 256 buckets by their first byte, and each bucket is sorted on its
    own while it is written: ten million tokens take 16 bytes each and at most an eighth
    more for growth, 180 MB in all, and one bucket of 39,000 as a set of Python objects,
    5 MB.  As one list of objects they would take 570 MB.

    Args:
        digests: the `full_digest` of each token under ``key``, in any order.
        key: at least `keys.KEY_BYTES` bytes.
        out: where to write; a file there is replaced when all is written.

    Returns:
        How many different digests the file holds.

    Raises:
        UsageError: the key is too short, or ``out`` cannot be written.
    """
    import tempfile

    check_length(key, "the digest key")
    buckets = [bytearray() for _ in range(256)]
    for digest in digests:
        buckets[digest[0]] += digest[:WIDTH]
    temporary: Path | None = None
    try:
        # mkstemp creates with mode 0600, in the same folder so that the rename is atomic.
        handle, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            count = _write(file, buckets, key)
        temporary.replace(out)
    except OSError as error:
        raise UsageError(
            f"{out}: cannot write the digest file: {error.strerror}", "choose another place"
        ) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    return count


def digest_key(key_file: Path | None = None, configured: Path | None = None) -> bytes:
    """Read the digest key: from ``key_file``, else the environment, else ``configured``.

    Args:
        key_file: the file that the command line names.
        configured: the file that the configuration names.

    Returns:
        The key, as `decode_key` reads it.

    Raises:
        UsageError: there is no key, a file cannot be read, or the key is too short.
    """
    if key_file is None and os.environ.get(VARIABLE):
        return decode_key(os.environ[VARIABLE], VARIABLE)
    path = key_file or configured
    if path is None:
        raise UsageError(
            "no key for the digest file", f"use --key-file, {VARIABLE} or digests.key_file"
        )
    try:
        return decode_key(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise UsageError(
            f"{path}: cannot read the key file: {error.strerror}", "check the path"
        ) from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: a key file holds text", "openssl rand -hex 32 > FILE") from None


def full_digest(key: bytes, token: str) -> bytes:
    """Return the HMAC-SHA-256 of a token, of which a digest file keeps the first `WIDTH` bytes."""
    return hmac.digest(key, token.encode("utf-8", "surrogatepass"), "sha256")


def _digest(key: bytes, token: str) -> bytes:
    return full_digest(key, token)[:WIDTH]


def _key_check(key: bytes) -> bytes:
    """Tell a wrong key from a right one; no token is this text."""
    return _digest(key, "leakscan digests v1: key check")


def _check_header(header: bytes, size: int, key: bytes, path: Path) -> int:
    """Validate the fixed part of a file of ``size`` bytes; return the number of digests."""
    rebuild = "build it again with `leakscan digests build`"
    if len(header) < _HEADER.size or not header.startswith(MAGIC):
        raise UsageError(f"{path}: not a digest file", rebuild)
    _, version, width, count, check = _HEADER.unpack(header)
    if (version, width) != (VERSION, WIDTH):
        raise UsageError(f"{path}: digest file of unknown version {version}", rebuild)
    if not hmac.compare_digest(check, _key_check(key)):
        raise UsageError(f"{path}: built with another key", f"check {VARIABLE} and key_file")
    if size != _HEADER.size + count * WIDTH:
        raise LeakscanError(f"{path}: damaged: {size} bytes for {count} digests", rebuild)
    return int(count)


def _write(file: BinaryIO, buckets: list[bytearray], key: bytes) -> int:
    """Write header and sorted digests, emptying the buckets; return the number written."""
    count = 0
    file.write(bytes(_HEADER.size))
    for bucket in buckets:
        unique = sorted({digest for (digest,) in struct.iter_unpack(f"{WIDTH}s", bucket)})
        file.write(b"".join(unique))
        count += len(unique)
        bucket.clear()
    file.seek(0)
    file.write(_HEADER.pack(MAGIC, VERSION, WIDTH, count, _key_check(key)))
    file.flush()
    os.fsync(file.fileno())
    return count

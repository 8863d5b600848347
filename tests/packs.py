"""Packs and loose objects by hand, as git would never write them."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from hashlib import sha1
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TREE, BLOB, OFS_DELTA, REF_DELTA = 2, 3, 6, 7


def object_id(kind: str, content: bytes) -> str:
    """Return the id that git gives an object."""
    header = f"{kind} {len(content)}\0".encode()
    return sha1(header + content, usedforsecurity=False).hexdigest()


def size_field(size: int) -> bytes:
    """Encode a size as deltas do: seven bits a byte, the lowest first."""
    low = size & 0x7F
    return bytes([low]) if size < 0x80 else bytes([low | 0x80]) + size_field(size >> 7)


def entry(kind: int, payload: bytes, *, size: int | None = None, base: bytes = b"") -> bytes:
    """Encode one entry of a pack.

    The size may be a lie; base is the raw id of a REF_DELTA or the `offset_field` of an
    OFS_DELTA.
    """
    return (
        entry_header(kind, len(payload) if size is None else size) + base + zlib.compress(payload)
    )


def entry_header(kind: int, size: int) -> bytes:
    """Encode the type and size that an entry begins with."""
    first = kind << 4 | size & 0x0F
    return bytes([first | 0x80]) + size_field(size >> 4) if size > 0x0F else bytes([first])


def offset_field(distance: int) -> bytes:
    """Encode how far before an OFS_DELTA its base begins."""
    out = [distance & 0x7F]
    while distance := distance >> 7:
        distance -= 1
        out.append(0x80 | distance & 0x7F)
    return bytes(reversed(out))


def copy_all(base_size: int, addition: bytes) -> bytes:
    """Encode a delta that copies its whole base and appends up to 127 bytes."""
    copies = b"".join(
        b"\xff" + struct.pack("<I", start) + struct.pack("<I", length)[:3]
        for start, length in _pieces(base_size)
    )
    sizes = size_field(base_size) + size_field(base_size + len(addition))
    return sizes + copies + bytes([len(addition)]) + addition


def _pieces(size: int, largest: int = 0xFFFFFF) -> Iterator[tuple[int, int]]:
    for start in range(0, size, largest):
        yield start, min(largest, size - start)


@dataclass
class HandmadePack:
    """A pack of entries as they are, each under the id that is claimed for it."""

    entries: list[tuple[str, bytes]]

    def write(self, git_dir: Path) -> Path:
        """Write the pack and its index into a repository; return the pack's path."""
        body = b"PACK" + struct.pack(">II", 2, len(self.entries))
        body += b"".join(raw for _, raw in self.entries)
        checksum = sha1(body, usedforsecurity=False).digest()
        folder = git_dir / "objects/pack"
        folder.mkdir(exist_ok=True)
        pack = folder / f"pack-{checksum.hex()}.pack"
        pack.write_bytes(body + checksum)
        pack.with_suffix(".idx").write_bytes(self._index(checksum))
        return pack

    def _index(self, checksum: bytes) -> bytes:
        lengths = [len(raw) for _, raw in self.entries]
        offsets = accumulate(lengths[:-1], initial=12)
        rows = sorted(
            (bytes.fromhex(oid), zlib.crc32(raw), offset)
            for (oid, raw), offset in zip(self.entries, offsets, strict=True)
        )
        fanout = [sum(oid[0] <= first for oid, _, _ in rows) for first in range(256)]
        index = b"\xfftOc" + struct.pack(">I", 2) + struct.pack(">256I", *fanout)
        index += b"".join(oid for oid, _, _ in rows)
        index += b"".join(struct.pack(">I", crc) for _, crc, _ in rows)
        index += b"".join(struct.pack(">I", offset) for _, _, offset in rows)
        index += checksum
        return index + sha1(index, usedforsecurity=False).digest()


def write_loose(git_dir: Path, oid: str, compressed: bytes) -> None:
    """Write a loose object of any compressed content, under any id."""
    path = git_dir / "objects" / oid[:2] / oid[2:]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(compressed)


def bomb(size: int, prefix: bytes = b"") -> bytes:
    """Deflate a prefix and as many megabytes of zeros as the size has, at once.

    Flushed blocks do not refer to each other: the same megabyte is repeated.
    """
    megabyte, count = bytes(1 << 20), size >> 20
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = deflate.compress(prefix) + deflate.flush(zlib.Z_FULL_FLUSH)
    block = deflate.compress(megabyte) + deflate.flush(zlib.Z_FULL_FLUSH)
    high, low = divmod(zlib.adler32(prefix), 1 << 16)
    checksum = (high + low * (count << 20)) % 65521 << 16 | low
    return b"\x78\xda" + start + block * count + deflate.flush() + struct.pack(">I", checksum)

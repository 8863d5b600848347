"""Loose objects: one compressed file each."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from leakscan.git.damage import DamagedError
from leakscan.git.inflate import CHUNK, inflate, inflate_chunks
from leakscan.git.pack import BLOB, TYPE_NAMES
from leakscan.git.regular import read_regular
from leakscan.git.walk import LARGEST_IN_MEMORY, STREAMED, Streamed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_HEADER = re.compile(rb"(commit|tree|blob|tag) (\d{1,19})\0")

_FOLDER = re.compile("[0-9a-f]{2}")

_TYPES = {name: number for number, name in TYPE_NAMES.items()}


def loose_oids(
    objects: Path, hash_size: int, listed: Callable[[Path], list[str]]
) -> Iterator[bytes]:
    """Yield the ids of the loose objects of an object directory, in order.

    Args:
        objects: the directory.
        hash_size: bytes of an id.
        listed: what lists a folder.
    """
    rest = re.compile(f"[0-9a-f]{{{hash_size * 2 - 2}}}")
    for folder in filter(_FOLDER.fullmatch, listed(objects)):
        names = filter(rest.fullmatch, listed(objects / folder))
        yield from (bytes.fromhex(folder + name) for name in names)


def read_loose(path: Path) -> tuple[int, bytes | Streamed]:
    """Read a loose object: its type and its content, streamed where that is large.

    Raises:
        DamagedError: it is not what git writes.
        OSError: it cannot be read (`FileNotFoundError`: it has been packed meanwhile).
    """
    data = read_regular(path)
    try:
        head = zlib.decompressobj().decompress(data, 64)
    except zlib.error:
        raise DamagedError("its compressed data is corrupt") from None
    found = _HEADER.match(head)
    if not found:
        raise DamagedError("it does not begin as an object does")
    kind, size, skip = _TYPES[found[1].decode()], int(found[2]), found.end()
    if size > (STREAMED if kind == BLOB else LARGEST_IN_MEMORY):
        return kind, Streamed(_without_head(inflate_chunks(data, skip + size), skip), size)
    return kind, inflate(data, skip + size)[skip:]


def _without_head(chunks: Iterator[bytes], skip: int) -> Iterator[bytes]:
    """Drop the first ``skip`` bytes, which are fewer than a chunk has."""
    assert skip < CHUNK  # noqa: S101 - a header has at most 30 bytes
    for chunk in chunks:
        yield chunk[skip:]
        skip = 0

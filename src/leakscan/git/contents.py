"""Whole objects as ``git cat-file`` gives them, wherever git keeps them and of any size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from leakscan.git.damage import DamagedError
from leakscan.git.own import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HELD = 16 << 20
"""Bytes of an object that is given in one piece; of a larger one there are more."""

BATCH = ("-c", "core.bigFileThreshold=16m", "cat-file", "--batch", "--buffer")
"""Reads ids, a line each, and writes the objects in the same order; git, too, holds no large one
in memory that it can stream."""


@dataclass(frozen=True, slots=True)
class GitObject:
    """An object of a repository.

    Attributes:
        oid: its id in hex.
        type: ``blob``, ``tree``, ``commit`` or ``tag``; empty if git has no such object.
        size: its bytes.
        pieces: its content, to be drawn before the next object is.
    """

    oid: str
    type: str
    size: int
    pieces: Iterator[bytes]


def objects_of(oids: Sequence[str]) -> Iterator[GitObject]:
    """Read objects of the repository that its user works in, one after the other.

    Args:
        oids: their hex ids.

    Raises:
        DamagedError: git gives something else.
        TargetError: git fails, as at an object that is corrupt, or is not there.
    """
    told = "".join(f"{oid}\n" for oid in oids).encode()
    wanted = iter(oids)
    with running(*BATCH, stdin=told, doing="read") as out:
        for item in read_objects(out):
            if item.oid != next(wanted, None):
                raise DamagedError("git gives another object")
            yield item


def read_objects(stream: IO[bytes]) -> Iterator[GitObject]:
    """Yield the objects that ``git cat-file --batch`` writes.

    Raises:
        DamagedError: the stream ends within an object, as where git meets one that is corrupt.
    """
    while line := stream.readline():
        oid, *described = line.split() or [b""]
        if described and described[-1] == b"missing":
            yield GitObject(oid.decode(), "", 0, iter(()))
            continue
        if len(described) != 2:
            raise DamagedError(f"git says {line[:80]!r} of an object")
        size = int(described[1])
        yield GitObject(oid.decode(), described[0].decode(), size, _pieces(stream, size))
        if stream.read(1) != b"\n":
            raise DamagedError("what git gives is cut short")


def _pieces(stream: IO[bytes], size: int) -> Iterator[bytes]:
    while size > 0:
        piece = stream.read(min(size, HELD))
        if not piece:
            raise DamagedError("what git gives is cut short")
        size -= len(piece)
        yield piece

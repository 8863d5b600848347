"""Read a pack while it arrives: nothing is waited for, and git indexes nothing.

A pack says neither where its entries end nor what their ids are (gitformat-pack(5)).  Each entry
is inflated to find the next one, and what is stored whole is searched on the way.  What is built
by deltas is searched once all is here (sift.py), and the ids of objects, which git would compute
for every single one, are needed only where something was found (indexing.py).
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from isal import isal_zlib

from leakscan.git.damage import DamagedError
from leakscan.git.ids import new_digest, object_digest, object_id
from leakscan.git.inflate import wrong_size
from leakscan.git.pack import OFS_DELTA, REF_DELTA, TYPE_NAMES
from leakscan.git.survey import Hit
from leakscan.git.versions import searching
from leakscan.git.walk import STREAMED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from leakscan.git.census import Census
    from leakscan.git.pack import Mapped
    from leakscan.git.spool import Spool
    from leakscan.git.versions import Searcher

Found = TypeVar("Found")

_CORRUPT: type[Exception] = isal_zlib.error  # type: ignore[assignment]
"""What isal raises; its type hints take the class for an instance."""

_LONGEST_HEADER = 64
"""Bytes within which the longest header of an entry ends: type and size, then a base's id."""

_PIECE = 1 << 20
"""Bytes that a large object is inflated to at a time."""


@dataclass(slots=True)
class Arrived(Generic[Found]):
    """A pack that has arrived, as far as it has.

    Attributes:
        hash_size: bytes of an object id.
        new_census: makes one, given the size of an id and the number of objects.
        census: told of the objects that were searched.
        offsets: where each entry begins, ascending.
        hits: what was found in objects that are stored whole.
        objects, size: how many of those were searched, and bytes in them.
        has_named_bases: whether a delta names its base by id, so that ids are needed.
        data: the whole pack; nothing before its end.
    """

    hash_size: int
    new_census: Callable[[int, int], Census]
    census: Census = field(init=False)
    offsets: array[int] = field(default_factory=lambda: array("q"))
    hits: list[Hit[Found]] = field(default_factory=list)
    objects: int = 0
    size: int = 0
    has_named_bases: bool = False
    data: Mapped = b""

    def __post_init__(self) -> None:
        self.census = self.new_census(self.hash_size, 0)


def receive(
    chunks: Iterable[bytes],
    spool: Spool,
    searcher: Searcher[Found],
    arrived: Arrived[Found],
    hear: Callable[[Hit[Found]], None] = lambda _hit: None,
) -> None:
    """Read a pack to its end, and search the objects that are stored whole.

    Args:
        chunks: the pack, in pieces of any size.
        spool: where it is kept for later.
        searcher: what to search with.
        arrived: told how far it has got, so that what was found is not lost with the rest.
        hear: told of what is found when it is found.

    Raises:
        DamagedError: it is corrupt or cut short.
        TargetError: the disk is full.
    """
    stream = _Stream(chunks, spool, arrived.hash_size)
    count, told = stream.count_of_objects(), 0
    census = arrived.census = arrived.new_census(arrived.hash_size, count)
    for _ in range(count):
        stream.need(_LONGEST_HEADER)
        arrived.offsets.append(stream.before + stream.at)
        kind, size = stream.header()
        if kind not in TYPE_NAMES:
            arrived.has_named_bases |= kind == REF_DELTA
            stream.skip(size)
        elif size <= STREAMED:
            content = stream.inflate(size)
            census.add(kind, content, None)
            if found := searching(searcher, kind)(content):
                oid = object_id(kind, content, arrived.hash_size)
                arrived.hits.append(Hit(oid, kind, tuple(found)))
            arrived.objects += 1
            arrived.size += size
        else:
            _search_pieces(stream, kind, size, searcher, arrived)
        if len(arrived.hits) > told:
            told += 1
            hear(arrived.hits[-1])
    stream.finish()
    arrived.data = spool.contents()


def _search_pieces(
    stream: _Stream, kind: int, size: int, searcher: Searcher[Found], arrived: Arrived[Found]
) -> None:
    """Search an object that is too large to be held."""
    digest = object_digest(kind, size, arrived.hash_size)

    def pieces() -> Iterator[bytes]:
        for piece in stream.pieces(size):
            digest.update(piece)
            yield piece

    found = tuple(searcher.search_stream(pieces()))
    if found:
        arrived.hits.append(Hit(digest.digest(), kind, found))
    arrived.census.add_large(kind, digest.digest())
    arrived.objects += 1
    arrived.size += size


class _Stream:
    """The entries of a pack, one after the other, out of pieces that end anywhere.

    Attributes:
        at: where in what has arrived last the next byte to read is.
        before: the offset in the pack of the first byte of that.
    """

    def __init__(self, chunks: Iterable[bytes], spool: Spool, hash_size: int) -> None:
        self._chunks = iter(chunks)
        self._spool = spool
        self._hash_size = hash_size
        self._digest = new_digest(hash_size)
        self._view = memoryview(b"")
        self.at = 0
        self.before = 0

    def need(self, size: int) -> bool:
        """Wait until so many bytes are here; tell whether they are, or the pack ends before."""
        while len(self._view) - self.at < size:
            if not self._more():
                return False
        return True

    def _more(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        self._spool.write(chunk)
        self._digest.update(self._view[: self.at])
        left = self._view[self.at :]
        self.before += self.at
        self._view = memoryview(b"".join((left, chunk)) if left else chunk)
        self.at = 0
        return True

    def count_of_objects(self) -> int:
        """Read the header of the pack.

        Raises:
            DamagedError: it is no pack.
        """
        if not self.need(12) or bytes(self._view[:4]) != b"PACK":
            raise DamagedError("what arrives is no pack")
        version = int.from_bytes(self._view[4:8])
        if version not in (2, 3):
            raise DamagedError(f"it has the unknown pack version {version}")
        self.at = 12
        return int.from_bytes(self._view[8:12])

    def header(self) -> tuple[int, int]:
        """Read the header of an entry: its type, and the size that it claims.

        Raises:
            DamagedError: there is no valid header.
        """
        view, at = self._view, self.at
        try:
            byte = view[at]
            kind, size, shift = byte >> 4 & 7, byte & 15, 4
            while byte & 0x80:
                at += 1
                byte = view[at]
                size |= (byte & 0x7F) << shift
                shift += 7
            if kind == OFS_DELTA:
                at += 1
                while view[at] & 0x80:
                    at += 1
        except IndexError:
            raise DamagedError("it is cut short") from None
        at += 1 + (self._hash_size if kind == REF_DELTA else 0)
        if kind in (0, 5) or at - self.at > _LONGEST_HEADER:
            raise DamagedError(f"entry at {self.before + self.at} has no valid header")
        self.at = at
        return kind, size

    def inflate(self, size: int) -> bytes:
        """Read the data of an entry.

        Raises:
            DamagedError: it is corrupt or cut short, or not as large as it claims.
        """
        inflater = isal_zlib.decompressobj()
        # More than any stream takes, and not much more: what is left over is copied.
        data = self._view[self.at : self.at + size + (size >> 9) + 64]
        try:
            content = inflater.decompress(data, size + 1)
        except _CORRUPT:
            raise DamagedError(f"entry at {self.before + self.at} is corrupt") from None
        if inflater.eof and len(content) == size:
            self.at += len(data) - len(inflater.unused_data)
            return content
        return b"".join(self.pieces(size))

    def skip(self, size: int) -> None:
        """Read the data of an entry and keep nothing of it.

        Raises:
            DamagedError: as `inflate`.
        """
        if size <= _PIECE:
            self.inflate(size)
        else:
            for _ in self.pieces(size):
                pass

    def pieces(self, size: int) -> Iterator[bytes]:
        """Read the data of an entry of any size, of which only some has arrived, in pieces.

        Raises:
            DamagedError: as `inflate`.
        """
        inflater = isal_zlib.decompressobj()
        done = 0
        while not inflater.eof:
            if not self.need(1):
                raise DamagedError("it is cut short")
            data = self._view[self.at : self.at + _PIECE]
            try:
                piece = inflater.decompress(data, _PIECE)
            except _CORRUPT:
                raise DamagedError(f"entry at {self.before + self.at} is corrupt") from None
            left = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
            self.at += len(data) - len(left)
            done += len(piece)
            if done > size:
                break
            yield piece
        if done != size:
            raise DamagedError(wrong_size(f"{done} or more", size))

    def finish(self) -> None:
        """Compare the check sum at the end of the pack.

        Raises:
            DamagedError: it is another, is cut short, or more follows.
        """
        if not self.need(self._hash_size):
            raise DamagedError("it is cut short")
        end = self.at + self._hash_size
        stated = bytes(self._view[self.at : end])
        self._digest.update(self._view[: self.at])
        if stated != self._digest.digest():
            raise DamagedError("its check sum is wrong")
        self.at = end
        self._digest = new_digest(self._hash_size)  # what follows has none
        if self.need(1):
            raise DamagedError("more follows than it claims")

"""Git bundles (gitformat-bundle(5)): the objects of the pack in one."""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING, cast

from isal import isal_zlib

from leakscan.containers.container import CHUNK, Budget, Member, MemberError, pieces
from leakscan.containers.isal_fault import ISAL_FAULT
from leakscan.git.damage import DamagedError
from leakscan.git.forest import plant, plant_plainly
from leakscan.git.ids import object_id
from leakscan.git.indexing import numbered_index
from leakscan.git.pack import REF_DELTA, TREE, TYPE_NAMES, Pack
from leakscan.git.texts import readable
from leakscan.git.tree import tree_entries
from leakscan.git.walk import STREAMED, Broken, Streamed, resolve
from leakscan.model import Unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from leakscan.containers.container import Buffer
    from leakscan.git.forest import Forest
    from leakscan.git.pack import Mapped
    from leakscan.git.walk import Content

MAX_HEAD = 16 << 20
"""Bytes within which the refs of a bundle end; a hundred thousand of them do."""

MAX_NAMES = 1_000_000
"""Names of files and folders that are held, to tell the paths of blobs."""

MAX_DEPTH = 64
"""Folders that a path is made of; where there are more, it begins within."""

MAX_ROUNDS = 64
"""Times that objects are looked at again, since bases are known by their ids; git makes chains of
50 deltas."""

MAX_LOOKS = 4_000_000
"""Objects that are looked at in all rounds."""

_HEAD = re.compile(rb"# v([23]) git bundle\n(?=[-@\n]|[0-9a-f]{40})")

_LINE = re.compile(rb"(?:@[^\n]*|-?[0-9a-f]{40,64}(?: [^\n]*)?)\n")


def looks_like(data: Buffer) -> bool:
    """Whether it begins as a bundle does."""
    return _HEAD.match(data) is not None


class Bundle:
    """A git bundle of version 2 or 3."""

    name = "git bundle"
    hides = True

    def members(self, data: Buffer, budget: Budget) -> Iterator[Member | Unread]:
        """Yield the content of every object: of blobs under a path that they had.

        Args:
            data: the file.
            budget: told of each member and of each piece.

        Raises:
            SpentError: the budget does not allow more.
        """
        try:
            start, hash_size = _head(data)
            packed = cast("Mapped", memoryview(data)[start:])
            offsets, fault = _offsets(packed, hash_size, budget.left)
            if offsets:
                yield from _Bundle(_pack(packed, offsets, hash_size), budget).members()
        except DamagedError as error:
            fault = str(error)
        if fault:
            yield Unread("", fault)


class _KnownPack(Pack):
    """A pack of which some ids are known.

    Attributes:
        known: ranks by id.
    """

    known: dict[bytes, int]

    def rank(self, oid: bytes) -> int | None:
        """Return the rank of an object, or ``None`` if it is not known."""
        return self.known.get(oid)


def _head(data: Buffer) -> tuple[int, int]:
    """Return where the pack begins, and how many bytes an id has.

    Raises:
        DamagedError: there is no pack.
    """
    hash_size = 20
    found = _HEAD.match(data)
    at = found.end() if found else 0
    while line := _LINE.match(data, at, MAX_HEAD):
        if line[0] == b"@object-format=sha256\n":
            hash_size = 32
        at = line.end()
    if not found or data[at : at + 5] != b"\nPACK":
        raise DamagedError("it is cut short" if at == len(data) else "it has no pack")
    return at + 1, hash_size


def _offsets(packed: Mapped, hash_size: int, most: int) -> tuple[array[int], str]:
    """Return where each entry of a pack begins, and what is wrong with the pack, if anything is.

    Args:
        packed: the pack.
        hash_size: bytes of an id.
        most: bytes that it may inflate to.
    """
    offsets = array("q")
    at, left = 12, most
    try:
        reader = Pack(packed, numbered_index([12], packed, hash_size), hash_size)
        for _ in range(int.from_bytes(packed[8:12])):
            (header,) = reader.headers((at,))
            if header is None:
                raise DamagedError("it is cut short, or holds less than it says")
            kind, _, start, _ = header
            if kind in (0, 5):
                raise DamagedError("it is corrupt")
            end, size = _end_of(reader.view, start, left)
            left -= size
            offsets.append(at)
            at = end
    except ISAL_FAULT:
        return offsets, "it is corrupt"
    except DamagedError as error:
        return offsets, str(error)
    return offsets, "" if len(packed) >= at + hash_size else "it is cut short"


def _end_of(view: memoryview, start: int, most: int) -> tuple[int, int]:
    """Return where a compressed entry ends, and what it inflates to.

    Raises:
        DamagedError: it has no end, or is too large.
        isal_zlib.error: it is corrupt.
    """
    inflater = isal_zlib.decompressobj()
    at, size, step = start, 0, 4096
    while not inflater.eof:
        data = view[at : at + step]
        if not data:
            raise DamagedError("it is cut short")
        size += len(inflater.decompress(data, CHUNK))
        left = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
        at += len(data) - len(left)
        step = min(step * 4, CHUNK)
        if size > most:
            raise DamagedError("it unpacks to too much")
    return at, size


def _pack(packed: Mapped, offsets: array[int], hash_size: int) -> _KnownPack:
    pack = _KnownPack(packed, numbered_index(offsets, packed, hash_size), hash_size)
    pack.known = {}
    return pack


class _Bundle:
    def __init__(self, pack: _KnownPack, budget: Budget) -> None:
        self._pack = pack
        self._budget = budget
        self._folders: dict[bytes, tuple[bytes, bytes]] = {}  # by id: a tree, the name in it

    def members(self) -> Iterator[Member | Unread]:
        """Yield all objects: commits, then trees, blobs and tags.

        Raises:
            DamagedError: the pack cannot be read.
        """
        forest = self._planted()
        for kind, where in forest.segments.items():
            for position, content, _ in resolve(self._pack, forest, where, STREAMED):
                self._budget.enter()
                yield self._member(kind, int(forest.start[position]), content)
        if count := len(forest.orphans):
            yield Unread("", f"{count:,} of its objects are built on others that are not in it")

    def _planted(self) -> Forest:
        """Build the forest; where bases are named by id, as often as that tells more ids."""
        pack = self._pack
        offsets = pack.offsets()
        if all(pack.header(offset).type != REF_DELTA for offset in offsets):
            return plant(pack)
        forest = plant_plainly(pack)
        read: set[int] = set()
        left = Budget(self._budget.left, MAX_LOOKS)
        for _ in range(min(MAX_ROUNDS, MAX_LOOKS // len(offsets))):
            if not forest.orphans or not self._learn(forest, read, left):
                break
            forest = plant_plainly(pack)
        return forest

    def _learn(self, forest: Forest, read: set[int], left: Budget) -> bool:
        """Compute the ids of objects that have not been read; tell whether there were any.

        Args:
            forest: all that is known to be built on something.
            read: ranks of the objects that have been read; added to.
            left: what may be spent on this alone.

        Raises:
            SpentError: it is spent.
        """
        before = len(read)
        for kind, where in forest.segments.items():
            for run in _runs(at for at in where if int(forest.rank[at]) not in read):
                for _ in range(int(forest.depth[run.start])):
                    left.enter()  # its bases are resolved once more
                for position, content, _ in resolve(self._pack, forest, run):
                    left.enter()
                    rank = int(forest.rank[position])
                    read.add(rank)
                    if isinstance(content, bytes):
                        left.spend(len(content))
                        oid = object_id(kind, content, self._pack.hash_size)
                        self._pack.known[oid] = rank
        return len(read) > before

    def _member(self, kind: int, start: int, content: Content) -> Member | Unread:
        said = TYPE_NAMES[kind]
        if isinstance(content, Broken):
            return Unread(f"{said} at byte {start}", content.why)
        if isinstance(content, Streamed):
            return Member(f"{said} at byte {start}", self._streamed(content.chunks))
        oid = object_id(kind, content, self._pack.hash_size)
        if kind == TREE:
            self._note(oid, content)
        name = self._path(oid) if oid in self._folders else f"{said} {oid.hex()[:12]}"
        return Member(name, pieces(content, self._budget))

    def _streamed(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        try:
            for chunk in chunks:
                self._budget.spend(len(chunk))
                yield chunk
        except DamagedError as error:
            raise MemberError(str(error)) from None

    def _note(self, oid: bytes, tree: bytes) -> None:
        """Note under which names a tree has what it has."""
        for entry in tree_entries(tree, self._pack.hash_size):
            if len(self._folders) >= MAX_NAMES:
                break
            self._folders.setdefault(entry.oid, (oid, entry.name))

    def _path(self, oid: bytes) -> str:
        """Return a path at which an object was."""
        names: list[bytes] = []
        while (folder := self._folders.get(oid)) and len(names) < MAX_DEPTH:
            oid, name = folder
            names.append(name)
        return readable(b"/".join(names[::-1]))


def _runs(positions: Iterable[int]) -> Iterator[range]:
    """Join positions, which ascend, to ranges."""
    low = high = -1
    for at in positions:
        if at != high:
            if high > low:
                yield range(low, high)
            low = at
        high = at + 1
    if high > low:
        yield range(low, high)

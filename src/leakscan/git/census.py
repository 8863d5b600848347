"""Is a pack whole?  Told without the ids of its blobs, which are most of what there is to hash.

Every tree, commit and tag that is named must be here, by its id.  Then the blobs that are named are
all that the pack has to hold, so that there are as many of them as it has blobs.  One that was
left out is named all the same, and makes one more.  (A server that means to deceive can add
another; it could as well name other commits.)  In large packs, only commits and tags are looked
for: reading the names in all trees takes longer than searching them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from leakscan.git.forest import VECTOR_THRESHOLD
from leakscan.git.ids import object_id
from leakscan.git.links import Links
from leakscan.git.pack import BLOB, COMMIT, TAG, TREE
from leakscan.git.presence import KEY

if TYPE_CHECKING:
    from collections.abc import Set

_PENDING = 16 << 20
"""Bytes of ids that are collected before each is kept only once."""

LARGE = 50_000
"""Objects of a pack from which on its trees are not looked for: as many as have 20,000 trees."""

Counted = tuple[int, bytes, bytes, bytes]
"""Blobs, ids of all else, ids that are named as those of something else, and as blobs'."""


class Census(Protocol):
    """Told of every object of a pack, and asked whether that is all."""

    def add(self, kind: int, content: bytes, delta: bytes | None) -> None:
        """Take in one object, and the delta that made it, if one did."""

    def add_large(self, kind: int, oid: bytes) -> None:
        """Take in one object that is too large to be held."""

    def new(self) -> Census:
        """Return an empty one, for a worker."""

    def counted(self) -> Counted:
        """Return what it was told, to be taken to another process."""

    def extend(self, counted: Counted) -> None:
        """Take in what another one has counted."""

    def is_whole(self, tips: Set[bytes]) -> bool:
        """Tell whether all that the ``tips`` lead to is here, as far as it is asked for."""


class Closure:
    """Asks for everything: of a pack that builds on nothing else.

    Args:
        hash_size: bytes of an object id.
        objects: of the pack; if they are too many, only commits and tags are asked for.
    """

    def __init__(self, hash_size: int, objects: int) -> None:
        self._links = Links(hash_size)
        self._size = hash_size
        self._objects = objects
        self._has_trees = objects < LARGE
        self._blobs = 0
        self._ids = _Ids(hash_size)
        self._named = _Ids(hash_size)
        self._named_blobs = _Ids(hash_size)

    def new(self) -> Closure:
        """Return an empty one, for a worker."""
        return Closure(self._size, self._objects)

    def add(self, kind: int, content: bytes, delta: bytes | None) -> None:
        """Take in one object, and the delta that made it, if one did."""
        if kind == BLOB:
            self._blobs += 1
        elif kind == TREE and self._has_trees:
            self._ids.add(object_id(kind, content, self._size))
            trees, blobs = self._links.new_by_kind(content, delta)
            self._named.add(trees)
            self._named_blobs.add(blobs)
        elif kind == COMMIT:
            self._ids.add(object_id(kind, content, self._size))
            named = self._links.of_commit(content)
            self._named.add(named if self._has_trees else named[self._size :])
        elif kind == TAG:
            self._ids.add(object_id(kind, content, self._size))
            self._add_tagged(content)

    def _add_tagged(self, tag: bytes) -> None:
        named = self._links.of_tag(tag, None)
        of = tag[len("object \n") + 2 * self._size :]
        if of.startswith(b"type blob\n"):
            self._named_blobs.add(named)
        elif self._has_trees or not of.startswith(b"type tree\n"):
            self._named.add(named)

    def add_large(self, kind: int, oid: bytes) -> None:
        """Take in one object that is too large to be held, so that what it names is not known."""
        if kind == BLOB:
            self._blobs += 1
        else:
            self._ids.add(oid)
            self._named.add(bytes(self._size))  # no object's id: nobody can say that all is here

    def counted(self) -> Counted:
        """Return what it was told, to be taken to another process."""
        return self._blobs, self._ids.once(), self._named.once(), self._named_blobs.once()

    def extend(self, counted: Counted) -> None:
        """Take in what another one has counted."""
        self._blobs += counted[0]
        for own, more in zip((self._ids, self._named, self._named_blobs), counted[1:], strict=True):
            own.add(more)

    def is_whole(self, tips: Set[bytes]) -> bool:
        """Tell whether all that the ``tips`` lead to is here, and nothing else."""
        here = len(self._ids.once())
        self._ids.add(self._named.once())
        self._ids.add(b"".join(tips))
        if len(self._ids.once()) > here:
            return False
        blobs = len(self._named_blobs.once()) // self._size
        return blobs == self._blobs or not self._has_trees


class Heads:
    """Looks out for the tips alone: of a pack that builds on what is elsewhere.

    Args:
        hash_size: bytes of an object id.
    """

    def __init__(self, hash_size: int, _objects: int = 0) -> None:
        self._size = hash_size
        self._objects = 0
        self._ids: list[bytes] = []

    def new(self) -> Heads:
        """Return an empty one, for a worker."""
        return Heads(self._size)

    def add(self, kind: int, content: bytes, delta: bytes | None) -> None:  # noqa: ARG002 - as `Census` has it
        """Take in one object."""
        self._objects += 1
        if kind in (COMMIT, TAG):
            self._ids.append(object_id(kind, content, self._size))

    def add_large(self, kind: int, oid: bytes) -> None:
        """Take in one object that is too large to be held."""
        self._objects += 1
        if kind in (COMMIT, TAG):
            self._ids.append(oid)

    def counted(self) -> Counted:
        """Return what it was told, to be taken to another process."""
        return self._objects, b"".join(self._ids), b"", b""

    def extend(self, counted: Counted) -> None:
        """Take in what another one has counted."""
        self._objects += counted[0]
        self._ids.append(counted[1])

    def is_whole(self, tips: Set[bytes]) -> bool:
        """Tell whether the ``tips`` are here, or nothing is, as where a branch was set back."""
        ids, size = b"".join(self._ids), self._size
        here = {ids[at : at + size] for at in range(0, len(ids), size)}
        return not self._objects or here >= tips


class _Ids:
    """Ids, joined; each is kept once in the end, and not too often until then."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept = b""
        self._pending: list[bytes] = []
        self._pending_size = 0

    def add(self, ids: bytes) -> None:
        """Take in ids, joined."""
        self._pending.append(ids)
        self._pending_size += len(ids)
        if self._pending_size > _PENDING:
            self.once()

    def once(self) -> bytes:
        """Return the different ids, joined; of many, those that begin alike count as one."""
        if self._pending:
            self._kept = self._each_once(b"".join((self._kept, *self._pending)))
            self._pending, self._pending_size = [], 0
        return self._kept

    def _each_once(self, ids: bytes) -> bytes:
        size = self._size
        if len(ids) < VECTOR_THRESHOLD * size:
            return b"".join({ids[at : at + size] for at in range(0, len(ids), size)})
        import numpy as np

        rows = np.frombuffer(ids, np.uint8).reshape(-1, size)
        keys = np.ascontiguousarray(rows[:, :KEY]).view(np.uint64).ravel()
        return rows[np.unique(keys, return_index=True)[1]].tobytes()

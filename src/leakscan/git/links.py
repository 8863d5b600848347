"""Which objects an object names: what a repository must have in order to be whole.

A tree made by a delta names what its base names but for the bytes between the delta's
first and last copy; only that stretch is parsed, so that checking a repository for missing
objects costs little beside reading it.
"""

from __future__ import annotations

import re
from array import array
from itertools import accumulate
from typing import TYPE_CHECKING

from leakscan.git.damage import DamagedError
from leakscan.git.pack import COMMIT, TAG, TREE
from leakscan.git.tree import NO_ENTRY
from leakscan.git.walk import delta_sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

_COPY_LENGTH = [(byte & 0x7F).bit_count() + 1 for byte in range(256)]
"""Bytes that a copy instruction takes, by its first byte (gitformat-pack(5))."""

_LENGTH = [*range(1, 0x81), *_COPY_LENGTH[0x80:]]
"""Bytes that any instruction takes, by its first byte, with what it inserts."""

_SHIFTS = [tuple(8 * bit for bit in range(7) if byte >> bit & 1) for byte in range(0x80)]
"""Of these but the first, how many bits up each stands in the offset, of 32 bits, or in the size
above it."""

_OFFSET_BITS = {
    size << 4 | offset: 8 * offset.bit_count()
    for size in (0, 1, 3, 7)
    for offset in (0, 1, 3, 7, 15)
}
"""Of those that leave out no byte but at the end, as most do, how many bits the offset has."""

_PARENT = b"\nparent "

MOST_PARENTS = 1000
"""Parents of one commit that are looked at: ten times what any but a hostile one has."""

_HEAD = 4096
"""Bytes within which the author of nearly every commit stands."""


class Links:
    """Parses the object ids in trees, commits and tags, and returns them joined to one text.

    Args:
        hash_size: bytes of an object id.
    """

    def __init__(self, hash_size: int) -> None:
        self.hash_size = hash_size
        # A gitlink (mode 160000) names a commit of another repository.
        self._entry = re.compile(
            rb"160000 [^\0]{1,4096}+\0.{%d}|[0-7]{5,6}+ [^\0]{1,4096}+\0(.{%d})|%b"
            % (hash_size, hash_size, NO_ENTRY),
            re.DOTALL,
        )
        self._entry_by_kind = re.compile(
            rb"160000 [^\0]{1,4096}+\0.{%d}|0?40000 [^\0]{1,4096}+\0(.{%d})"
            rb"|[0-7]{5,6}+ [^\0]{1,4096}+\0(.{%d})|%b"
            % (hash_size, hash_size, hash_size, NO_ENTRY),
            re.DOTALL,
        )
        self._hex = hash_size * 2

    def all_of(self, kind: int, data: bytes) -> bytes:
        """Return every id that an object of a type names; of a hostile one, what can be."""
        if kind == TREE:
            return self.new_in_tree(data, None)
        if kind == COMMIT:
            return self.of_commit(data)
        return self.of_tag(data, None) if kind == TAG else b""

    def new_in_tree(self, data: bytes, delta: bytes | None) -> bytes:
        """Return all ids in a tree that is stored whole, else those that its base may not have.

        The latter start at an entry that begins at or before the first byte that was not
        copied from the base's head, so each changed entry is parsed whole.  Should a mode
        string turn up inside an object id, ids that are none may be among them.
        """
        return b"".join(self._entry.findall(data, *self._new_stretch(data, delta)))

    def new_by_kind(self, data: bytes, delta: bytes | None) -> tuple[bytes, bytes]:
        """Do as `new_in_tree`, with the ids of trees apart from those of blobs."""
        found = self._entry_by_kind.findall(data, *self._new_stretch(data, delta))
        return b"".join([tree for tree, _ in found]), b"".join([blob for _, blob in found])

    def _new_stretch(self, data: bytes, delta: bytes | None) -> tuple[int, int]:
        """Return where in a tree that names begin, and end, which its base may not have."""
        if delta is None:
            return 0, len(data)
        try:
            head, tail = unchanged_ends(delta)
        except DamagedError:  # who applied it was more tolerant
            return 0, len(data)
        start = max(0, data.rfind(b"100644 ", 0, head), data.rfind(b"40000 ", 0, head))
        return start, len(data) - tail + self.hash_size

    def of_commit(self, data: bytes) -> bytes:
        """Return the ids of a commit's tree and parents, of a hostile one those at its start."""
        return self._ids(data[5 : self._end_of_ids(data)].replace(_PARENT, b""))

    def _end_of_ids(self, data: bytes) -> int:
        end = 5 + self._hex
        more = len(_PARENT) + self._hex
        last = end + MOST_PARENTS * more
        while end < last and data.startswith(_PARENT, end):
            end += more
        return end

    def of_commits(self, heads: list[bytes]) -> list[bytes]:
        """Do as `of_commit` for many at once, given what stands before each author."""
        counts = [head.count(_PARENT) for head in heads]
        length, more = 5 + self._hex, len(_PARENT) + self._hex
        if all(len(head) == length + more * n for head, n in zip(heads, counts, strict=True)):
            joined = self._ids(b"".join([head[5:].replace(_PARENT, b"") for head in heads]))
            if joined:
                ends = [self.hash_size * n for n in accumulate(n + 1 for n in counts)]
                return [joined[at:end] for at, end in zip([0, *ends], ends, strict=False)]
        return [self.of_commit(head) for head in heads]

    def head_of_commit(self, data: bytes, _delta: bytes | None) -> bytes:
        """Return what a commit names, in hex, for `of_commits`."""
        end = data.find(b"\nauthor ", 0, _HEAD)
        return data[: end if end >= 0 else self._end_of_ids(data)]

    def of_tag(self, data: bytes, _delta: bytes | None) -> bytes:
        """Return the id of the object that a tag names."""
        return self._ids(data[7 : 7 + self._hex])

    def _ids(self, digits: bytes) -> bytes:
        """Decode ids from hex; nothing of what is none."""
        try:
            ids = bytes.fromhex(digits.decode())
        except ValueError:
            return b""
        # fromhex passes over white space; what is then left over would shift all ids after it.
        return ids if 2 * len(ids) == len(digits) and not len(digits) % self._hex else b""

    def split(self, joined: bytes) -> list[bytes]:
        """Return the single ids of a joined text."""
        size = self.hash_size
        return [joined[at : at + size] for at in range(0, len(joined), size)]


class Lineages:
    """What commits name, packed: a repository may have millions of them.

    Args:
        hash_size: bytes of an object id.
    """

    def __init__(self, hash_size: int) -> None:
        self._hash_size = hash_size
        self._ids = bytearray()
        self._lengths = array("I")

    def add(self, commit: bytes, named: bytes) -> None:
        """Take in a commit and the joined ids of its tree and parents."""
        self._ids += commit + named
        self._lengths.append(1 + len(named) // self._hash_size)

    def extend(self, other: Lineages) -> None:
        """Take in others."""
        self._ids += other._ids
        self._lengths += other._lengths

    def __iter__(self) -> Iterator[tuple[bytes, ...]]:
        """Yield of each commit its id, its tree's and its parents'."""
        size, at = self._hash_size, 0
        for length in self._lengths:
            end = at + length * size
            yield tuple([bytes(self._ids[i : i + size]) for i in range(at, end, size)])
            at = end


def unchanged_ends(delta: bytes) -> tuple[int, int]:
    """Return how many bytes a delta surely copies from the head and the tail of its base.

    Raises:
        DamagedError: the delta is cut short.
    """
    base_size, _, at = delta_sizes(delta)
    first, last, end, lengths = at, at, len(delta), _LENGTH
    while at < end:
        last = at
        at += lengths[delta[at]]
    head_offset, head = _copied(delta, first)
    tail_offset, tail = _copied(delta, last)
    return (
        head if head_offset == 0 else 0,
        tail if tail_offset + tail == base_size and last > first else 0,
    )


def split_inserts(delta: bytes) -> bytes:
    """Return what a delta inserts if it does so anywhere in two pieces, of 127 bytes at most.

    Pieces that follow one another are joined; a zero stands for what is copied between others.

    Raises:
        DamagedError: the delta is cut short.
    """
    at = delta_sizes(delta)[2]
    parts: list[bytes] = []
    is_split = was_insert = False
    while at < len(delta):
        byte = delta[at]
        if byte > 0x7F:
            at += _COPY_LENGTH[byte]
            parts.append(b"\0")
        else:
            parts.append(delta[at + 1 : at + 1 + byte])
            is_split |= was_insert
            at += byte + 1
        was_insert = byte <= 0x7F
    return b"".join(parts) if is_split else b""


def _copied(delta: bytes, at: int) -> tuple[int, int]:
    """Decode a copy instruction to offset and size; nothing (-1, 0) for an insert."""
    byte = delta[at] if at < len(delta) else 0
    if byte < 0x80:
        return -1, 0
    end = at + _COPY_LENGTH[byte]
    if end > len(delta):
        raise DamagedError("its delta is cut short")
    bits = _OFFSET_BITS.get(byte & 0x7F)
    if bits is not None:
        both = int.from_bytes(delta[at + 1 : end], "little")
        return both & (1 << bits) - 1, both >> bits or 0x10000
    both = 0
    for shift, value in zip(_SHIFTS[byte & 0x7F], delta[at + 1 : end], strict=True):
        both |= value << shift
    return both & 0xFFFFFFFF, both >> 32 or 0x10000

"""Which objects an object names: what a repository must have in order to be whole.

A tree made by a delta names what its base names but for the bytes between the delta's
first and last copy; only that stretch is parsed, so that checking a repository for missing
objects costs little beside reading it.
"""

from __future__ import annotations

import re

from leakscan.git.damage import DamagedError
from leakscan.git.pack import COMMIT, TAG, TREE
from leakscan.git.walk import delta_sizes

_COPY_LENGTH = [(byte & 0x7F).bit_count() + 1 for byte in range(256)]
"""Bytes that a copy instruction takes, by its first byte (gitformat-pack(5))."""


class Links:
    """Parses the object ids in trees, commits and tags.

    Args:
        hash_size: bytes of an object id.
    """

    def __init__(self, hash_size: int) -> None:
        self.hash_size = hash_size
        # A gitlink (mode 160000) names a commit of another repository.
        self._entry = re.compile(
            rb"160000 [^\0]{1,4096}+\0.{%d}|[0-7]{5,6}+ [^\0]{1,4096}+\0(.{%d})"
            % (hash_size, hash_size),
            re.DOTALL,
        )
        self._hex = hash_size * 2

    def all_of(self, kind: int, data: bytes) -> list[bytes]:
        """Return every id that an object of a type names; of a hostile one, what can be."""
        if kind == TREE:
            return self.of_whole_tree(data, None)
        if kind == COMMIT:
            return self.of_commit(data, None)
        return self.of_tag(data, None) if kind == TAG else []

    def of_whole_tree(self, data: bytes, delta: bytes | None) -> list[bytes]:
        """Return the ids in a tree that is stored whole, none of one made by a delta."""
        return [oid for oid in self._entry.findall(data) if oid] if delta is None else []

    def new_in_tree(self, data: bytes, delta: bytes | None) -> list[bytes]:
        """Return the ids in a tree that its delta base may not have, and perhaps some more.

        The result starts at an entry that begins at or before the first byte that was not
        copied from the base's head, so each changed entry is parsed whole.  Should a mode
        string turn up inside an object id, ids that are none may be among the result.
        """
        if delta is None:
            return self.of_whole_tree(data, None)
        head, tail = unchanged_ends(delta)
        start = max(0, data.rfind(b"100644 ", 0, head), data.rfind(b"40000 ", 0, head))
        found = self._entry.findall(data, start, len(data) - tail + self.hash_size)
        return [oid for oid in found if oid]

    def of_commit(self, data: bytes, _delta: bytes | None) -> list[bytes]:
        """Return the ids of a commit's tree and parents."""
        width = self._hex
        named = [data[5 : 5 + width]]
        at = 6 + width
        while data.startswith(b"parent ", at):
            named.append(data[at + 7 : at + 7 + width])
            at += 8 + width
        return self._ids(b"".join(named))

    def of_tag(self, data: bytes, _delta: bytes | None) -> list[bytes]:
        """Return the id of the object that a tag names."""
        return self._ids(data[7 : 7 + self._hex])

    def _ids(self, named: bytes) -> list[bytes]:
        try:
            joined = bytes.fromhex(named.decode())
        except ValueError:
            return []
        size = self.hash_size
        return [joined[at : at + size] for at in range(0, len(joined), size)]


def unchanged_ends(delta: bytes) -> tuple[int, int]:
    """Return how many bytes a delta surely copies from the head and the tail of its base.

    Raises:
        DamagedError: the delta is cut short.
    """
    base_size, _, at = delta_sizes(delta)
    first, last, end = at, at, len(delta)
    while at < end:
        last = at
        byte = delta[at]
        at += _COPY_LENGTH[byte] if byte > 0x7F else byte + 1
    head_offset, head = _copied(delta, first)
    tail_offset, tail = _copied(delta, last)
    return (
        head if head_offset == 0 else 0,
        tail if tail_offset + tail == base_size and last > first else 0,
    )


def _copied(delta: bytes, at: int) -> tuple[int, int]:
    """Decode a copy instruction to offset and size; nothing (-1, 0) for an insert."""
    if at >= len(delta) or delta[at] < 0x80:
        return -1, 0
    byte = delta[at]
    values = [0] * 7
    for bit in range(7):
        if byte >> bit & 1:
            at += 1
            if at >= len(delta):
                raise DamagedError("its delta is cut short")
            values[bit] = delta[at]
    offset = int.from_bytes(values[:4], "little")
    return offset, int.from_bytes(values[4:], "little") or 0x10000

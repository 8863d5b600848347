"""The entries of a tree, and those of them that name something."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Set

_MODE = re.compile(rb"(?=([0-7]{5,6}) )")  # wherever one may begin, within another too

NO_ENTRY = rb"[0-7]{5,6}+ [^\0]{4097,}+"
"""What begins as an entry does and has no end: passed over in one go, not byte by byte."""

_NAME_WINDOW = 300
"""Bytes before an id within which nearly every entry begins."""

_FEW = 8
"""Ids up to which it is faster to look for each than to parse a tree."""


class Entry(NamedTuple):
    """A line of a tree; one of thousands that are hashed and pickled, so a tuple."""

    mode: bytes
    name: bytes
    oid: bytes


def tree_entries(data: bytes, hash_size: int) -> Iterator[Entry]:
    """Parse a tree; stops making sense where a damaged one does."""
    return (Entry(*found) for found in _entry_pattern(hash_size).findall(data) if found[0])


def tree_names(data: bytes, hash_size: int) -> Iterator[tuple[Entry, int, int]]:
    """Parse a tree, with the offsets at which each name begins and ends."""
    for found in _entry_pattern(hash_size).finditer(data):
        if found[1]:
            yield Entry(*found.groups()), *found.span(2)


def _entry_pattern(hash_size: int) -> re.Pattern[bytes]:
    return re.compile(
        rb"([0-7]{5,6}+) ([^\0]{1,4096}+)\0(.{%d})|%b" % (hash_size, NO_ENTRY), re.DOTALL
    )


def entries_naming(oids: Set[bytes], tree: bytes, hash_size: int) -> list[Entry]:
    """Return the entries of a tree that name one of some objects."""
    found: list[Entry] = []
    if len(oids) <= _FEW:
        for at, oid in _ends_of_names(oids, tree):
            entry = _entry_at(tree, at, oid)
            if entry is None:
                break
            found.append(entry)
        else:
            return found
    lines = _entry_pattern(hash_size).findall(tree)
    return [Entry(mode, name, oid) for mode, name, oid in lines if oid in oids]


def _ends_of_names(oids: Iterable[bytes], tree: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield where in a tree each id is preceded by the end of a name, and the id."""
    for oid in oids:
        at = tree.find(b"\0" + oid)
        while at >= 0:
            yield at, oid
            at = tree.find(b"\0" + oid, at + 1)


def _entry_at(tree: bytes, at: int, oid: bytes) -> Entry | None:
    """Return the entry whose name ends at an offset; ``None`` if where it begins is not plain.

    An entry begins with a mode, at the start of the tree or after the id of another; but that
    may look so within a name or an id, too.
    """
    # Neither mode nor name has a zero in it, but the name before does, and ids may.
    low = max(0, at - _NAME_WINDOW)
    begins = [
        found
        for found in _MODE.finditer(tree, tree.rfind(b"\0", low, at) + 1 or low, at)
        if not found.start() or tree[found.start() - len(oid) - 1] == 0
    ]
    if len(begins) != 1:
        return None
    mode = begins[0][1]
    return Entry(mode, tree[begins[0].start() + len(mode) + 1 : at], oid)

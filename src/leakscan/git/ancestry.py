"""Which commits are here, and which they are built on: whether all that was asked for arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakscan.git.ids import object_id
from leakscan.git.links import Links
from leakscan.git.pack import COMMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Set

_HEAD = 100
"""Bytes within which a tag says what it names, and of what type that is."""


class Ancestry:
    """The commits and tags of a pack.

    Args:
        hash_size: bytes of an object id.

    Attributes:
        ids: of all that were added.
        named: parents, and what is tagged.
    """

    def __init__(self, hash_size: int) -> None:
        self._links = Links(hash_size)
        self._hash_size = hash_size
        self.ids: set[bytes] = set()
        self.named: set[bytes] = set()

    def add(self, kind: int, content: bytes) -> None:
        """Take in a commit or a tag."""
        self.ids.add(object_id(kind, content, self._hash_size))
        if kind == COMMIT:
            _tree, *parents = self._links.split(self._links.of_commit(content)) or [b""]
            self.named.update(parents)
        elif b"\ntype commit\n" in content[:_HEAD] or b"\ntype tag\n" in content[:_HEAD]:
            self.named.update(self._links.split(self._links.of_tag(content, None)))

    def extend(self, ids: Iterable[bytes], named: Iterable[bytes]) -> None:
        """Take in what another one knows."""
        self.ids.update(ids)
        self.named.update(named)

    def lacks(self, wanted: Set[bytes]) -> bool:
        """Tell whether something of what is wanted, or named, is not here."""
        return not (self.ids >= wanted and self.ids >= self.named)

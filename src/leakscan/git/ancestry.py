"""Which commits are here, and which they are built on: whether all that was asked for arrived."""

from __future__ import annotations

from binascii import Error, unhexlify
from contextlib import suppress
from typing import TYPE_CHECKING

from leakscan.git.ids import object_id
from leakscan.git.pack import COMMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Set


class Ancestry:
    """The commits and tags of a pack.

    Args:
        hash_size: bytes of an object id.

    Attributes:
        ids: of all that were added.
        named: parents, and what is tagged.
    """

    def __init__(self, hash_size: int) -> None:
        self._hash_size = hash_size
        self._hex = 2 * hash_size
        self.ids: set[bytes] = set()
        self.named: set[bytes] = set()

    def add(self, kind: int, content: bytes) -> None:
        """Take in a commit or a tag."""
        self.ids.add(object_id(kind, content, self._hash_size))
        with suppress(Error):  # what names nothing, as a hostile one may
            if kind == COMMIT:
                at = len(b"tree \n") + self._hex
                while content.startswith(b"parent ", at):
                    at += len(b"parent ")
                    self.named.add(unhexlify(content[at : at + self._hex]))
                    at += self._hex + 1
            elif content.startswith((b"type commit\n", b"type tag\n"), 8 + self._hex):
                at = len(b"object ")
                self.named.add(unhexlify(content[at : at + self._hex]))

    def extend(self, ids: Iterable[bytes], named: Iterable[bytes]) -> None:
        """Take in what another one knows."""
        self.ids.update(ids)
        self.named.update(named)

    def lacks(self, wanted: Set[bytes]) -> bool:
        """Tell whether something of what is wanted, or named, is not here."""
        return not (self.ids >= wanted and self.ids >= self.named)

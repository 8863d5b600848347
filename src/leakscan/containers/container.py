"""What every container can do: give its members, within a budget."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from leakscan.model import Unread

Buffer = bytes | mmap.mmap

CHUNK = 1 << 20
"""Bytes of a member that are unpacked at a time."""

MAX_UNPACKED = 1 << 30
"""Bytes that are unpacked of one blob, with all that is nested in it: a bomb has petabytes."""

MAX_MEMBERS = 100_000
"""Members of one blob that are looked at, with all that is nested in it."""


class SpentError(Exception):
    """Nothing more is to be unpacked of a blob; the message says why."""


class MemberError(Exception):
    """The rest of a member cannot be read; the message says why."""


class Budget:
    """What may be unpacked of one blob.

    Args:
        size: bytes.
        members: how many.
    """

    def __init__(self, size: int = MAX_UNPACKED, members: int = MAX_MEMBERS) -> None:
        self._size, self._members = size, members
        self.left, self._members_left = size, members

    def spend(self, size: int) -> None:
        """Take note of bytes that are unpacked.

        Raises:
            SpentError: they are too many.
        """
        self.left -= size
        if self.left < 0:
            raise SpentError(f"it unpacks to more than {self._size >> 20} MiB")

    def enter(self) -> None:
        """Take note of a member.

        Raises:
            SpentError: there are too many.
        """
        self._members_left -= 1
        if self._members_left < 0:
            raise SpentError(f"it has more than {self._members:,} members")


@dataclass(frozen=True, slots=True)
class Member:
    """What a container holds.

    Attributes:
        name: what the container calls it, made readable.
        chunks: its content, in pieces of up to `CHUNK` bytes; to be read before the next member
            is asked for.  Raises `MemberError` or `SpentError` where it cannot be read on.
    """

    name: str
    chunks: Iterable[bytes]


def pieces(content: bytes, budget: Budget) -> Iterator[bytes]:
    """Yield what is held whole in pieces of up to `CHUNK` bytes.

    Raises:
        SpentError: the budget does not allow more.
    """
    for at in range(0, len(content), CHUNK):
        piece = content[at : at + CHUNK]
        budget.spend(len(piece))
        yield piece


class Format(Protocol):
    """One kind of container."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def hides(self) -> bool:
        """Whether it must be opened to be searched, since its bytes do not show what it holds.

        What shows it is opened only to say better where something was found.
        """
        ...

    def members(self, data: Buffer, budget: Budget) -> Iterator[Member | Unread]:
        """Yield what it holds, and what of that cannot be read.

        Args:
            data: the container.
            budget: told of each member and of each piece.

        Raises:
            SpentError: the budget does not allow more.
        """
        ...

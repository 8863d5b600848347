"""Python's pickles: their strings, without the codes that stand before and after them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from leakscan.containers.container import CHUNK, Member, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.containers.container import Budget, Buffer
    from leakscan.model import Unread

MAX_SIZE = 256 << 20
"""Bytes of a pickle that is taken apart.  Of a larger one it is only less well said where
something stands."""

_HEAD = re.compile(
    rb"\x80(?:[\x02\x03][()}\]NcJKMGUTXBCVSIFLl\x88\x89\x8a\x8b\x80q.]"
    rb"|[\x04\x05](?:\x95.{6}\0\0|[)}\]NKMJ\x88\x89\x8c\x8fC]))",
    re.DOTALL,
)


def looks_like(data: Buffer) -> bool:
    """Whether it begins as a pickle of protocol 2 or later does; older ones have no such mark."""
    return _HEAD.match(data) is not None


class Pickle:
    """A pickle, or several one after the other (https://docs.python.org/3/library/pickletools.html).

    Nothing is unpickled, which could run anything.
    """

    name = "pickle"
    hides = False

    def members(self, data: Buffer, budget: Budget) -> Iterator[Member | Unread]:
        """Yield all strings as one member, as far as there is a pickle, each on its own lines.

        Args:
            data: the file.
            budget: told of each piece.

        Raises:
            SpentError: the budget does not allow more.
        """
        if len(data) <= MAX_SIZE:
            budget.enter()
            yield Member("strings", _pieces(data, budget))


def _pieces(data: Buffer, budget: Budget) -> Iterator[bytes]:
    kept, size = [], 0
    for string in _strings(data):
        kept.append(string)
        size += len(string) + 1
        if size >= CHUNK:
            yield from _joined(kept, budget)
            kept, size = [], 0
    yield from _joined(kept, budget)


def _joined(strings: list[bytes], budget: Budget) -> Iterator[bytes]:
    text = b"".join([string + b"\n" for string in strings])
    return pieces(text, budget)


def _strings(data: Buffer) -> Iterator[bytes]:
    """Yield the strings, until it ends or is no pickle any more: its bytes were searched."""
    import io
    import pickletools
    import struct

    file = io.BytesIO(data)
    size = len(data)
    try:
        while file.tell() < size:
            for _, argument, _ in pickletools.genops(file):
                if isinstance(argument, str):
                    yield argument.encode("utf-8", "replace")
                elif isinstance(argument, bytes | bytearray):
                    yield bytes(argument)
    except (ValueError, struct.error, OverflowError, MemoryError):
        return

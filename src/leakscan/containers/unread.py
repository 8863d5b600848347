"""Archives that hide what they hold, and that nothing here reads: it is said that they are not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from leakscan.model import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.containers.container import Budget, Buffer


class _Unread:
    """A kind of archive.

    Args:
        name: what people call it.
    """

    hides = True

    def __init__(self, name: str) -> None:
        self.name = name

    def members(self, _data: Buffer, _budget: Budget) -> Iterator[Unread]:
        """Yield that nothing of it was read."""
        yield Unread("", f"{self.name} is not read")


Rar = partial(_Unread, "RAR")
Cab = partial(_Unread, "a cabinet file")
Rpm = partial(_Unread, "RPM")
Lz4 = partial(_Unread, "LZ4")
Lzop = partial(_Unread, "lzop")
Lzip = partial(_Unread, "lzip")
Compress = partial(_Unread, "compress (.Z)")
SquashFs = partial(_Unread, "SquashFS")


def looks_like(data: Buffer) -> bool:
    """Whether it is one: its magic number is long enough to tell."""
    return len(data) > _HEADER


def is_lz4(data: Buffer) -> bool:
    """Whether a frame of LZ4 begins there, of the only version that there is."""
    return data[4] >> 6 == 1


def is_compress(data: Buffer) -> bool:
    """Whether compress(1) says of how many bits its codes are, and nothing that it never says."""
    return not data[2] & 0x60 and 9 <= data[2] & 0x1F <= 16


def is_squash_fs(data: Buffer) -> bool:
    """Whether its superblock is of version 4, which all have that are not very old."""
    return data[28:32] == b"\4\0\0\0"


_HEADER = 20

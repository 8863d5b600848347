"""What a zip holds, by its directory or, where that is missing, by the headers of its members.

Not with `zipfile`: it makes an object for every entry before it gives the first, takes several
times as long for it, and gives nothing of a zip that is cut short (APPNOTE.TXT 6.3.10 is what
both follow).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.containers.container import Buffer

LOCAL, _ENTRY, _END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
_END64, _LOCATOR = b"PK\6\6", b"PK\6\7"

SPANNED = (b"PK\x07\x08", b"PK00")
"""What may stand before the first member; tools that could split an archive put it there."""

_LOCAL_FIELDS = struct.Struct("<4x3H4x3L2H")
"""Version, flags, method; check sum, sizes; lengths of name and extra fields."""

_ENTRY_FIELDS = struct.Struct("<6x3H4x3L3H8xL")
"""Version, flags, method; check sum, sizes; lengths of name, extra fields, comment; offset."""

_END_FIELDS = struct.Struct("<4x4x2x H2L H")
"""Number of entries, size and offset of the directory, length of the comment."""

_LONGEST_COMMENT = 0xFFFF

_MOST_ENDS = 100
"""Places that are tried, since a comment, or what follows, may look like an end, too."""

_ZIP64 = 1
_ABSENT = 0xFFFFFFFF
"""Stands for a number that is in the extra field for large archives."""

_UNKNOWN_YET = 8
"""Flag: sizes and check sum follow the content, and the header before it has zeros."""


_LAST_VERSION, _LAST_METHOD = 99, 99
"""No header has larger numbers; the newest are 6.3 and 99."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a member.

    Attributes:
        start: where its content begins; ``None`` if no header stands there.
        packed: bytes that the content takes there; ``None`` if only the content tells.
        size: bytes that it unpacks to, by what is claimed; ``None`` as above.
        crc: check sum of what it unpacks to; ``None`` as above.
    """

    name: bytes
    flags: int
    method: int
    start: int | None
    packed: int | None
    size: int | None
    crc: int | None


@dataclass(frozen=True, slots=True)
class Directory:
    """Where the directory is.

    Attributes:
        shift: bytes that stand before the archive, as a program that unpacks itself does.
        count: number of its entries; modulo 65536 in a small one.
    """

    start: int
    end: int
    shift: int
    count: int


def find_directory(data: Buffer) -> Directory | None:
    """Find the directory by its end; ``None`` if there is none, or it is not this archive's.

    A stored zip in one that is cut short has a directory, too, but one that cannot lead to the
    member at the very beginning.
    """
    first = max(0, len(data) - _LONGEST_COMMENT - _END_FIELDS.size)
    at, empty = len(data), None
    for _ in range(_MOST_ENDS):
        at = data.rfind(_END, first, at)
        if at < 0:
            break
        directory = _directory_at(data, at)
        if directory and directory.count:
            return directory
        empty = empty or directory
    return empty


def _directory_at(data: Buffer, at: int) -> Directory | None:
    """Return the directory that its end leads to, if that stands at an offset."""
    if at + _END_FIELDS.size > len(data):
        return None
    count, size, offset, _ = _END_FIELDS.unpack_from(data, at)
    end = at
    if data[max(0, at - 20) : max(0, at - 16)] == _LOCATOR:
        end64 = int.from_bytes(data[at - 12 : at - 4], "little")
        if data[end64 : end64 + 4] != _END64:
            end64 = at - 76
        if end64 >= 0 and data[end64 : end64 + 4] == _END64:
            head = data[end64 + 32 : end64 + 56]
            count, size, offset = struct.unpack("<3Q", head) if len(head) == 24 else (0, 0, 0)
            end = end64
    for start in (end - size, offset):
        stands = data[start : start + 4] == _ENTRY or (start == end and not count)
        if 0 <= start <= end and stands:
            if start != offset and data[:4] == LOCAL:
                return None
            return Directory(start, end, start - offset, count)
    return None


def entries(data: Buffer, directory: Directory) -> Iterator[Entry]:
    """Yield what the directory tells; it may end before it should."""
    at = directory.start
    while at + 46 <= directory.end and data[at : at + 4] == _ENTRY:
        _, flags, method, crc, packed, size, *lengths, offset = _ENTRY_FIELDS.unpack_from(data, at)
        at += 46
        name = data[at : at + lengths[0]]
        if _ABSENT in (packed, size, offset):
            extra = data[at + lengths[0] : at + lengths[0] + lengths[1]]
            size, packed, offset = _large(extra, size, packed, offset)
        at += sum(lengths)
        start = _start(data, offset + directory.shift)
        yield Entry(name, flags, method, start, packed, size, crc)


def is_whole(directory: Directory, count: int) -> bool:
    """Whether as many entries were read as the directory says that it has."""
    return count == directory.count or count & 0xFFFF == directory.count


def next_local(data: Buffer, at: int) -> Entry | None:
    """Find the next member by its own header, from an offset on."""
    while (at := data.find(LOCAL, at)) >= 0:
        entry = local(data, at)
        if entry:
            return entry
        at += len(LOCAL)
    return None


def local(data: Buffer, at: int) -> Entry | None:
    """Parse the header that stands before a member; ``None`` if there is none."""
    if data[at : at + 4] != LOCAL or at + 30 > len(data):
        return None
    version, flags, method, crc, packed, size, *lengths = _LOCAL_FIELDS.unpack_from(data, at)
    if version & 0xFF > _LAST_VERSION or not lengths[0] or method > _LAST_METHOD:
        return None
    start = at + 30 + sum(lengths)
    name = data[at + 30 : at + 30 + lengths[0]]
    if _ABSENT in (packed, size):
        size, packed, _ = _large(data[at + 30 + lengths[0] : start], size, packed, 0)
    if flags & _UNKNOWN_YET and not packed:
        return Entry(name, flags, method, start, None, None, None)
    return Entry(name, flags, method, start, packed, size, crc)


def _start(data: Buffer, at: int) -> int | None:
    """Return where the content begins that a header stands before."""
    if not 0 <= at <= len(data) - 30 or data[at : at + 4] != LOCAL:
        return None
    name, extra = struct.unpack_from("<2H", data, at + 26)
    return at + 30 + int(name) + int(extra)


def _large(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Take the numbers that are too large for their fields from the extra ones."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == _ZIP64:
            count = min(length, len(extra) - at - 4) // 8
            numbers = iter(struct.unpack_from(f"<{count}Q", extra, at + 4))
            size, packed, offset = (
                next(numbers, number) if number == _ABSENT else number
                for number in (size, packed, offset)
            )
            break
        at += 4 + length
    return size, packed, offset

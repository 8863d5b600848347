"""tar: ustar, GNU's and pax's long names, and the old format without a magic number.

Not with `tarfile`, which takes several times as long for a member and reads no further than the
first damage.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.containers.container import Member
from leakscan.containers.decompress import CUT_SHORT, stored
from leakscan.git.texts import readable
from leakscan.model import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.containers.container import Budget, Buffer

_BLOCK = 512
_MAGIC, _MAGIC_AT = b"ustar", 257
_POSIX = b"ustar\0"
"""The magic number of a header with room for the first part of a name; GNU's is another."""

_LONGEST_NOTE = 1 << 20
"""Bytes that are read of a long name, or of the keywords for one member."""

_LINKS = b"12"
_WITHOUT_CONTENT = b"3456"
"""Devices, directories and pipes: none follows, whatever size they claim."""

_LONG_NAME, _LONG_LINK, _KEYWORDS, _KEYWORDS_FOR_ALL, _SPARSE = b"L", b"K", b"x", b"g", b"S"
_NOTES = b"LKxXg"
"""What is no member, but says something of the next."""


@dataclass(slots=True)
class _Entry:
    """What headers say of one member."""

    name: bytes
    link: bytes
    kind: bytes
    size: int

    def take(self, notes: dict[bytes, bytes]) -> None:
        """Take what stands in headers before its own, which have no room for it."""
        self.name = notes.get(b"GNU.sparse.name", notes.get(b"path", self.name))
        self.link = notes.get(b"linkpath", self.link)
        size = notes.get(b"size", b"")
        if size.isdigit() and len(size) <= 20:
            self.size = int(size)
        if self.kind in _LINKS + _WITHOUT_CONTENT:
            self.size = 0


class Tar:
    """A tar, not compressed."""

    name = "tar"
    hides = True

    def members(self, data: Buffer, budget: Budget) -> Iterator[Member | Unread]:
        """Yield its members in their order; see `Format.members`.

        A link's content is where it leads; devices and directories have a name only.  Sparse
        files are given as they are stored, without their holes.
        """
        at = 0
        notes: dict[bytes, bytes] = {}
        while at < len(data):
            entry = _entry(data[at : at + _BLOCK])
            if entry is None:
                at, fault = _resumption(data, at)
                if fault:
                    yield Unread("", fault)
                notes = {}
                continue
            budget.enter()
            at += _BLOCK
            if entry.kind in _NOTES:
                _note(entry.kind, data[at : at + min(entry.size, _LONGEST_NOTE)], notes)
            else:
                entry.take(notes)
                notes = {}
                if entry.kind == _SPARSE:
                    at = _past_map(data, at)
                yield Member(readable(entry.name), _content(data, at, entry, budget))
            at += -(-entry.size // _BLOCK) * _BLOCK


def looks_like(data: Buffer) -> bool:
    """Whether it begins with a header, whose check sum is right."""
    return _entry(data[:_BLOCK]) is not None


def _content(data: Buffer, at: int, entry: _Entry, budget: Budget) -> Iterator[bytes]:
    if entry.kind in _LINKS:
        budget.spend(len(entry.link))
        yield entry.link
        return
    yield from stored(data, at, at + entry.size, budget)


def _entry(block: bytes) -> _Entry | None:
    """Parse a header; ``None`` if it is none."""
    if len(block) < _BLOCK or not _is_sound(block):
        return None
    size = _number(block[124:136])
    if size is None:
        return None
    name = block[:100].partition(b"\0")[0]
    if block[257:263] == _POSIX and block[345]:
        name = block[345:500].partition(b"\0")[0] + b"/" + name
    return _Entry(name, block[157:257].partition(b"\0")[0], block[156:157], size)


def _is_sound(block: bytes) -> bool:
    """Whether the check sum is right: of the bytes, or of the bytes taken as signed."""
    claimed = _number(block[148:156])
    if not claimed:
        return False
    summed = block[:148] + b" " * 8 + block[156:]
    # The lower half of Adler-32 is 1 + the sum, modulo 65521; sum() takes ten times as long
    total = (zlib.adler32(summed) & 0xFFFF) - 1
    if total == claimed % 65521:
        return True
    high = len(summed.translate(None, bytes(range(128))))
    return bool(high) and (claimed - total + 256 * high) % 65521 == 0


def _number(field: bytes) -> int | None:
    """Read a number: octal digits, or GNU's large ones; ``None`` if it is neither."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.partition(b"\0")[0].strip(b" ")
    if not digits:
        return 0
    return int(digits, 8) if not digits.translate(None, b"01234567") else None


def _note(kind: bytes, content: bytes, notes: dict[bytes, bytes]) -> None:
    """Keep what a header says of the next member."""
    if kind == _LONG_NAME:
        notes[b"path"] = content.partition(b"\0")[0]
    elif kind == _LONG_LINK:
        notes[b"linkpath"] = content.partition(b"\0")[0]
    elif kind != _KEYWORDS_FOR_ALL:
        at = 0
        while found := re.compile(rb"(\d{1,7}) ([^=]+)=").match(content, at):
            end = at + int(found[1])
            if end <= found.end():
                break
            notes[found[2]] = content[found.end() : end - 1]
            at = end


def _past_map(data: Buffer, at: int) -> int:
    """Return where a sparse file begins: behind the further blocks of its map (GNU's format)."""
    more = data[at - _BLOCK + 482 : at - _BLOCK + 483]
    while more and more != b"\0":
        more = data[at + 504 : at + 505]
        at += _BLOCK
    return at


def _resumption(data: Buffer, at: int) -> tuple[int, str | None]:
    """Say where to go on after what is no header, and what is wrong with that.

    The end is marked with zeros; another tar may follow them, or what is no tar at all, and that
    is searched as the bytes that it is.
    """
    found = re.compile(rb"[^\0]").search(data, at)
    if not found:
        return len(data), None
    block = found.start() - (found.start() - at) % _BLOCK
    following = _next_header(data, block)
    if following == block:
        return following, None
    if block > at and following >= len(data):
        return following, None
    cut = at + _BLOCK > len(data)
    return following, CUT_SHORT if cut else f"it is damaged from byte {at:,} on"


def _next_header(data: Buffer, at: int) -> int:
    """Return where the next header with a magic number stands, at a distance of whole blocks."""
    while True:
        found = data.find(_MAGIC, at + _MAGIC_AT)
        if found < 0:
            return len(data)
        at += -(-(found - _MAGIC_AT - at) // _BLOCK) * _BLOCK
        block = data[at : at + _BLOCK]
        if block[_MAGIC_AT : _MAGIC_AT + len(_MAGIC)] == _MAGIC and _entry(block):
            return at
        if at == found - _MAGIC_AT:
            at += _BLOCK

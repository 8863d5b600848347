"""ar: Debian's packages and static libraries (https://en.wikipedia.org/wiki/Ar_(Unix))."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakscan.containers.container import Member
from leakscan.containers.decompress import CUT_SHORT, DAMAGED, stored
from leakscan.git.texts import readable
from leakscan.model import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.containers.container import Budget, Buffer

MAGIC = b"!<arch>\n"

_HEADER, _END = 60, b"`\n"
_BSD = b"#1/"
"""Begins a name that says how long the name at the beginning of the content is."""

_LONGEST_NAME = 4096

_NAMES = b"//"
"""The member that long names stand in, in GNU's; others have their offset in it."""


class Ar:
    """An archive of ar."""

    name = "ar"
    hides = True

    def members(self, data: Buffer, budget: Budget) -> Iterator[Member | Unread]:
        """Yield its members in their order; see `Format.members`."""
        at = len(MAGIC)
        names = b""
        while at < len(data):
            header = data[at : at + _HEADER]
            size = header[48:58].strip()
            if len(header) < _HEADER or header[58:] != _END or not size.isdigit():
                yield Unread("", DAMAGED if header[58:60] == _END else CUT_SHORT)
                return
            budget.enter()
            start = at + _HEADER
            end = start + int(size)
            name = header[:16].rstrip(b" ")
            if name == _NAMES:
                names = data[start : min(end, start + (1 << 20))]
            else:
                name, start = _named(data, name, names, start)
                yield Member(readable(name), stored(data, start, end, budget))
            at = end + (end & 1)


def looks_like(data: Buffer) -> bool:
    """Whether it is one, with a first member or none."""
    return len(data) == len(MAGIC) or data[66:68] == _END


def _named(data: Buffer, name: bytes, names: bytes, start: int) -> tuple[bytes, int]:
    """Return the whole name of a member, and where its content begins."""
    if name.startswith(_BSD) and name[3:].isdigit():
        length = min(int(name[3:]), _LONGEST_NAME)
        return data[start : start + length].rstrip(b"\0"), start + length
    if name.startswith(b"/") and name[1:].isdigit():
        return names[int(name[1:]) :].partition(b"/\n")[0][:_LONGEST_NAME], start
    return name.removesuffix(b"/"), start

"""Search what containers hold, and what those hold in turn, to a depth and within a budget."""

from __future__ import annotations

import mmap
import tempfile
from dataclasses import replace
from itertools import chain
from typing import IO, TYPE_CHECKING, Protocol

from leakscan.containers import recognise
from leakscan.containers.container import Budget, Member, MemberError, SpentError
from leakscan.model import Match, Unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from leakscan.containers.container import Buffer, Format

MAX_NESTING = 8
"""Containers within one another that are opened: a quine holds itself for ever."""

MOST_UNREAD = 100
"""Parts of one blob that are named if they cannot be read; the others are counted."""

WHOLE = 16 << 20
"""Bytes up to which a member is searched in one piece."""


class _Searcher(Protocol):
    def search(self, data: bytes) -> list[Match]: ...

    def search_bytes(self, chunks: Iterable[bytes]) -> Iterator[Match]: ...


class Inside:
    """Searches a blob that may be a container, its members, and theirs.

    Args:
        searcher: what to search bytes with.
    """

    def __init__(self, searcher: _Searcher) -> None:
        self._searcher = searcher
        self._budget = Budget()
        self._depth = 0
        self._unread = 0

    def open(
        self, data: Buffer, container: Format, found: Iterable[Match]
    ) -> Iterator[Match | Unread]:
        """Yield what is in a container; of what its bytes show, only what is not in it.

        Args:
            data: the container.
            container: what it is.
            found: in its bytes.
        """
        secrets: set[tuple[str, str]] = set()
        is_outermost = not self._depth
        try:
            for item in self._members(data, container):
                if isinstance(item, Match):
                    secrets.add((item.rule, item.secret.reveal()))
                    yield item
                elif is_outermost:
                    self._unread += 1
                if isinstance(item, Unread) and self._unread <= MOST_UNREAD:
                    yield item
        except SpentError as error:
            if not is_outermost:
                raise
            yield Unread("", str(error))
        if is_outermost and self._unread > MOST_UNREAD:
            yield Unread("", f"{self._unread - MOST_UNREAD} more of its members cannot be read")
        yield from (one for one in found if (one.rule, one.secret.reveal()) not in secrets)

    def search_stream(self, chunks: Iterable[bytes]) -> Iterator[Match | Unread]:
        """Search what is too long to hold; a container is kept in a file meanwhile.

        Args:
            chunks: its pieces, in order.
        """
        pieces = iter(chunks)
        first = next(pieces, b"")
        container = recognise(first)
        if container is None or not container.hides:
            yield from self._searcher.search_bytes(chain([first], pieces))
            return
        try:
            with tempfile.TemporaryFile() as file:
                kept = _kept(chain([first], pieces), file)
                found = list(self._searcher.search_bytes(kept))
                file.flush()
                # Not closed: what has looked at it may still hold a view.
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                yield from self.open(data, container, found)
        except OSError as error:
            yield Unread("", f"there is no room to open it: {error.strerror}")

    def _members(self, data: Buffer, container: Format) -> Iterator[Match | Unread]:
        if self._depth == MAX_NESTING:
            yield Unread("", f"it lies in {MAX_NESTING} containers, one in another")
            return
        self._depth += 1
        try:
            for item in container.members(data, self._budget):
                if isinstance(item, Unread):
                    yield item
                    continue
                for match in self._searcher.search(item.name.encode(errors="replace")):
                    yield replace(match, within=item.name)
                for found in self._in_member(item):
                    yield replace(found, within=_joined(item.name, found.within))
        finally:
            self._depth -= 1

    def _in_member(self, member: Member) -> Iterator[Match | Unread]:
        faults: list[str] = []
        chunks = _sound(member.chunks, faults)
        pieces: list[bytes] = []
        size = 0
        for chunk in chunks:
            pieces.append(chunk)
            size += len(chunk)
            if size > WHOLE:
                yield from self.search_stream(chain(pieces, chunks))
                break
        else:
            whole = b"".join(pieces)
            matches = self._searcher.search(whole)
            container = recognise(whole)
            if container and (container.hides or matches):
                yield from self.open(whole, container, matches)
            else:
                yield from matches
        yield from (Unread("", fault) for fault in faults)


def _sound(chunks: Iterable[bytes], faults: list[str]) -> Iterator[bytes]:
    """Yield what can be read of a member, and note why it ends too early, if it does."""
    try:
        yield from chunks
    except MemberError as error:
        faults.append(str(error))


def _kept(chunks: Iterable[bytes], file: IO[bytes]) -> Iterator[bytes]:
    """Yield the pieces, and write them down."""
    for chunk in chunks:
        file.write(chunk)
        yield chunk


def _joined(name: str, within: str | None) -> str:
    """Return the way through one member into another."""
    return f"{name}!/{within}" if name and within else name or within or ""

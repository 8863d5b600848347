"""Search what containers hold, and what those hold in turn, to a depth and within a budget."""

from __future__ import annotations

import mmap
import tempfile
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Protocol, TypeVar

from leakscan.containers import BEGINNING, may_begin_container, recognise
from leakscan.containers.container import Budget, Member, MemberError, SpentError
from leakscan.detect.redaction import without_encoded
from leakscan.model import Match, Unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import FileIO
    from types import TracebackType

    from leakscan.containers.container import Buffer, Format
    from leakscan.detect.looked import Looked

_Part = TypeVar("_Part")

MAX_NESTING = 8
"""Containers within one another that are opened: a quine holds itself for ever."""

MOST_UNREAD = 100
"""Parts of one blob that are named if they cannot be read; the others are counted."""

_UNFORESEEN = "it is like nothing that leakscan knows how to read: "

WHOLE = 16 << 20
"""Bytes up to which a member is searched in one piece."""

CONTENT = "content"
"""What a member without a name is called, as in most files that were compressed: the line is one
of what they hold, and not of the compressed file itself."""


class _Searcher(Protocol):
    def search(self, data: bytes) -> list[Match]: ...

    def look(self, data: bytes) -> Looked: ...

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
        left_out = 0
        try:
            for item in self._members(data, container):
                if isinstance(item, Match):
                    secrets.add((item.rule, item.secret.reveal()))
                elif is_outermost:
                    self._unread += 1
                    if self._unread > MOST_UNREAD:
                        left_out += 1
                        continue
                yield item
        except SpentError as error:
            if not is_outermost:
                raise
            yield Unread("", str(error))
        if left_out:
            yield Unread("", f"{left_out} more of its members cannot be read")
        yield from (one for one in found if (one.rule, one.secret.reveal()) not in secrets)

    def open_within(self, data: bytes) -> tuple[str, list[Match | Unread]] | None:
        """Open what stands, written as text, in what is open now, as if it was a member of that.

        Both share one budget, and are counted as one in the other.

        Args:
            data: what was decoded.

        Returns:
            What kind of container it is, and what is in it; ``None`` if it is none that hides it.

        Raises:
            SpentError: the budget does not allow more, and something is open that tells so.
        """
        container = recognise(data, hiding=True)
        if container is None:
            return None
        return container.name, list(self.open(data, container, ()))

    def search_stream(self, chunks: Iterable[bytes]) -> Iterator[Match | Unread]:
        """Search what is too long to hold; what may be a container is kept in a file meanwhile.

        One that does not hide what it holds is not opened.  If the chunks fail, what was found
        until then is yielded before.

        Args:
            chunks: its pieces of any size, in order.
        """
        pieces = iter(chunks)
        first = _beginning(pieces)
        whole = chain((first,), pieces)
        if not may_begin_container(first):
            yield from self._searcher.search_bytes(whole)
            return
        found: list[Match] = []
        with _Copy() as copy:
            try:
                found.extend(self._searcher.search_bytes(copy.of(whole)))
            except Exception:
                yield from found
                raise
            data = copy.data()
        if data is None:
            yield from found
            yield Unread("", f"there is no room to open it: {copy.fault}")
        elif container := recognise(data, hiding=True):
            yield from self.open(data, container, found)
        else:
            yield from found

    def _members(self, data: Buffer, container: Format) -> Iterator[Match | Unread]:
        if self._depth == MAX_NESTING:
            yield Unread("", f"it lies in {MAX_NESTING} containers, one in another")
            return
        self._depth += 1
        try:
            faults: list[str] = []
            for item in _sound(container.members(data, self._budget), faults):
                called = item.within if isinstance(item, Unread) else item.name
                raw = called.encode(errors="replace")
                in_name = self._searcher.search(raw)
                name = without_encoded(raw, in_name).decode(errors="replace") if in_name else called
                if isinstance(item, Unread):
                    yield replace(item, within=name)
                    continue
                for match in in_name:
                    yield replace(match, within=name)
                for found in self._in_member(item):
                    within = _joined(name, found.within)
                    if isinstance(found, Match):
                        within = within or CONTENT
                    yield replace(found, within=within)
            yield from (Unread("", fault) for fault in faults)
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
            looked = self._searcher.look(whole)
            if container := recognise(whole, hiding=not looked.is_suspect):
                yield from self.open(whole, container, looked.found)
            else:
                yield from looked.found
        yield from (Unread("", fault) for fault in faults)


def _sound(parts: Iterable[_Part], faults: list[str]) -> Iterator[_Part]:
    """Yield what can be read of something, and note why it ends too early, if it does."""
    try:
        yield from parts
    except MemberError as error:
        faults.append(str(error))
    except SpentError:
        raise
    except Exception as error:  # noqa: BLE001 - what one file is made of must not end the scan
        faults.append(_UNFORESEEN + type(error).__name__)


def _beginning(pieces: Iterator[bytes]) -> bytes:
    """Take so many pieces that they show whether a container may begin so."""
    first = b""
    for piece in pieces:
        first += piece
        if len(first) >= BEGINNING:
            break
    return first


class _Copy:
    """Keeps what passes through in a file, as long as there is room; for a ``with`` block.

    Attributes:
        fault: why there is no copy; empty if there is one.
    """

    def __init__(self) -> None:
        self.fault = ""
        self._file: FileIO | None = None

    def __enter__(self) -> _Copy:
        try:
            # Without a buffer, which would fail once more when it is closed.
            self._file = tempfile.TemporaryFile(buffering=0)
        except OSError as error:
            self._give_up(error)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _where: TracebackType | None,
    ) -> None:
        if self._file:
            self._file.close()

    def of(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the pieces, and write them down."""
        for chunk in chunks:
            self._write(chunk)
            yield chunk

    def data(self) -> mmap.mmap | None:
        """Return all that was written down; ``None`` if that is not all."""
        if not self._file:
            return None
        try:
            # Not closed: what has looked at it may still hold a view.
            return mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            self._give_up(error)
            return None

    def _write(self, chunk: bytes) -> None:
        rest = memoryview(chunk)
        try:
            while self._file and rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        """Leave the room to others that was taken."""
        self.fault = error.strerror or str(error)
        if self._file:
            self._file.close()
        self._file = None


def _joined(name: str, within: str | None) -> str:
    """Return the way through one member into another."""
    return f"{name}!/{within}" if name and within else name or within or ""

"""PDF: its streams, and the text that its pages show.

Text on a page stands in no order that a search would find: it is compressed, in the numbers of
glyphs, and cut to pieces where letters are kerned.  Streams are found by looking for them
(pdf_objects.py), undone (pdf_filters.py), and pages are read with the maps of their fonts
(pdf_fonts.py, pdf_text.py).

pypdf reads the same at a tenth of the speed, believes the cross-reference table of a sound file,
and so does not see what was deleted from it.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from leakscan.containers.container import MAX_MEMBERS, Member, MemberError, pieces
from leakscan.containers.pdf_filters import PICTURES, decoded, filters
from leakscan.containers.pdf_fonts import Fonts
from leakscan.containers.pdf_objects import Objects, Ref
from leakscan.containers.pdf_text import shows_text, text_of
from leakscan.model import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leakscan.containers.container import Budget, Buffer
    from leakscan.containers.pdf_fonts import Font
    from leakscan.containers.pdf_objects import Stream, Value

MAX_PAGE = 64 << 20
"""Bytes of a decoded page, which is held whole; most have some ten thousand."""

MAX_TEXT = 32 << 20
"""Bytes of operations on text that are carried out of a document: a second's work for each one to
thirty million.  A thousand pages have ten million."""

MAX_PACKED = 64 << 20
"""Bytes of decoded object streams that are held, to look up fonts in."""

MAX_MAP = 1 << 20
"""Bytes of a ToUnicode map that are read; one of all of Unicode has half of that."""

_HEAD = re.compile(rb"%PDF-[0-9]\.[0-9]")


def looks_like(data: Buffer) -> bool:
    """Whether it begins as a PDF does."""
    return _HEAD.match(data) is not None


class Pdf:
    """The Portable Document Format (ISO 32000-1)."""

    name = "PDF"
    hides = True

    def members(self, data: Buffer, budget: Budget) -> Iterator[Member | Unread]:
        """Yield the text of pages and the content of other streams; pictures are left out.

        Args:
            data: the file.
            budget: told of each member and of each piece.

        Raises:
            SpentError: the budget does not allow more.
        """
        objects = Objects(data)
        objects.scan(MAX_MEMBERS)
        if objects.is_encrypted:
            yield Unread("", "it is encrypted")
            return
        yield from _Document(objects, memoryview(data), budget).members()


class _Document:
    def __init__(self, objects: Objects, view: memoryview, budget: Budget) -> None:
        self._objects = objects
        self._view = view
        self._budget = budget
        self._streams = {stream.number: stream for stream in objects.streams}
        self._fonts = Fonts(objects, self._map)
        self._text_left = MAX_TEXT
        self._holders: dict[int, Mapping[bytes, Value]] = {}

    def members(self) -> Iterator[Member | Unread]:
        packed = self._unpack()
        self._find_pages()
        for stream in self._objects.streams:
            try:
                if _is_picture(stream):
                    continue
                self._budget.enter()
                if stream.start in packed:
                    yield Member(_name(stream), pieces(packed[stream.start], self._budget))
                elif stream.number in self._holders:
                    yield Member(_name(stream), self._page(stream))
                else:
                    yield from self._other(stream)
            except MemberError as error:
                yield Unread(_name(stream), str(error))

    def _unpack(self) -> dict[int, bytes]:
        """Decode the object streams, and note what they hold; return them by their places."""
        packed: dict[int, bytes] = {}
        left = MAX_PACKED
        for stream in self._objects.streams:
            if stream.says(b"ObjStm") and left > 0:
                try:
                    content = b"".join(self._decoded(stream))
                except MemberError:
                    continue  # said when it is asked for
                left -= len(content)
                packed[stream.start] = content
                self._objects.take_in(content, stream.dictionary)
        return packed

    def _find_pages(self) -> None:
        """Note which streams are pages, and what holds the fonts of each."""
        for stream in self._objects.streams:
            if stream.says(b"Form") and stream.says(b"BBox"):
                self._holders[stream.number] = self._objects.dictionary(Ref(stream.number))
        for page in self._objects.holders(b"/Contents"):
            for content in self._objects.items(page[b"/Contents"]):
                if isinstance(content, Ref):
                    self._holders[content.number] = page

    def _page(self, stream: Stream) -> Iterator[bytes]:
        fonts = self._fonts.of(self._holders[stream.number])
        return self._text(self._decoded(stream), fonts)

    def _other(self, stream: Stream) -> Iterator[Member | Unread]:
        """Yield what is no page that is known, and its text should it be one nevertheless."""
        content = self._decoded(stream)
        first = next(content, b"")
        yield Member(_name(stream), chain((first,), content))
        if not re.search(rb"/(?:Type|Subtype|Length1)", stream.dictionary) and shows_text(first):
            self._budget.enter()
            yield Member(_name(stream), self._text(self._decoded(stream), self._any_fonts()))

    def _any_fonts(self) -> Mapping[bytes, Font]:
        """Return the fonts of all pages by name, for a page that no other object mentions."""
        found: dict[bytes, Font] = {}
        for holder in self._holders.values():
            found.update(self._fonts.of(holder))
        return found

    def _text(self, page: Iterator[bytes], fonts: Mapping[bytes, Font]) -> Iterator[bytes]:
        """Yield the text of a page; of a damaged one what there is.

        Raises:
            MemberError: the page is damaged, or pages are too long to be read.
        """
        content, size, fault = [], 0, None
        try:
            for piece in page:
                size += len(piece)
                if size > MAX_PAGE:
                    raise MemberError(f"it has more than {MAX_PAGE >> 20} MiB")
                content.append(piece)
        except MemberError as error:
            fault = error
        text, done = text_of(b"".join(content), fonts, self._text_left)
        if done > self._text_left:
            fault = MemberError(f"its pages have more than {MAX_TEXT >> 20} MiB of text")
        self._text_left = max(self._text_left - done, 0)
        yield from pieces(text.encode("utf-8", "replace"), self._budget)
        if fault:
            raise fault

    def _decoded(self, stream: Stream) -> Iterator[bytes]:
        raw = self._view[stream.start : stream.stop]
        yield from decoded(raw, stream.dictionary, self._budget)
        if not stream.is_whole:
            raise MemberError("it is cut short")

    def _map(self, number: int) -> bytes:
        """Return a ToUnicode map, as far as it can be read."""
        stream = self._streams.get(number)
        content: list[bytes] = []
        size = 0
        try:
            for piece in self._decoded(stream) if stream else ():
                content.append(piece)
                size += len(piece)
                if size > MAX_MAP:
                    break
        except MemberError:
            pass  # said when the stream itself is asked for
        return b"".join(content)


def _name(stream: Stream) -> str:
    return f"stream {stream.number}" if stream.number else f"stream at byte {stream.start}"


def _is_picture(stream: Stream) -> bool:
    """Whether nothing in a stream is text; a cross-reference table is not, either."""
    if stream.says(b"XRef"):
        return True
    try:
        return stream.says(b"Image") or not PICTURES.isdisjoint(filters(stream.dictionary))
    except MemberError:
        return False

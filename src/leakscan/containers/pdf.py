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
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from leakscan.containers.container import MAX_MEMBERS, Member, MemberError, pieces
from leakscan.containers.pdf_filters import PICTURES, Effort, decoded, filters
from leakscan.containers.pdf_fonts import Fonts
from leakscan.containers.pdf_lines import Told, unlike
from leakscan.containers.pdf_objects import Objects
from leakscan.containers.pdf_operators import shows_text
from leakscan.containers.pdf_pages import Pages, find_pages
from leakscan.containers.pdf_text import text_of
from leakscan.model import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from leakscan.containers.container import Budget, Buffer
    from leakscan.containers.pdf_fonts import Font
    from leakscan.containers.pdf_objects import Stream
    from leakscan.containers.pdf_text import Shown

MAX_PAGE = 64 << 20
"""Bytes of a decoded page, which is held whole; most have some ten thousand."""

MAX_WORK = 32 << 20
"""What it may take to read the text of a document, in bytes of operations (`STEP_WORK`): three to
five seconds.  A page takes some ten to forty thousand."""

WORK_FOR_SIZE = 6
"""The same for each byte of a document that is longer; real ones take up to five."""

MAX_PACKED = 64 << 20
"""Bytes of decoded object streams that are held, to look up fonts in."""

MAX_MAP = 1 << 20
"""Bytes of a ToUnicode map that are read; one of all of Unicode has half of that."""

TOO_MUCH = "its pages have too many operations to read all of them"

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
        self._effort = Effort()
        self._told = Told()
        self._work_left = max(MAX_WORK, WORK_FOR_SIZE * len(view))
        self._packed: dict[int, bytes] = {}
        self._pages = Pages()

    def members(self) -> Iterator[Member | Unread]:
        """Yield what it holds, and what of that is left out."""
        self._packed = self._unpack()
        self._pages = find_pages(self._objects)
        together = {number for numbers in self._pages.joined for number in numbers}
        together -= self._pages.alone
        for stream in self._objects.streams:
            is_page = stream.number in self._pages.holders
            if _is_picture(stream) or (not is_page and _is_no_text(stream)):
                continue
            try:
                if is_page and not (stream.number in together and self._is_latest(stream)):
                    self._budget.enter()
                    yield Member(_name(stream), self._page(stream))
                if not is_page or stream.start in self._packed:
                    self._budget.enter()
                    yield from self._other(stream)
            except MemberError as error:
                yield Unread(_name(stream), str(error))
        yield from self._joined_pages()
        for why in sorted(self._objects.left_out):
            yield Unread("", why)

    def _is_latest(self, stream: Stream) -> bool:
        """Whether no later stream has replaced one."""
        return self._streams[stream.number] is stream

    def _unpack(self) -> dict[int, bytes]:
        """Decode the object streams, and note what they hold; return them by their places."""
        packed: dict[int, bytes] = {}
        left = MAX_PACKED
        for stream in self._objects.streams:
            if not (stream.says(b"First") and stream.says(b"N")):
                continue  # no object stream, whatever it says
            content = bytearray()
            try:
                for piece in self._decoded(stream):
                    content += piece
                    if len(content) > left:
                        break
            except MemberError:
                continue  # said when it is asked for
            if len(content) > left:
                much = f"its object streams have more than {MAX_PACKED >> 20} MiB"
                self._objects.left_out.add(much)
                break
            left -= len(content)
            packed[stream.start] = bytes(content)
            self._objects.take_in(packed[stream.start], stream.dictionary)
        return packed

    def _page(self, stream: Stream) -> Iterator[bytes]:
        fonts = self._fonts.of(self._pages.holders[stream.number])
        return self._text(self._decoded(stream), fonts, [stream])

    def _joined_pages(self) -> Iterator[Member]:
        """Yield the pages whose content is cut into several streams."""
        for numbers, page in self._pages.joined.items():
            known = [self._streams[number] for number in numbers if number in self._streams]
            streams = [stream for stream in known if not _is_picture(stream)]
            if streams:
                self._budget.enter()
                cuts: list[int] = []
                content = self._joined(streams, cuts)
                text = self._text(content, self._fonts.of(page), streams, cuts)
                yield Member(_name(streams[0]), text)

    def _joined(self, streams: list[Stream], cuts: list[int]) -> Iterator[bytes]:
        """Yield the content of streams that may be cut between any two tokens.

        Args:
            streams: the streams.
            cuts: filled with the places where each but the first begins.

        Raises:
            MemberError: one of them could not be decoded; raised when the rest was.
        """
        fault, size = None, 0
        for rank, stream in enumerate(streams):
            if rank:
                cuts.append(size)
            try:
                for piece in self._decoded(stream):
                    self._budget.spend(len(piece))  # many pages may name the same streams
                    size += len(piece)
                    yield piece
            except MemberError as error:
                fault = error
            size += 1
            yield b"\n"
        if fault:
            raise fault

    def _other(self, stream: Stream) -> Iterator[Member | Unread]:
        """Yield what is no page that is known, and its text should it be one nevertheless."""
        content: Iterator[bytes] = self._decoded(stream)
        first = self._packed.get(stream.start)
        if first is None:
            first = next(content, b"")
            content = chain((first,), content)
        yield Member(_name(stream), content)
        if not re.search(rb"/(?:Type|Subtype|Length1)", stream.dictionary) and shows_text(first):
            self._budget.enter()
            yield Member(
                _name(stream), self._text(self._decoded(stream), self._any_fonts, [stream])
            )

    @cached_property
    def _any_fonts(self) -> Mapping[bytes, Font]:
        """The fonts of all pages by name, for a page that no other object mentions."""
        holders = chain(self._pages.holders.values(), self._pages.joined.values())
        sets = [self._fonts.of(holder) for holder in holders]
        found: dict[bytes, Font] = {}
        for fonts in {id(fonts): fonts for fonts in sets}.values():
            found.update(fonts)
        return found

    def _text(
        self,
        page: Iterator[bytes],
        fonts: Mapping[bytes, Font],
        streams: list[Stream],
        cuts: Sequence[int] = (),
    ) -> Iterator[bytes]:
        """Yield the text of a page, and what else it says in words; of a damaged one what there is.

        Args:
            page: its content.
            fonts: its fonts.
            streams: what its content is from.
            cuts: where each of these but the first begins in it, once that was read.

        Raises:
            MemberError: the page is damaged, or pages are too long to be read.
        """
        if self._work_left < 0:
            raise MemberError(TOO_MUCH)
        content, fault = bytearray(), None
        try:
            for piece in page:
                if len(content) + len(piece) > MAX_PAGE:
                    raise MemberError(f"it has more than {MAX_PAGE >> 20} MiB")
                content += piece
        except MemberError as error:
            fault = error
        shown = text_of(content, fonts, self._work_left, cuts)
        content.clear()
        self._work_left -= shown.work
        if self._work_left < 0:
            fault = MemberError(TOO_MUCH)
        elif not shown.is_whole:
            fault = fault or MemberError("it shows too much text at once")
        yield from pieces(self._untold(shown, streams).encode("utf-8", "replace"), self._budget)
        if fault:
            raise fault

    def _untold(self, shown: Shown, streams: list[Stream]) -> str:
        """Return what a page says that no page before has said with the same streams."""
        places = [stream.start for stream in streams]
        text = self._told.rest(shown.text, places, shown.marks[0])
        if not shown.unseen:
            return text
        unseen = unlike(self._told.rest(shown.unseen, places, shown.marks[1]), shown.text)
        return f"{text}\n{unseen}" if text and unseen else text or unseen

    def _decoded(self, stream: Stream) -> Iterator[bytes]:
        if stream.start in self._packed:
            yield from pieces(self._packed[stream.start], self._budget)
            return
        raw = self._view[stream.start : stream.stop]
        yield from decoded(raw, stream.dictionary, self._budget, self._effort)
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
                    self._objects.left_out.add(f"a map of a font has more than {MAX_MAP >> 20} MiB")
                    break
        except MemberError:
            pass  # said when the stream itself is asked for
        return b"".join(content)


def _name(stream: Stream) -> str:
    return f"stream {stream.number}" if stream.number else f"stream at byte {stream.start}"


def _is_picture(stream: Stream) -> bool:
    """Whether a stream is encoded as only pictures are."""
    try:
        return not PICTURES.isdisjoint(filters(stream.dictionary))
    except MemberError:
        return False


def _is_no_text(stream: Stream) -> bool:
    """Whether nothing in a stream that is no page is text: a picture, a cross-reference table."""
    return stream.is_of(b"Subtype", b"Image") or stream.is_of(b"Type", b"XRef")

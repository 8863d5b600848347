"""The objects of a PDF (ISO 32000-1, 7.3 and 7.5), found by looking for them.

The cross-reference table of a PDF says where its objects are.  It is not believed: it may be
damaged, and leaves out what was deleted, which still stands in the file.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.containers.container import Buffer

MAX_OBJECTS = 500_000
"""Objects whose place is noted; the PDF standard itself has 130,000."""

MAX_DICTIONARY = 64 << 10
"""Bytes of an object that are parsed; a page's dictionary has some hundred."""

MAX_PAGES = 20_000
"""Objects that are parsed since they have some key; books have a thousand pages."""

MAX_REMEMBERED = 20_000
"""Parsed objects that are kept, since pages share them."""

_TRAILER = 2048
"""Bytes before and after `/Encrypt` within which there is what shows that it is in a trailer."""

_LARGEST = 1e9
"""What numbers are cut to; nothing that is read here needs larger ones."""

MAX_NESTING = 16
"""Dictionaries within dictionaries that are followed."""


class Ref(NamedTuple):
    """The name of an object, which stands for it elsewhere."""

    number: int


Value: TypeAlias = "bytes | float | Ref | list[Value] | dict[bytes, Value] | None"
"""A parsed object: names begin with a slash; strings, of which none is needed, are empty."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream as it stands in the file.

    Attributes:
        number: of its object; 0 if that is unknown.
        dictionary: what stands before it.
        start, stop: where its bytes lie.
        is_whole: whether its end was found.
    """

    number: int
    dictionary: bytes
    start: int
    stop: int
    is_whole: bool

    def says(self, name: bytes) -> bool:
        """Whether the dictionary mentions a name, as a key or as a value."""
        return re.search(rb"/%b(?![A-Za-z0-9])" % name, self.dictionary) is not None


_MARK = re.compile(
    rb"(?<![0-9])([0-9]{1,10})[ \t\r\n\f\0]{1,9}[0-9]{1,5}[ \t\r\n\f\0]{1,9}obj(?![a-z])"
    rb"|(?<=[>\s\0])stream(?:\r\n|\n|\r)"
)

_LENGTH = re.compile(rb"/Length[\s\0]{1,9}+([0-9]{1,12}+)(?![\s\0]{1,9}+[0-9]{1,9}+[\s\0]{1,9}+R)")

_ENCRYPT = re.compile(rb"/Encrypt[\s\0]*+(?:[0-9]|<<)")

_TOKEN = re.compile(
    rb"<<|>>|[\[\]]"
    rb"|([0-9]{1,10}+)[\s\0]++[0-9]{1,5}+[\s\0]++R(?![A-Za-z0-9])"
    rb"|(/[^\s\0()<>\[\]{}/%]*+)"
    rb"|([-+.0-9]++)"
    rb"|\((?:[^()\\]++|\\.?|\((?:[^()\\]++|\\.?|\([^)]*+\)?)*+\)?)*+\)?"
    rb"|<[^<>]*+>?"
    rb"|%[^\r\n]*+"
    rb"|([A-Za-z]++)",
    re.DOTALL,
)


@dataclass(slots=True)
class Objects:
    """What a PDF holds, as far as it is known without decoding anything.

    Attributes:
        streams: in the order of the file.
    """

    data: Buffer
    streams: list[Stream] = field(default_factory=list)
    _begins: list[int] = field(default_factory=list)
    _places: dict[int, tuple[Buffer, int]] = field(default_factory=dict)
    _packed: list[tuple[bytes, list[int]]] = field(default_factory=list)
    _parsed: dict[int, Value] = field(default_factory=dict)

    def scan(self, most: int) -> None:
        """Look for all objects and streams.

        Args:
            most: streams to note.
        """
        data, number, begin, at = self.data, 0, 0, 0
        while mark := _MARK.search(data, at):
            at = mark.end()
            if mark[1]:
                number, begin = int(mark[1]), at
                if len(self._begins) < MAX_OBJECTS:
                    self._begins.append(begin)
                    self._places[number] = (data, begin)
            elif data[max(at - 20, 0) : mark.start()].rstrip(b" \t\r\n\f\0").endswith(b">>"):
                low = max(begin, mark.start() - MAX_DICTIONARY)
                stream = self._stream(number, bytes(data[low : mark.start()]), at)
                at = stream.stop
                if len(self.streams) <= most:
                    self.streams.append(stream)
                begin, number = at, 0

    @property
    def is_encrypted(self) -> bool:
        """Whether its streams are: a trailer, or a stream that stands for one, says so."""
        data = self.data
        starts = [stream.start for stream in self.streams]
        for found in _ENCRYPT.finditer(data):
            at = found.start()
            rank = bisect_right(starts, at) - 1
            if rank >= 0 and at < self.streams[rank].stop:
                continue
            around = data[max(at - _TRAILER, 0) : at + _TRAILER]
            if b"trailer" in around[:_TRAILER] or b"/XRef" in around:
                return True
        return False

    def _stream(self, number: int, dictionary: bytes, start: int) -> Stream:
        """Find where a stream ends: where it says, if that is so."""
        data = self.data
        if length := _LENGTH.search(dictionary):
            stop = start + int(length[1])
            if data[stop : stop + 20].lstrip(b" \t\r\n\f\0").startswith(b"endstream"):
                return Stream(number, dictionary, start, stop, True)
        stop = data.find(b"endstream", start)
        if stop < 0:
            return Stream(number, dictionary, start, len(data), False)
        return Stream(number, dictionary, start, stop, True)

    def take_in(self, content: bytes, dictionary: bytes) -> None:
        """Note the objects that an object stream holds.

        Args:
            content: the stream, decoded.
            dictionary: what stands before it.
        """
        found = re.search(rb"/First[\s\0]++([0-9]{1,9})", dictionary)
        if not found:
            return
        first = int(found[1])
        head = content[: min(first, 1 << 20)].split()
        begins: list[int] = []
        for number, offset in zip(head[::2], head[1::2], strict=False):
            if len(self._places) >= MAX_OBJECTS:
                break
            if number.isdigit() and offset.isdigit() and len(number) + len(offset) < 20:
                begins.append(first + int(offset))
                self._places[int(number)] = (content, begins[-1])
        self._packed.append((content, sorted(begins)))

    def get(self, value: Value) -> Value:
        """Return the object that a value stands for, or the value itself."""
        for _ in range(MAX_NESTING):
            if not isinstance(value, Ref):
                return value
            number = value.number
            if number in self._parsed:
                value = self._parsed[number]
                continue
            data, at = self._places.get(number, (b"", 0))
            value = parse(data[at : at + MAX_DICTIONARY])
            if len(self._parsed) < MAX_REMEMBERED:
                self._parsed[number] = value
        return None

    def dictionary(self, value: Value) -> dict[bytes, Value]:
        """Return the dictionary that a value stands for; an empty one if it is none."""
        found = self.get(value)
        return found if isinstance(found, dict) else {}

    def items(self, value: Value) -> list[Value]:
        """Return the list that a value stands for, or one of the value itself."""
        found = self.get(value)
        return found if isinstance(found, list) else [value]

    def holders(self, key: bytes) -> Iterator[dict[bytes, Value]]:
        """Yield the dictionaries of objects that have a key, given with its slash."""
        pattern = re.compile(re.escape(key) + rb"(?![A-Za-z0-9])")
        left = MAX_PAGES
        for data, begins in ((self.data, self._begins), *self._packed):
            before = -1
            for found in pattern.finditer(data):
                rank = bisect_right(begins, found.start()) - 1
                if rank in (-1, before):
                    continue
                before, left = rank, left - 1
                if left < 0:
                    return
                value = parse(data[begins[rank] : begins[rank] + MAX_DICTIONARY])
                if isinstance(value, dict) and key in value:
                    yield value


def parse(text: bytes) -> Value:
    """Parse the first object in a text; what is wrong with it is passed over."""
    top: list[Value] = []
    stack: list[list[Value]] = [top]
    for token in _TOKEN.finditer(text):
        word = token[0]
        value: Value
        if token[1]:
            value = Ref(int(token[1]))
        elif token[2]:
            value = word
        elif token[3]:
            value = _number(word)
        elif word in (b"<<", b"["):
            if len(stack) > MAX_NESTING:
                return None
            stack.append([])
            continue
        elif word in (b">>", b"]"):
            if len(stack) == 1:
                break
            items = stack.pop()
            value = _paired(items) if word == b">>" else items
        elif word in (b"endobj", b"stream", b"obj"):
            break
        elif word[:1] == b"%":
            continue
        else:
            value = None if token[4] else b""
        stack[-1].append(value)
        if len(stack) == 1:
            break
    return top[0] if top else None


def _number(word: bytes) -> float:
    try:
        return max(-_LARGEST, min(float(word), _LARGEST))
    except ValueError:
        return 0.0


def _paired(items: list[Value]) -> dict[bytes, Value]:
    """Make a dictionary of keys and values in turn."""
    found: dict[bytes, Value] = {}
    key: bytes | None = None
    for item in items:
        if key is None:
            if isinstance(item, bytes) and item[:1] == b"/":
                key = item
        else:
            found[key] = item
            key = None
    return found

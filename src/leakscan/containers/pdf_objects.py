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

MAX_DICTIONARY = 1 << 20
"""Bytes of an object that are parsed; a page's dictionary has some hundred."""

MAX_TOKENS = 2_000_000
"""Tokens of a document that are parsed, in two seconds and 200 MB; a page has some sixty."""

MAX_PAGES = 20_000
"""Objects that are parsed since they have some key; books have a thousand pages."""

_TRAILER = 2048
"""Bytes before and after `/Encrypt` within which there is what shows that it is in a trailer."""

_LONG = 64
"""Bytes for which a token counts once more."""

_MAX_HEAD = 1 << 20
"""Bytes of the table of an object stream that are read."""

_ENDS = frozenset({b"endobj", b"stream", b"obj"})
"""Words that no object goes on after."""

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

    def is_of(self, key: bytes, name: bytes) -> bool:
        """Whether a key of the dictionary itself, not of one within it, has a name as its value."""
        if not self.says(name):
            return False
        said = parse(self.dictionary).value
        if isinstance(said, dict):
            return said.get(b"/" + key) == b"/" + name
        pattern = rb"/%b[\s\0]*+/%b(?![A-Za-z0-9])" % (key, name)
        return re.search(pattern, self.dictionary) is not None


class Parsed(NamedTuple):
    """What was read of an object.

    Attributes:
        value: the object; None if it could not be read.
        tokens: how many were read.
        fault: why the text did not say what it is, in words.
    """

    value: Value
    tokens: int
    fault: str


_TOO_LONG = f"an object has more than {MAX_DICTIONARY >> 20} MiB"

_TOO_DEEP = "an object is nested too deeply"

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
        left_out: why some of it is not known, in words.
    """

    data: Buffer
    streams: list[Stream] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    _begins: list[int] = field(default_factory=list)
    _places: dict[int, tuple[Buffer, int]] = field(default_factory=dict)
    _packed: list[tuple[bytes, list[int]]] = field(default_factory=list)
    _parsed: dict[int, Value] = field(default_factory=dict)
    _objects_left: int = MAX_OBJECTS
    _tokens_left: int = MAX_TOKENS

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
                if self._may_note():
                    self._begins.append(begin)
                    self._places[number] = (data, begin)
            elif data[max(at - 20, 0) : mark.start()].rstrip(b" \t\r\n\f\0").endswith(b">>"):
                low = max(begin, mark.start() - MAX_DICTIONARY)
                if low > begin and number:
                    self.left_out.add(_TOO_LONG)
                stream = self._stream(number, bytes(data[low : mark.start()]), at)
                at = stream.stop
                if len(self.streams) <= most:
                    self.streams.append(stream)
                else:
                    self.left_out.add(f"it has more than {most:,} streams")
                begin, number = at, 0

    def _may_note(self) -> bool:
        """Whether one more object may be noted."""
        self._objects_left -= 1
        if self._objects_left < 0:
            self.left_out.add(f"it has more than {MAX_OBJECTS:,} objects")
        return self._objects_left >= 0

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
        if min(first, len(content)) > _MAX_HEAD:
            self.left_out.add("an object stream has too many objects")
        head = content[: min(first, _MAX_HEAD)].split()
        begins: list[int] = []
        for number, offset in zip(head[::2], head[1::2], strict=False):
            if not self._may_note():
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
            value = self._parsed[number] = self._parse(*self._places.get(number, (b"", 0)))
        self.left_out.add(_TOO_DEEP)
        return None

    def _parse(self, data: Buffer, begin: int) -> Value:
        """Parse what begins somewhere, unless too much was parsed already."""
        parsed = parse(data, begin, begin + MAX_DICTIONARY, self._tokens_left)
        self._tokens_left -= parsed.tokens
        if parsed.fault and (parsed.fault != _TOO_LONG or begin + MAX_DICTIONARY < len(data)):
            self.left_out.add(parsed.fault)
        return parsed.value

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
                    self.left_out.add(f"more than {MAX_PAGES:,} of its objects may be pages")
                    return
                value = self._parse(data, begins[rank])
                if isinstance(value, dict) and key in value:
                    yield value


def parse(text: Buffer, start: int = 0, stop: int = 1 << 60, most: int = MAX_TOKENS) -> Parsed:
    """Parse the first object in a part of a text; what is wrong with it is passed over.

    Args:
        text: the text.
        start: where the part begins.
        stop: where it ends, if the text is longer.
        most: tokens to read; long ones count more than once.
    """
    top: list[Value] = []
    stack: list[list[Value]] = [top]
    tokens = 0
    for token in _TOKEN.finditer(text, start, stop):
        word = token[0]
        tokens += 1 + len(word) // _LONG
        if tokens > most:
            return Parsed(None, tokens, "its objects are too long")
        if word in (b"<<", b"["):
            if len(stack) > MAX_NESTING:
                return Parsed(None, tokens, _TOO_DEEP)
            stack.append([])
            continue
        if word in _ENDS or (word in (b">>", b"]") and len(stack) == 1):
            break
        if word[:1] == b"%":
            continue
        if word in (b">>", b"]"):
            items = stack.pop()
            stack[-1].append(_paired(items) if word == b">>" else items)
        else:
            stack[-1].append(_simple(token))
        if len(stack) == 1:
            break
    else:
        return Parsed(None, tokens, _TOO_LONG)
    return Parsed(top[0] if top else None, tokens, "")


def _simple(token: re.Match[bytes]) -> Value:
    """Return what a token that is an object stands for."""
    if token[1]:
        return Ref(int(token[1]))
    if token[2]:
        return token[2]
    if token[3]:
        return _number(token[3])
    return None if token[4] else b""


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

"""Does anything stand here that a token could begin with?  Asked of every byte there is.

Where nothing does, which is nearly everywhere, nothing else is looked at.  A search
for thirty literals runs at 14 GB/s (aho-corasick), for hundreds at 4 (hyperscan).
"""

from __future__ import annotations

from itertools import chain

TYPE_CHECKING = False  # importing `typing` takes longer than looking at a commit
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    Beside = Mapping[bytes, tuple[bytes, bytes]]
    Buffer = bytes | memoryview
    Hit = tuple[int, int, int]
    """Position of a literal, and where it begins and ends in the data."""

    Search = Callable[[Buffer], Iterable[Hit]]
    """Returns what is false if there is no hit."""

AT_ONCE = 1 << 18
"""Bytes that are searched in one call: a hostile text has a hit in each place."""

FEW = 32
"""Literals up to which aho-corasick searches with "Teddy", which compares 32 bytes at a time."""

_BUCKETS = 8
"""Among which Teddy distributes the literals: by their number, modulo this."""

_MASKED = 3
"""First bytes of a literal that Teddy looks at before it compares."""

_LITTLE = 4 << 10
"""Bytes up to which one search for all, however slow, takes less than several that are fast."""

_MUCH = 32 << 20
"""Bytes from which on it is worth the 40 ms that hyperscan takes to get ready."""

_WEIGHTS = {
    135: b" ", 76: b"e", 61: b"t", 44: b"iarson", 30: b"\n\t", 24: b"cld-hf", 17: b"mup_g",
    10: b")(b", 8: b',;."y=w', 5: b"v*kx>$T0", 3: b"/E1'I:{}", 1: bytes(range(0x20, 0x7F)),
}  # fmt: skip
"""Bytes of C by how many of a thousand they are (of 53 MB of git's own source)."""

_SHARES = [sum(n for n, some in _WEIGHTS.items() if byte in some) / 1000 for byte in range(256)]
"""Of each byte, about how frequent it is in source code."""


_TEXT = 24
"""Bytes from a literal on that are as those of a text, unless it stands there by chance."""

_TEXT_BYTES = bytes(range(0x20, 0x7F)) + (
    b"\t\n\v\f\r\x1b\xe2\x80\x81\x8b\x8c\x8d\x8e\x8f\xef\xbb\xbf\xc2\xad"
    b"\xa0\xa1\xa2\xa3\xa4\xaa\xab\xac\xae"
)
"""Of ASCII, and of characters that nobody sees, in UTF-8."""


_HEX = b"0123456789abcdefABCDEF"

_LINES = b" \t\r\n\\n"
"""What is passed over between hex digits: the ends of lines, also written out with an n."""

_PIECES = _LINES + b"\"'`+.&|<>~_,:-xX#/"
"""And what stands between pieces of a string."""

_ID = 48
"""Hex digits that a token has at least from any sign on, and the id of a git object has not."""


def goes_on(
    data: bytes,
    at: int,
    literal: bytes,
    loose: Container[bytes],
    beside: Beside,
    free: Container[bytes],
) -> bool:
    """Tell whether a literal is part of a text in which an encoded token may stand.

    In a picture, bytes like it stand by chance.  In a program, a word may end like it; then a blank
    follows, which is part of an encoded text only behind the end of a line.

    Args:
        data: what holds the literal.
        at: offset at which it begins.
        literal: the literal.
        loose: those that a blank may follow all the same.
        beside: of some, the bytes of which one stands before, and one behind; empty if any may.
        free: those that anything may follow, since a token that is written so ends with them.
    """
    if literal in free:
        return True
    if literal in beside:
        before, behind = beside[literal]
        if before and at and data[at - 1 : at] not in before:
            return False
        if behind and data[at + len(literal) : at + len(literal) + 1] not in behind:
            return False
    if not literal.translate(None, _HEX) and len(literal) > _MASKED:
        between = _PIECES if literal in loose else _LINES
        digits = data[at : at + _ID].translate(None, between)
        return not digits.translate(None, _HEX)
    text = data[at + 1 : at + _TEXT].translate(None, b"\0")
    if text.translate(None, _TEXT_BYTES):
        return False
    return literal in loose or b" " not in text.partition(b"\n")[0]


class Gate:
    """Tells where data hold any of some literals.

    Args:
        literals: each of at least `_MASKED` bytes, in an order that suits (`arranged`).

    Attributes:
        hits: returns which literals stand where in data; of such as overlap, perhaps only the
            first.  Where there are none, what it returns is false.
        search: the same for data of up to `AT_ONCE` bytes.
    """

    hits: Search
    search: Search

    def __init__(self, literals: Sequence[bytes]) -> None:
        self.literals = literals
        self._searched = 0
        self._longest = max(map(len, literals))
        self._in_little = _automaton(literals)
        if len(literals) <= FEW:
            self._in_more = self.search = self._in_little
            self.hits = self._in_pieces
        else:
            self._in_more = _several(literals)
            self.hits = self.search = self._at_first

    def has_any(self, data: bytes) -> bool:
        """Tell whether data hold any of the literals."""
        return any(True for _ in self.hits(data))

    def _at_first(self, data: Buffer) -> Iterable[Hit]:
        """Search with what is ready at once, until it is worth while to prepare what is fast."""
        if self._searched > _MUCH:  # who holds on to this method
            return self.hits(data)
        self._searched += len(data)
        if self._searched > _MUCH:
            self.hits = self.search = _database(self.literals)
            return self.hits(data)
        return self._in_little(data) if len(data) < _LITTLE else self._in_pieces(data)

    def _in_pieces(self, data: Buffer) -> Iterable[Hit]:
        """Search piece by piece: a hostile text has a hit in each place, and one is enough."""
        if len(data) <= AT_ONCE:
            return self._in_more(data)
        found = _shifted(self._in_more, memoryview(data), self._longest)
        first = next(found, None)
        return () if first is None else chain((first,), found)


def _shifted(search: Search, view: memoryview, overlap: int) -> Iterator[Hit]:
    for at in range(0, len(view), AT_ONCE):
        for which, start, end in search(view[at : at + AT_ONCE + overlap]):
            yield which, at + start, at + end


def without_longer(literals: set[bytes]) -> list[bytes]:
    """Leave out what holds another literal: where it stands, that one does, too."""
    kept: list[bytes] = []
    for literal in sorted(literals, key=lambda one: (len(one), one)):
        if not any(shorter in literal for shorter in kept):
            kept.append(literal)
    return kept


def _automaton(literals: Sequence[bytes]) -> Search:
    """Search with aho-corasick."""
    from ahocorasick_rs import BytesAhoCorasick, MatchKind

    # Only where the leftmost match is wanted does it search for many literals at once.
    automaton = BytesAhoCorasick(literals, matchkind=MatchKind.LeftmostFirst)
    return automaton.find_matches_as_indexes


def _several(literals: Sequence[bytes]) -> Search:
    """Search for a few at a time."""
    firsts = range(0, len(literals), FEW)
    searches = [(first, _automaton(literals[first : first + FEW])) for first in firsts]

    def hits(data: Buffer) -> list[Hit]:
        return [
            (first + which, start, end)
            for first, search in searches
            for which, start, end in search(data)
        ]

    return hits


def _database(literals: Sequence[bytes]) -> Search:
    """Search with hyperscan."""
    import hyperscan

    database = hyperscan.Database()
    database.compile(
        expressions=[b"".join(b"\\x%02x" % byte for byte in literal) for literal in literals],
    )
    lengths = [len(literal) for literal in literals]
    found: list[Hit] = []

    def on_hit(which: int, _start: int, end: int, _flags: int, _context: object) -> None:
        if len(found) < AT_ONCE:  # as many as can be in one piece
            found.append((which, end - lengths[which], end))

    def hits(data: Buffer) -> list[Hit]:
        database.scan(data, on_hit)  # type: ignore[type-var]  # it takes any buffer
        if not found:
            return found
        copy = found[:]
        found.clear()
        return copy

    return hits


def arranged(literals: Sequence[bytes]) -> list[bytes]:
    """Put up to `FEW` literals into an order in which Teddy rarely takes a text for one of them.

    In each bucket it knows only which halves of bytes occur in first, second and third place, so
    that ``ab`` and ``12`` in one make it stop at ``a2``, too.  A bad order doubles the time
    (https://github.com/BurntSushi/aho-corasick, src/packed/teddy/README.md).
    """
    buckets: list[list[bytes]] = [[] for _ in range(_BUCKETS)]
    size = -(-len(literals) // _BUCKETS)
    for literal in sorted(literals, key=lambda one: _stops([one]), reverse=True):
        open_ones = [bucket for bucket in buckets if len(bucket) < size]
        best = min(open_ones, key=lambda bucket: _stops([*bucket, literal]) - _stops(bucket))
        best.append(literal)
    buckets.sort(key=len, reverse=True)
    return [bucket[row] for row in range(size) for bucket in buckets if row < len(bucket)]


def _stops(bucket: Sequence[bytes]) -> float:
    """Estimate at what share of the places in a text Teddy stops for a bucket."""
    share = 1.0 if bucket else 0.0
    for column in zip(*(literal[:_MASKED] for literal in bucket), strict=True):
        lows, highs = {byte & 15 for byte in column}, {byte >> 4 for byte in column}
        share *= sum(_SHARES[high << 4 | low] for low in lows for high in highs)
    return share

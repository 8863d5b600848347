"""Does anything stand here that a token could begin with?  Asked of every byte there is.

Where nothing does, which is nearly everywhere, nothing else is looked at.
"""

from __future__ import annotations

from itertools import chain

TYPE_CHECKING = False  # importing `typing` takes longer than looking at a commit
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Buffer = bytes | memoryview
    Hit = tuple[int, int, int]
    """Position of a literal, and where it begins and ends in the data."""

    Search = Callable[[Buffer], Iterable[Hit]]
    """Returns what is false if there is no hit."""

AT_ONCE = 1 << 18
"""Bytes that are searched in one call: a hostile text has a hit in each place."""

FEW = 32
"""Literals up to which aho-corasick searches with "Teddy", which compares 32 bytes at a time, at up
to 15 GB/s; hyperscan knows no limit, and searches for hundreds at 3.5."""

_MUCH = 4 << 20
"""Bytes from which on it is worth the 4 ms that hyperscan takes to get ready."""

_LITTLE, _CALL = 1 << 10, 1 << 10
"""Bytes up to which one search for all, however slow, takes less than several that are fast; and as
many could be searched while one begins."""

_MANY = 1000
"""Hits in one piece from which on aho-corasick searches faster than hyperscan tells of them."""

_NEAR = 16
"""Lengths of the longest literal that are looked at closely where one stands."""


class Gate:
    """Tells where data hold any of some literals.

    Args:
        literals: each of at least three bytes; up to `FEW` in an order that suits Teddy
            (`leakscan.detect.teddy.arranged`).
    """

    def __init__(self, literals: Sequence[bytes]) -> None:
        self.literals = literals
        self._longest = max(map(len, literals))
        self._looks: Sequence[Search] = ()
        self._closely: Callable[[Buffer], list[Hit]] | None = None
        self._search: Search = self._with_teddy if len(literals) <= FEW else self._at_first
        self._searched = 0

    @property
    def first_look(self) -> Search:
        """Return what is false of up to `AT_ONCE` bytes that hold none, by the shortest way."""
        return self._teddies()[0] if len(self.literals) <= FEW else self.hits

    def prepare(self) -> None:
        """Get ready for much: what is forked then need not do so for itself."""
        if self._search == self._at_first:
            self._closely = self._closely or overlapping(self.literals)
            self._search = with_hyperscan(self.literals, self._closely)

    def hits(self, data: Buffer) -> Iterable[Hit]:
        """Return which literals stand where, some of them twice; if none does, what is false."""
        if len(data) <= AT_ONCE:
            return self._search(data)
        found = self._in_pieces(memoryview(data))
        first = next(found, None)
        return () if first is None else chain((first,), found)

    def _in_pieces(self, view: memoryview) -> Iterator[Hit]:
        for at in range(0, len(view), AT_ONCE):
            for which, start, end in self._search(view[at : at + AT_ONCE + self._longest]):
                yield which, at + start, at + end

    def _at_first(self, data: Buffer) -> Iterable[Hit]:
        """Search with what is ready at once, until it is worth while to prepare what is fast."""
        self._closely = self._closely or overlapping(self.literals)
        self._searched += len(data) + _CALL
        if self._searched > _MUCH:
            self.prepare()
            return self._search(data)
        return self._with_teddy(data) if len(data) > _LITTLE else self._closely(data)

    def _with_teddy(self, data: Buffer) -> list[Hit]:
        found: list[Hit] = []
        for look in self._teddies():
            if hits := look(data):
                found += self._around(hits, data)
        return found

    def _teddies(self) -> Sequence[Search]:
        """Return what searches for all, `FEW` at a time; made when it is needed."""
        if not self._looks:
            pieces = range(0, len(self.literals), FEW)
            self._looks = [_teddy(self.literals[at : at + FEW]) for at in pieces]
        return self._looks

    def _around(self, hits: Iterable[Hit], data: Buffer) -> Iterator[Hit]:
        """Yield them, and those that Teddy leaves out since they overlap with another."""
        self._closely = self._closely or overlapping(self.literals)
        done = 0  # what ends up to here was found
        for _, start, end in hits:
            if end + self._longest > done:
                low = max(0, start - self._longest)
                done = low + _NEAR * self._longest
                for which, at, stop in self._closely(data[low:done]):
                    yield which, low + at, low + stop


def without_longer(literals: set[bytes]) -> list[bytes]:
    """Leave out what holds another literal: where it stands, that one does, too."""
    kept: list[bytes] = []
    for literal in sorted(literals, key=lambda one: (len(one), one)):
        if not any(shorter in literal for shorter in kept):
            kept.append(literal)
    return kept


def _teddy(literals: Sequence[bytes]) -> Search:
    from ahocorasick_rs import BytesAhoCorasick, MatchKind

    # Only where the leftmost match is wanted does it search for many literals at once.
    automaton = BytesAhoCorasick(literals, matchkind=MatchKind.LeftmostFirst)
    return automaton.find_matches_as_indexes


def overlapping(literals: Sequence[bytes]) -> Callable[[Buffer], list[Hit]]:
    """Return what finds each place of each literal, at 0.5 GB/s, and takes no time to get ready."""
    from ahocorasick_rs import BytesAhoCorasick

    automaton = BytesAhoCorasick(literals)
    return lambda data: automaton.find_matches_as_indexes(data, overlapping=True)


def with_hyperscan(
    literals: Sequence[bytes], otherwise: Callable[[Buffer], list[Hit]]
) -> Callable[[Buffer], list[Hit]]:
    """Return what does so at 3.5 GB/s, and takes 4 ms to get ready.

    Args:
        literals: different ones.
        otherwise: finds them, too; it takes over where so many stand in one piece that it is
            faster than to be told of each.
    """
    import hyperscan

    database = hyperscan.Database()
    # Its way to give literals as they are ends them at a zero byte.
    expressions = [b"".join(b"\\x%02x" % byte for byte in literal) for literal in literals]
    database.compile(expressions=expressions)
    lengths = [len(literal) for literal in literals]
    found: list[Hit] = []

    def on_hit(which: int, _start: int, end: int, _flags: int, _context: object) -> bool:
        found.append((which, end - lengths[which], end))
        return len(found) > _MANY

    def search(data: Buffer) -> list[Hit]:
        try:
            database.scan(data, on_hit)  # type: ignore[type-var]  # it takes any buffer
        except hyperscan.ScanTerminated:
            found.clear()
            return otherwise(data)
        if not found:
            return found
        copy = found[:]
        found.clear()
        return copy

    return search

"""Find each place of each of many literals, also where they overlap."""

from __future__ import annotations

from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING

from leakscan.gate import AT_ONCE, overlapping, with_hyperscan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from leakscan.gate import Hit

_MUCH = 1 << 20
"""Bytes from which on it is worth while to prepare what is fast: less than for the gate, whose
first way is faster."""


class Literals:
    """Searches for literals.

    Args:
        literals: different ones.
        parts: such that each of them holds one, if `around` is to be called.
    """

    def __init__(self, literals: Sequence[bytes], parts: Sequence[bytes] = ()) -> None:
        self._literals = literals
        self._parts = parts
        self._longest = max(map(len, literals))
        self._searched = 0
        self._search = overlapping(literals)

    def places(self, data: bytes) -> Iterable[Hit]:
        """Return where literals stand, ordered by where they end; but near `AT_ONCE`, nearly so."""
        if self._searched <= _MUCH:
            self._searched += len(data)
            if self._searched > _MUCH:
                self._search = with_hyperscan(self._literals, self._search)
        return self._ordered(data) if len(data) <= AT_ONCE else self._in_pieces(data)

    def around(self, hits: Iterable[Hit], data: bytes) -> list[Hit]:
        """Return the same, if it is known already where parts stand."""
        found = set()
        for which, at, _ in hits:
            for number, shift, literal in self._holders[which]:
                if data.startswith(literal, start := at - shift) and start >= 0:
                    found.add((number, start, start + len(literal)))
        return sorted(found, key=itemgetter(2, 1))

    @cached_property
    def _holders(self) -> list[list[tuple[int, int, bytes]]]:
        """Of each part the literals that hold it, by number, and where in them it stands."""
        numbers = {part: number for number, part in enumerate(self._parts)}
        holders: list[list[tuple[int, int, bytes]]] = [[] for _ in self._parts]
        for number, literal in enumerate(self._literals):
            size = len(literal)
            for low in range(size):
                for high in range(low + 1, size + 1):
                    part = numbers.get(literal[low:high])
                    if part is not None:
                        holders[part].append((number, low, literal))
        return holders

    def _ordered(self, data: bytes | memoryview) -> list[Hit]:
        return sorted(self._search(data), key=itemgetter(2, 1))

    def _in_pieces(self, data: bytes) -> Iterator[Hit]:
        """Search piece by piece: a hostile text has a place everywhere."""
        view = memoryview(data)
        for at in range(0, len(view), AT_ONCE):
            for which, start, end in self._ordered(view[at : at + AT_ONCE + self._longest]):
                if start < AT_ONCE:  # or else it is in the next piece, too
                    yield which, at + start, at + end

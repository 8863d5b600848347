"""Does anything stand here that a token could begin with?  Asked of every byte there is.

Where nothing does, which is nearly everywhere, nothing else is looked at.  A search
for thirty literals runs at 14 GB/s (aho-corasick), for hundreds at 4 (hyperscan).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

AT_ONCE = 1 << 18
"""Bytes that are searched in one call: a hostile text has a hit in each place."""

FEW = 32
"""Literals up to which aho-corasick searches with "Teddy", which compares 32 bytes at a time."""

_BUCKETS = 8
"""Among which Teddy distributes the literals: by their number, modulo this."""

_MASKED = 3
"""First bytes of a literal that Teddy looks at before it compares."""

_MUCH = 8 << 20
"""Bytes from which on it is worth the 30 ms that hyperscan takes to get ready."""

_TEXT = bytes(range(0x20, 0x7F)) + b"\n\t" + 12 * b" etaoinsrldcup" + 4 * b"ETAOINSR_-.,()=\n"

_SHARES = [_TEXT.count(byte) / len(_TEXT) for byte in range(256)]
"""Of each byte, about how frequent it is in source code."""


def gate(literals: Iterable[bytes]) -> Callable[[bytes], bool]:
    """Return what tells whether data hold any of some literals, of at least `_MASKED` bytes."""
    wanted = without_longer(set(literals))
    return _automaton(_arranged(wanted)) if len(wanted) <= FEW else _Many(wanted).has_any


def without_longer(literals: set[bytes]) -> list[bytes]:
    """Leave out what holds another literal: where it stands, that one does, too."""
    kept: list[bytes] = []
    for literal in sorted(literals, key=lambda one: (len(one), one)):
        if not any(shorter in literal for shorter in kept):
            kept.append(literal)
    return kept


def _automaton(literals: Sequence[bytes]) -> Callable[[bytes], bool]:
    """Search with aho-corasick."""
    from ahocorasick_rs import BytesAhoCorasick, MatchKind

    # Only where the leftmost match is wanted does it search for many literals at once.
    find = BytesAhoCorasick(literals, matchkind=MatchKind.LeftmostFirst).find_matches_as_indexes
    step = AT_ONCE - max(map(len, literals))

    def has_any(data: bytes) -> bool:
        if len(data) <= AT_ONCE:
            return bool(find(data))
        view = memoryview(data)
        return any(find(view[at : at + AT_ONCE]) for at in range(0, len(data), step))

    return has_any


def _database(literals: Sequence[bytes]) -> Callable[[bytes], bool]:
    """Search with hyperscan."""
    import hyperscan

    database = hyperscan.Database()
    database.compile(
        expressions=[b"".join(b"\\x%02x" % byte for byte in literal) for literal in literals],
        flags=[hyperscan.HS_FLAG_SINGLEMATCH] * len(literals),
    )
    seen: list[int] = []

    def on_hit(which: int, _start: int, _end: int, _flags: int, _context: object) -> None:
        seen.append(which)

    def has_any(data: bytes) -> bool:
        database.scan(data, on_hit)
        if not seen:
            return False
        seen.clear()
        return True

    return has_any


class _Many:
    """Searches for many literals: with what is ready at once, then with what is fast.

    Args:
        literals: what to search for.
    """

    def __init__(self, literals: Sequence[bytes]) -> None:
        self._literals = literals
        self._searched = 0
        self._search = _automaton(literals)

    def has_any(self, data: bytes) -> bool:
        """Tell whether data hold any of the literals."""
        if self._searched <= _MUCH:
            self._searched += len(data)
            if self._searched > _MUCH:
                self._search = _database(self._literals)
        return self._search(data)


def _arranged(literals: Sequence[bytes]) -> list[bytes]:
    """Put literals into an order in which Teddy takes few places in a text for one of them.

    In each bucket it knows only which halves of bytes occur in first, second and third place, so
    that ``ab`` and ``12`` in one bucket make it stop at ``a2``, too.  A bad order takes twice the time
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

"""Put literals into an order in which Teddy is fast.

Teddy is the algorithm of aho-corasick for few literals
(https://github.com/BurntSushi/aho-corasick, src/packed/teddy/README.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_BUCKETS = 8
"""Among which it distributes up to 32 literals: by their number, modulo this."""

_MASKED = 3
"""First bytes of a literal that it looks at before it compares."""

_WEIGHTS = {
    135: b" ", 76: b"e", 61: b"t", 44: b"iarson", 30: b"\n\t", 24: b"cld-hf", 17: b"mup_g",
    10: b")(b", 8: b',;."y=w', 5: b"v*kx>$T0", 3: b"/E1'I:{}", 1: bytes(range(0x20, 0x7F)),
}  # fmt: skip
"""Bytes of C by how many of a thousand they are (of 53 MB of git's own source)."""

_SHARES = [sum(n for n, some in _WEIGHTS.items() if byte in some) / 1000 for byte in range(256)]
"""Of each byte, about how frequent it is in source code."""


def arranged(literals: Collection[bytes]) -> list[bytes]:
    """Put literals into an order in which Teddy rarely takes a text for one of them.

    In each bucket it knows only which halves of bytes occur in first, second and third place, so
    that ``ab`` and ``12`` in one make it stop at ``a2``, too.  A bad order doubles the time.
    """
    buckets: list[list[bytes]] = [[] for _ in range(_BUCKETS)]
    size = -(-len(literals) // _BUCKETS)
    for literal in sorted(literals, key=lambda one: (-_stops([one]), one)):
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

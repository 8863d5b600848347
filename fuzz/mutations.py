"""Change inputs at random, for where atheris is not at hand and for the tests of the harness."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

TELLING = (b"\0", b"\xff", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80", b"r8_", b"%", b"\\")
"""What breaks more than other bytes do."""

MOST = 8
"""Changes of one input."""


def mutated(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Change one of some inputs in a few places."""
    data = rng.choice(seeds)
    for _ in range(rng.randint(1, MOST)):
        data = _changed(rng, data, seeds)
    return data


def _changed(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    at = rng.randint(0, len(data))
    upto = min(len(data), at + rng.choice((1, 4, 64, 4096)))
    match rng.randrange(6):
        case 0:  # other bytes
            return data[:at] + rng.randbytes(upto - at) + data[upto:]
        case 1:  # a flipped bit
            flipped = bytes((data[at] ^ 1 << rng.randrange(8),)) if at < len(data) else b""
            return data[:at] + flipped + data[at + 1 :]
        case 2:  # fewer
            return data[:at] + data[upto:]
        case 3:  # some twice
            return data[:upto] + data[at:]
        case 4:  # something telling
            value = rng.choice(TELLING)
            return data[:at] + value + data[at + len(value) :]
        case _:  # the end of another input
            other = rng.choice(seeds)
            return data[:at] + other[rng.randint(0, len(other)) :]

"""Both ways to search for literals must tell the same."""

from __future__ import annotations

import random

from leakscan.detect.encodings import signs
from leakscan.detect.literals import Literals
from leakscan.gate import AT_ONCE

LITERALS = tuple(dict.fromkeys(sign.literal for sign in signs((b"r8_",))))

ENOUGH = bytes(5 << 20)
"""After so much, hyperscan searches."""


def some_data(size: int) -> bytes:
    """Return literals and their ends one after the other."""
    rng = random.Random(2)  # noqa: S311
    data = b"".join(rng.choice(LITERALS)[rng.randrange(2) :] for _ in range(size // 2))
    return data[:size]


def test_overlapping_literals_are_all_found() -> None:
    data = some_data(3000)
    expected = {
        (which, at, at + len(literal))
        for which, literal in enumerate(LITERALS)
        for at in range(len(data))
        if data.startswith(literal, at)
    }
    places = list(Literals(LITERALS).places(data))
    assert set(places) == expected
    assert [end for *_, end in places] == sorted(end for *_, end in places)


def test_both_ways_tell_the_same_in_the_same_order() -> None:
    literals = Literals(LITERALS)
    data = some_data(AT_ONCE)
    first = list(literals.places(data))
    assert not list(literals.places(ENOUGH))
    assert list(literals.places(data)) == first


def test_what_is_searched_in_pieces() -> None:
    literals = Literals(LITERALS)
    data = some_data(3 * AT_ONCE + 17)
    places = list(literals.places(data))
    assert len(set(places)) == len(places)
    middle = literals.places(data[AT_ONCE - 50 : AT_ONCE + 50])
    shifted = {(w, a + AT_ONCE - 50, e + AT_ONCE - 50) for w, a, e in middle}
    around = {p for p in places if p[1] >= AT_ONCE - 50 and p[2] <= AT_ONCE + 50}
    assert shifted == around
    assert not list(literals.places(ENOUGH))
    assert set(literals.places(data)) == set(places)

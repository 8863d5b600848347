"""Judge whether chance would have made a body, or rather people and programs.

The figures beside the thresholds are of a million random 37-character base62 bodies;
tests/detect/test_randomness.py measures again.
"""

from __future__ import annotations

import math
import string
from collections import Counter
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import regex

from leakscan.model import Confidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Set

RANDOM_ENTROPY = 0.77
"""Share of the largest entropy that a body can have, below which it does not look random.

A body of n characters has at most log2(n) bits a character.  Half of the random bodies lie
above 0.90 of that, 1 in 10,000 below 0.796, none below 0.772.
"""

WORD_ENTROPY = 0.62
"""The share below which a body is repetition rather than chance."""

MAYBE_WORDS = 0.0
"""Bits by which words explain a body better than chance, from which on it is doubted.

1 random body in 1,300 is; of 3,700 names in Vulkan's headers, cut to 37 characters, all but 1.5 %.
"""

SURELY_WORDS = 10.0
"""The bits from which on a body is taken for words: 1 random body in 90,000 is."""

LETTERS_IN_A_ROW = 6
"""Neighbours in the alphabet in a row, digits aside: 4 random bodies in a million have so many."""

DIGITS_IN_A_ROW = 7
"""The same for digits, letters aside, of which a random body has six altogether."""

SHORTEST_REPEATED = 6
"""Characters that come twice, in either case: in 1 random base62 body in a million at most."""

RARELY = 5e-5
"""Share of the random bodies of any alphabet that may have so many twice: of 32 hex digits, 1 in
50,000 has."""

# Letters in English text, in per mille: R. Lewand, Cryptological Mathematics, 2000.
_ENGLISH = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        (82, 15, 28, 43, 127, 22, 20, 61, 70, 2, 8, 40, 24)
        + (67, 75, 19, 1, 60, 63, 91, 28, 10, 24, 2, 20, 1),
        strict=True,
    )
)

# What follows what in names put together of words, such as VkPhysicalDeviceFeatures2.
# The sum of each line is one, so that words and chance are two models that can be compared:
# then at most 1 random body in 2^n can reach n bits.
_FOLLOWS = {
    "": {"lower": 0.50, "upper": 0.45, "digit": 0.05},
    "lower": {"lower": 0.80, "upper": 0.15, "digit": 0.05},
    "upper": {"lower": 0.70, "upper": 0.24, "digit": 0.06},
    "digit": {"lower": 0.25, "upper": 0.30, "digit": 0.45},
}

_STEPS = {
    (before, kind): math.log2(share)
    for before, shares in _FOLLOWS.items()
    for kind, share in shares.items()
}

# One letter in ten is left to chance, since names are not English throughout.
_LETTERS = {
    letter: math.log2(0.9 * count / sum(_ENGLISH.values()) + 0.1 / len(_ENGLISH))
    for letter, count in _ENGLISH.items()
}
_KINDS = {
    **dict.fromkeys(string.ascii_lowercase, "lower"),
    **dict.fromkeys(string.ascii_uppercase, "upper"),
    **dict.fromkeys(string.digits, "digit"),
}
_BITS = {
    **_LETTERS,
    **{letter.upper(): bits for letter, bits in _LETTERS.items()},
    **dict.fromkeys(string.digits, math.log2(1 / 10)),
}


def randomness_doubts(body: str, alphabet: Set[str]) -> list[tuple[Confidence, str]]:
    """Collect what speaks against chance having made a body.

    Args:
        body: the body of a candidate.
        alphabet: the characters that a well-formed body is made of.

    Returns:
        Each doubt with the confidence that it leaves.
    """
    doubts: list[tuple[Confidence, str]] = []
    different = min(len(body), len(alphabet))
    share = abs(entropy(body)) / math.log2(different) if different > 1 else 0.0
    if share < WORD_ENTROPY:
        doubts.append((Confidence.LOW, f"repetitive ({share:.2f} of the possible entropy)"))
    elif share < RANDOM_ENTROPY:
        doubts.append((Confidence.MEDIUM, f"not very random ({share:.2f} of the possible entropy)"))
    if "0" in alphabet and not any(c.isdigit() for c in body):
        # One random base62 body in 670 has no digit: (52/62)^37.
        doubts.append((Confidence.MEDIUM, "no digit in it"))
    if _repeats(body, alphabet) or _in_a_row(body, alphabet):
        doubts.append((Confidence.LOW, "made by a pattern"))
    if not {"a", "A", "0"} <= alphabet:
        return doubts
    if body in (body.lower(), body.upper()):
        # (36/62)^37 is 2e-9: for a base62 issuer this is an identifier or a hex digest.
        doubts.append((Confidence.LOW, "letters of one case only"))
    bits = words_over_chance(body, len(alphabet))
    if bits >= SURELY_WORDS:
        doubts.append((Confidence.LOW, "made of words"))
    elif bits >= MAYBE_WORDS:
        doubts.append((Confidence.MEDIUM, "may be made of words"))
    return doubts


def entropy(text: str) -> float:
    """Shannon entropy of the characters of ``text``, in bits a character."""
    total = len(text)
    return -sum(n / total * math.log2(n / total) for n in Counter(text).values())


def words_over_chance(body: str, size: int) -> float:
    """Compare how well words and chance explain a body: a log-likelihood ratio.

    Words are English letters whose case changes as in names such as ``getLinkCount2``; chance
    draws from an alphabet of ``size`` characters.

    Returns:
        Bits in favour of words; negative ones are in favour of chance.
    """
    bits, before = 0.0, ""
    for character in body:
        kind = _KINDS.get(character, "")
        if kind:  # anything else says nothing either way
            bits += _BITS[character] + _STEPS[before, kind] + math.log2(size)
        before = kind
    return bits


def _repeats(body: str, alphabet: Set[str]) -> bool:
    """Whether more characters come twice than chance would make."""
    size = max(2, len({character.lower() for character in alphabet}))
    pairs = len(body) ** 2 / 2
    length = math.ceil(math.log(max(1, pairs / RARELY), size))
    return bool(_twice(max(SHORTEST_REPEATED, length)).search(body))


@cache
def _twice(length: int) -> regex.Pattern[str]:
    return regex.compile(rf"(.{{{length}}}).*\1", regex.IGNORECASE | regex.DOTALL)


def _in_a_row(body: str, alphabet: Set[str]) -> bool:
    """Whether letters or digits follow each other as in ``aB1cD2eF3`` or ``001122``, up or down."""
    if alphabet >= {*string.ascii_lowercase} or alphabet >= {*string.ascii_uppercase}:
        letters = [ord(c) for c in body.lower() if c in string.ascii_lowercase]
        if _longest(b - a for a, b in pairwise(letters)) >= LETTERS_IN_A_ROW:
            return True
    return any(
        _longest((b - a + 1) % 10 - 1 for a, b in pairwise(digits)) >= DIGITS_IN_A_ROW
        for part in (body, body[::2], body[1::2])
        if (digits := [int(c) for c in part if c in string.digits])
    )


def _longest(steps: Iterable[int]) -> int:
    """Return how many items stand in the longest row of equal steps of one, up or down."""
    longest = row = 1
    last = 0
    for step in steps:
        row = row + 1 if step == last else 2
        last = step
        if abs(step) == 1:
            longest = max(longest, row)
    return longest

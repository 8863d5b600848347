"""Which bodies chance would have made: the thresholds are where they are said to be."""

from __future__ import annotations

import math
import random
import string
from collections import Counter

import pytest

from leakscan.detect.randomness import (
    MAYBE_WORDS,
    RANDOM_ENTROPY,
    SURELY_WORDS,
    entropy,
    randomness_doubts,
    words_over_chance,
)
from leakscan.model import Confidence

BASE62 = string.ascii_letters + string.digits
ALPHABET = frozenset(BASE62)
HEX = "0123456789abcdef"

NAMES = (
    "VkPhysicalDeviceShaderFloat16Int8FeaturesKHR",
    "testGetJavaDefaultsNoGroupCreatesPaletteColors2",
    "IMediaPlaybackCommandManagerAutoRepeatModeReceivedEventArgs",
    "getLocationsWithFunctionStackVarReference64",
    "normalDistribution01CdfInverseValuesTable",
    "getPeripheralClockConfigForSystemClock2",
    "testSingleBlockTerminatingConditionalBranch1",
)


def bodies(number: int, seed: int) -> list[str]:
    rng = random.Random(seed)  # noqa: S311 - for tests
    return ["".join(rng.choices(BASE62, k=37)) for _ in range(number)]


def worst(body: str) -> Confidence:
    levels = [level for level, _ in randomness_doubts(body, ALPHABET)]
    return min(levels, key=lambda level: level.rank, default=Confidence.HIGH)


def test_the_entropy_threshold_is_where_it_is_said_to_be() -> None:
    shares = sorted(entropy(body) / math.log2(37) for body in bodies(20_000, 7))
    assert shares[10_000] > 0.89
    assert shares[2] > RANDOM_ENTROPY


def test_chance_hardly_looks_like_words() -> None:
    bits = sorted((words_over_chance(body, 62) for body in bodies(20_000, 8)), reverse=True)
    assert bits[60] < MAYBE_WORDS
    assert bits[2] < SURELY_WORDS
    # The two models are probabilities, so n bits are reached at most once in 2^n.
    for n in range(1, 11):
        assert sum(value >= n for value in bits) <= 20_000 / 2**n


def test_random_bodies_are_doubted_as_seldom_as_is_said() -> None:
    number = 30_000
    levels = Counter(worst(body) for body in bodies(number, 2026))
    assert levels[Confidence.HIGH] >= 0.995 * number
    assert levels[Confidence.LOW] <= 0.0001 * number


@pytest.mark.parametrize("name", NAMES)
def test_names_put_together_of_words_are_low(name: str) -> None:
    assert len(name) >= 37
    assert worst(name[:37]) is Confidence.LOW, randomness_doubts(name[:37], ALPHABET)


@pytest.mark.parametrize("end", [10, 20])
def test_names_with_a_little_chance_at_the_end_are_doubted(end: int) -> None:
    for name, chance in zip(NAMES, bodies(len(NAMES), 3), strict=True):
        if end == 10:
            assert worst(name[:27] + chance[:end]) is not Confidence.HIGH
        else:  # mostly chance: this may be a token that begins with a word
            assert words_over_chance(name[:7] + chance[:30], 62) < SURELY_WORDS


@pytest.mark.parametrize(
    "body",
    [
        "aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2y",
        "Zz9Yy8Xx7Ww6Vv5Uu4Tt3Ss2Rr1Qq0Pp9Oo8N",
        "K3vQ9sTn5XwB7yLc2M" + "K3vQ9sTn5XwB7yLc2Mx",
        "Kq1Vt2Bw3Zx4Yn5Pr6Mc7Hd8Gf9Lj0Sk1Xb2W",
        "a1B2" * 9 + "c",
    ],
)
def test_patterns_are_low(body: str) -> None:
    assert worst(body) is Confidence.LOW, randomness_doubts(body, ALPHABET)


def test_bodies_of_other_alphabets_are_not_judged_by_case() -> None:
    rng = random.Random(4)  # noqa: S311 - for tests
    doubted = sum(
        bool(randomness_doubts("".join(rng.choices(HEX, k=32)), frozenset(HEX)))
        for _ in range(20_000)
    )
    assert doubted < 20  # for want of entropy or digits, nearly always


@pytest.mark.parametrize(
    "body",
    [
        "0123456789abcdef0123456789abcdef",
        "1234567890abcdef1234567890abcdef",
        "00112233445566778899aabbccddeeff",
        "a1b2c3d4e5f60718293a4b5c6d7e8f90",
        "3f9a1c7be0d245863f9a1c7be0d24586",
        "fedcba98765432100f1e2d3c4b5a6978",
        "deadbeef" * 4,
    ],
)
def test_patterns_of_hex_digits_are_low(body: str) -> None:
    assert Confidence.LOW in dict(randomness_doubts(body, frozenset(HEX)))


def test_a_body_without_letters_or_with_strange_ones_is_judged_all_the_same() -> None:
    assert words_over_chance("\xe9\u0661\u00b2", 62) == 0
    for body in ("", "-", "é" * 37, "١٢٣" * 12, "²" * 37):
        assert isinstance(randomness_doubts(body, ALPHABET), list)

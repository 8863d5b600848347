"""How candidates are graded: random bodies high, what people write by hand not."""

from __future__ import annotations

import math
import random
import string
from collections import Counter

import pytest

from leakscan.detect.classify import RANDOM_ENTROPY, Classifier, Evidence, entropy
from leakscan.model import ChecksumVerdict, Confidence
from leakscan.rules import load_rules, select_rules

BASE62 = string.ascii_letters + string.digits
(RULE,) = select_rules(load_rules(), ())
CLASSIFIER = Classifier(RULE)


def grade(body: str, left: bytes = b"= ", right: bytes = b"\n") -> tuple[Confidence, str]:
    seen = Evidence("r8_" + body, body, left, right, ChecksumVerdict.UNKNOWN, None)
    confidence, reasons = CLASSIFIER.grade(seen)
    return confidence, "; ".join(reasons)


def test_random_bodies_are_high_practically_always() -> None:
    rng = random.Random(2026)  # noqa: S311
    levels = Counter(grade("".join(rng.choices(BASE62, k=37)))[0] for _ in range(20_000))
    assert levels[Confidence.LOW] <= 1
    # Without a digit (1 in 670) they are medium.
    assert levels[Confidence.HIGH] > 0.997 * 20_000


def test_the_entropy_threshold_is_where_it_is_said_to_be() -> None:
    rng = random.Random(7)  # noqa: S311
    shares = sorted(
        entropy("".join(rng.choices(BASE62, k=37))) / math.log2(37) for _ in range(20_000)
    )
    assert shares[10_000] > 0.89
    assert shares[2] > RANDOM_ENTROPY


@pytest.mark.parametrize(
    "body",
    [
        "x" * 37,
        "0123456789" * 3 + "0123456",
        "YOUR_TOKEN_HERE".ljust(37, "x"),
        "normal_01_cdf_inverse_of_the_function",
        "abcdef0123456789abcdef0123456789abcde",
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJK",
    ],
)
def test_what_people_and_programs_write_is_low(body: str) -> None:
    assert grade(body)[0] is Confidence.LOW, grade(body)


def test_a_word_of_the_issuers_is_a_reason() -> None:
    body = "".join(random.Random(3).choices(BASE62, k=36)) + "7"  # noqa: S311
    assert "issuer" in grade(body, b"REPLICATE_API_TOKEN=")[1]


def test_a_valid_checksum_outweighs_every_doubt() -> None:
    seen = Evidence("r8_" + "x" * 37, "x" * 37, b"x", b"x", ChecksumVerdict.VALID, None)
    assert CLASSIFIER.grade(seen)[0] is Confidence.HIGH


def test_an_invalid_checksum_leaves_low_but_something() -> None:
    body = "".join(random.Random(3).choices(BASE62, k=36)) + "7"  # noqa: S311
    seen = Evidence("r8_" + body, body, b" ", b" ", ChecksumVerdict.INVALID, None)
    assert CLASSIFIER.grade(seen) == (Confidence.LOW, ("checksum invalid",))

"""How candidates are graded: random bodies high, what people write by hand not."""

from __future__ import annotations

import random
import string
from collections import Counter

import pytest

from leakscan.detect.classify import Classifier, Evidence
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
    rng = random.Random(2026)  # noqa: S311 - for tests
    number = 30_000
    levels = Counter(grade("".join(rng.choices(BASE62, k=37)))[0] for _ in range(number))
    assert levels[Confidence.HIGH] >= 0.995 * number
    assert levels[Confidence.LOW] <= 0.0001 * number


@pytest.mark.parametrize(
    "body",
    [
        "x" * 37,
        "0123456789" * 3 + "0123456",
        "YOUR_TOKEN_HERE".ljust(37, "x"),
        "normal_01_cdf_inverse_of_the_function",
        "abcdef0123456789abcdef0123456789abcde",
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJK",
        "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789A",
        "testSingleBlockTerminatingConditional",
        "VkPhysicalDeviceShaderFloat16Int8Feat",
        "K3vQwErTy5XwB7yLc2MfR8dHj4GpV6aEuKtW1",
        "K3vQ9sTn5XwB7yLc2MREPLICATEpV6aEuKtW1",
        "K3vQ9sTn5XwB7yLc2M123456pV6aEuKtW1Xq8",
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


@pytest.mark.parametrize("left", [b"= ", b"my_", b"token"])
@pytest.mark.parametrize("right", [b"\n", b"_old", b"abcd"])
@pytest.mark.parametrize(
    "body", ["x" * 37, "_-" * 18 + "x", "normal_01_cdf_inverse_of_the_function"]
)
@pytest.mark.parametrize(
    ("checksum", "issued"),
    [
        (ChecksumVerdict.VALID, None),
        (ChecksumVerdict.VALID, False),
        (ChecksumVerdict.UNKNOWN, True),
        (ChecksumVerdict.INVALID, True),
    ],
)
def test_proof_lifts_whatever_it_is_and_wherever_it_stands(
    left: bytes, right: bytes, body: str, checksum: ChecksumVerdict, issued: bool | None
) -> None:
    seen = Evidence("r8_" + body, body, left, right, checksum, issued, ambiguous="reversed")
    assert CLASSIFIER.grade(seen)[0] is Confidence.HIGH


def test_a_spelling_that_may_be_chance_is_medium_at_most() -> None:
    body = "".join(random.Random(3).choices(BASE62, k=36)) + "7"  # noqa: S311 - for tests
    unknown = ChecksumVerdict.UNKNOWN
    seen = Evidence("r8_" + body, body, b"= ", b"\n", unknown, None, ambiguous="reversed")
    assert CLASSIFIER.grade(seen) == (Confidence.MEDIUM, ("may be a misreading: reversed",))
    glued = Evidence("r8_" + body, body, b"=x", b"\n", unknown, None, ambiguous="reversed")
    assert CLASSIFIER.grade(glued)[0] is Confidence.LOW

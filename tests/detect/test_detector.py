"""The two stages of the detector, on plain bytes and on streams."""

from __future__ import annotations

import random
import string
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakscan.detect import Detector
from leakscan.model import Confidence
from leakscan.rules import load_rules, select_rules

if TYPE_CHECKING:
    from collections.abc import Callable

RULES = load_rules()


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(select_rules(RULES, ()))


def places(detector: Detector, data: bytes) -> list[tuple[str, int, int, int]]:
    return [(m.secret.reveal(), m.start, m.line, m.column) for m in detector.search(data)]


def test_position(detector: Detector, token: str) -> None:
    data = f"one\ntwo = '{token}'\nthree {token}".encode()
    second = data.rindex(token.encode())
    assert places(detector, data) == [(token, 11, 2, 8), (token, second, 3, 7)]


def test_clean_bytes_match_nothing(detector: Detector) -> None:
    assert detector.search(b"") == []
    assert detector.search(random.Random(1).randbytes(1 << 20)) == []  # noqa: S311
    assert detector.search(b"r8_ " * 1000) == []


@pytest.mark.parametrize(
    "around",
    ['key="{}"', "({})", "https://x/{}/y", "{}@host", "a,{},b", "<k>{}</k>", "x={}&y", "{}.", "{}:",
     '"\\n{}"', "token%3D{}", "\x1b[31m{}\x1b[0m", "\\u0022{}\\u0022", "\\x22{}", "\t{}\r\n",
     "\0{}\0", "\ufeff{}", "“{}”"],
)  # fmt: skip
def test_what_may_stand_around_a_token(detector: Detector, token: str, around: str) -> None:
    (match,) = detector.search(around.format(token).encode())
    assert (match.secret.reveal(), match.confidence) == (token, Confidence.HIGH)


@pytest.mark.parametrize(
    ("around", "confidence", "reason"),
    [
        ("{}Z", Confidence.LOW, "longer run"),
        ("x{}", Confidence.LOW, "preceded"),
        ("my_{}", Confidence.MEDIUM, "identifier"),
        ("{}_old", Confidence.MEDIUM, "continued"),
    ],
)
def test_what_makes_a_token_doubtful(
    detector: Detector, token: str, around: str, confidence: Confidence, reason: str
) -> None:
    match = next(m for m in detector.search(around.format(token).encode())
                 if m.secret.reveal() == token)  # fmt: skip
    assert match.confidence is confidence
    assert reason in match.reasons[0]


def test_a_token_inside_a_false_one_is_found(detector: Detector, token: str) -> None:
    matches = detector.search(f"r8_some_prefix_{token}".encode())
    assert [m.secret.reveal() for m in matches if m.confidence is not Confidence.LOW] == [token]


def test_thousands_of_tokens_in_one_line(detector: Detector, new_token: Callable[[], str]) -> None:
    tokens = [new_token() for _ in range(5000)]
    found = detector.search(",".join(tokens).encode())
    assert [m.secret.reveal() for m in found] == tokens
    assert [m.column for m in found] == [1 + 41 * number for number in range(5000)]


@settings(deadline=None)
@given(st.data(), st.integers(0, 2**32))
def test_a_stream_is_searched_like_the_whole(data: st.DataObject, seed: int) -> None:
    """Wherever a stream is cut, the matches are those of one search over all of it."""
    detector = Detector(select_rules(RULES, ()))
    rng = random.Random(seed)  # noqa: S311
    body = string.ascii_letters + string.digits
    pieces = []
    for _ in range(data.draw(st.integers(1, 6))):
        pieces.append("".join(rng.choices("ab \n", k=rng.randrange(300))))
        pieces.append("r8_" + "".join(rng.choices(body, k=37)))
    whole = "".join(pieces).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    chunks = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert list(detector.search_stream(chunks)) == detector.search(whole)


def test_every_rule_finds_its_examples_together() -> None:
    detector = Detector(RULES)
    for rule in RULES:
        for example in rule.examples.positive:
            assert rule.id in {m.rule for m in detector.search(example.encode())}


def test_a_rule_that_matches_more_than_ascii_does_not_break_a_scan() -> None:
    from dataclasses import replace

    (rule,) = select_rules(RULES, ())
    wide = replace(rule, pattern="(?P<prefix>r8_)(?P<body>[^ ]{37})")
    (match,) = Detector([wide]).search(b"r8_" + b"a" * 21 + b"\xff" * 16)
    assert match.confidence is Confidence.LOW


def test_the_issuers_list_decides(token: str, new_token: Callable[[], str]) -> None:
    detector = Detector(select_rules(RULES, ()), issued={token})
    other = new_token()
    glued, stranger = detector.search(f"x{token} {other}".encode())
    assert (glued.confidence, glued.issued) == (Confidence.HIGH, True)
    assert (stranger.confidence, stranger.issued) == (Confidence.MEDIUM, False)


def test_doubtful_copies_of_a_token_do_not_hide_a_plain_one(detector: Detector, token: str) -> None:
    data = f"x{token}\n".encode() * 1500 + f"\n{token}\n".encode()
    assert [m.line for m in detector.search(data) if m.confidence is Confidence.HIGH] == [1502]

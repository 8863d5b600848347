"""What the first look at a commit lets pass, the detector finds nothing in."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.builder import samples
from leakscan.detect import Detector
from leakscan.glance import BODY, BODY_BYTES, is_suspect
from leakscan.known_signs import PREFIXES, RARE
from leakscan.rules import load_rules, select_rules

RULES = select_rules(load_rules(), ())
DETECTOR = Detector(RULES)


def test_prefixes_and_lengths_are_those_of_the_rules_that_are_on() -> None:
    assert {*PREFIXES} == {prefix.encode() for rule in RULES for prefix in rule.prefixes}
    bodies = {rule.max_length - len(prefix) for rule in RULES for prefix in rule.prefixes}
    assert bodies == {BODY}


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_the_detector_finds_a_glance_suspects(seed: int) -> None:
    for sample in samples(seed):
        assert is_suspect(sample.data), sample.row


PIECES = st.one_of(
    st.sampled_from([*PREFIXES, *RARE, b'"', b"\\", b"\n", b"+", b"=", b" "]),
    st.integers(0, 255).map(lambda byte: bytes([byte])),
    st.integers(1, BODY + 3)
    .flatmap(lambda length: st.text(BODY_BYTES.decode(), min_size=length, max_size=length))
    .map(str.encode),
)


@given(st.lists(PIECES, max_size=12).map(b"".join))
def test_a_glance_suspects_whatever_pieces_make_up_a_token(data: bytes) -> None:
    assert is_suspect(data) or not DETECTOR.search_blob(data)


def test_each_byte_of_a_body() -> None:
    (rule,) = RULES
    for byte in range(256):
        for at in (0, BODY // 2, BODY - 1):
            body = bytearray(b"a" * BODY)
            body[at] = byte
            data = PREFIXES[0] + body
            if re.search(rule.pattern.encode(), data):
                assert is_suspect(data), (byte, at)


def test_code_that_looks_a_little_like_it_is_not_suspected() -> None:
    words = random.Random(1)  # noqa: S311 - not for secrets
    code = b"x = r8_normal_01_cdf ( n_data, x, fx );  /* r8_free(p) */ uint8_t a[12];"
    assert not is_suspect(code)
    assert not is_suspect(words.randbytes(1000).hex().encode())
    assert not is_suspect("пример текста, exemple de texte".encode())

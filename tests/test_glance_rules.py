"""What the first look at a commit knows of the rules is what they say."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from leakscan.glance import BODY, BODY_BYTES, PREFIXES, is_suspect
from leakscan.rules import load_rules, select_rules

RULES = select_rules(load_rules(), ())


def test_prefixes_and_lengths_are_those_of_the_rules_that_are_on() -> None:
    assert {*PREFIXES} == {prefix.encode() for rule in RULES for prefix in rule.prefixes}
    bodies = {rule.max_length - len(prefix) for rule in RULES for prefix in rule.prefixes}
    assert bodies == {BODY}


ANY_BYTE = bytes(range(256))
PIECES = st.one_of(
    st.sampled_from(PREFIXES),
    st.integers(0, 255).map(lambda byte: bytes([byte])),
    st.integers(BODY - 3, BODY + 3)
    .flatmap(lambda length: st.text(BODY_BYTES.decode(), min_size=length, max_size=length))
    .map(str.encode),
)


@given(st.lists(PIECES, max_size=8).map(b"".join))
def test_a_glance_suspects_what_a_pattern_matches_and_nothing_else(data: bytes) -> None:
    patterns = [re.compile(rule.pattern.encode()) for rule in RULES]
    assert is_suspect(data) == any(pattern.search(data) for pattern in patterns)


def test_each_byte_of_a_body() -> None:
    for rule in RULES:
        for prefix in rule.prefixes:
            for byte in ANY_BYTE:
                for at in (0, BODY // 2, BODY - 1):
                    body = bytearray(b"a" * BODY)
                    body[at] = byte
                    data = prefix.encode() + body
                    matches = re.search(rule.pattern.encode(), data) is not None
                    assert is_suspect(data) == matches, (byte, at)

"""The first look at every object: no prefix may slip through, wherever it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.detect.prefixes import FEW, prefix_test

PREFIXES = ["r8_", "ghp_", "npm_", "xox", "glpat-", "AKIA", "zpka_"]

assert len(PREFIXES) > FEW, "both ways of searching are tested"


@pytest.mark.parametrize("count", range(1, len(PREFIXES) + 1))
@given(data=st.lists(st.sampled_from([*"r8_ghpnmxo-AKIz\0\n", *PREFIXES]), max_size=80))
def test_the_answer_is_that_of_a_plain_search(count: int, data: list[str]) -> None:
    text = "".join(data).encode()
    has_any = prefix_test(PREFIXES[:count])
    expected = any(prefix.encode() in text for prefix in PREFIXES[:count])
    assert [has_any(text), has_any(b""), has_any(text)] == [expected, False, expected]


@pytest.mark.parametrize("count", [1, FEW, FEW + 1])
def test_a_prefix_is_seen_at_every_offset(count: int) -> None:
    has_any = prefix_test(PREFIXES[:count])
    for before in range(200):
        for after in range(0, 70, 3):
            assert has_any(b"8" * before + b"r8_" + b"_" * after)
            assert not has_any(b"r8" * before + b"8_" * after)

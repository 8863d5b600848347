"""The first look at everything: no literal may slip through, wherever it stands."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan import gate
from leakscan.gate import AT_ONCE, FEW, Gate

LITERALS = [b"r8_", b"cjhf", b"I4X", b"ghp_", b"\x1b[3", b"r\x008\x00_", b"%72%"]
MANY = [*LITERALS, *(f"{number:03}_".encode() for number in range(2 * FEW))]

SOME = pytest.mark.parametrize("literals", [LITERALS[:1], LITERALS, MANY], ids=["1", "7", "many"])


@SOME
@given(data=st.lists(st.sampled_from([*b"r8_cjhfI4X\0%72", *LITERALS]), max_size=80))
def test_the_answer_is_that_of_a_plain_search(
    literals: list[bytes], data: list[int | bytes]
) -> None:
    text = b"".join(bytes([one]) if isinstance(one, int) else one for one in data)
    hits = Gate(literals).hits
    expected = any(literal in text for literal in literals)
    assert [bool(hits(text)), bool(hits(b"")), bool(hits(text))] == [expected, False, expected]


@SOME
def test_a_literal_is_seen_at_every_offset(literals: list[bytes]) -> None:
    hits = Gate(literals).hits
    for literal in literals:
        for before in range(70):
            assert hits(b"~" * before + literal + b"~" * (before % 37))
            assert not hits(b"~" * before + literal[:-1] + b"~" * (before % 37))


@SOME
@pytest.mark.parametrize("offset", range(-9, 9))
def test_a_literal_is_seen_where_long_data_are_cut(literals: list[bytes], offset: int) -> None:
    hits = Gate(literals).hits
    data = bytearray(3 * AT_ONCE)
    assert not hits(bytes(data))
    for piece in (1, 2):
        for literal in (literals[0], literals[-1]):
            at = piece * AT_ONCE + offset
            placed = data[:at] + literal + data[at + len(literal) :]
            assert hits(bytes(placed))


OVERLAPPING = [b"aba", b"bab", b"abab", b"r8_", b"8_r"]


@pytest.mark.parametrize("much", [0, 1 << 20], ids=["with hyperscan", "with Teddy"])
@pytest.mark.parametrize("others", [0, 2 * FEW], ids=["few", "many"])
@given(data=st.text("abr8_~", max_size=300))
def test_it_tells_of_each_literal_where_it_stands(much: int, others: int, data: str) -> None:
    literals = [*OVERLAPPING, *(f"{number:03}~".encode() for number in range(others))]
    text = data.encode()
    expected = {
        (which, at, at + len(literal))
        for which, literal in enumerate(literals)
        for at in range(len(text))
        if text.startswith(literal, at)
    }
    with patch.object(gate, "_MUCH", much):
        assert set(Gate(literals).hits(text)) == expected


def test_data_full_of_literals_cost_no_more_memory_than_a_piece() -> None:
    assert Gate(LITERALS).hits(b"r8_" * (8 << 20))


@SOME
def test_it_gets_ready_once(literals: list[bytes]) -> None:
    data = b"~" * 99 + literals[-1]
    made = Gate(literals)
    expected = set(made.hits(data))
    with patch.object(gate, "with_hyperscan", wraps=gate.with_hyperscan) as with_hyperscan:
        made.prepare()
        made.prepare()
    assert with_hyperscan.call_count == (len(literals) > FEW)
    assert set(made.hits(data)) == expected

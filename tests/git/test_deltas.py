"""What is read of a delta without applying it (gitformat-pack(5))."""

from __future__ import annotations

import pytest
from dulwich.pack import create_delta
from hypothesis import given
from hypothesis import strategies as st

from leakscan.git.damage import DamagedError
from leakscan.git.links import unchanged_ends
from leakscan.git.versions import _may_bring
from leakscan.git.walk import apply_bounded, delta_sizes

TEXTS = st.lists(st.sampled_from([b"abcdefghijklmnop" * 3, b"-" * 40, b"xyz"])).map(b"".join)


def made(base: bytes, content: bytes) -> bytes:
    return b"".join(create_delta(base, content))


def number(value: int, length: int) -> bytes:
    """Write a number as if it took so many bytes."""
    return bytes(value >> 7 * at & 0x7F | 0x80 for at in range(length - 1)) + bytes(
        [value >> 7 * (length - 1) & 0x7F]
    )


@given(base=TEXTS, content=TEXTS)
def test_what_is_unchanged_is(base: bytes, content: bytes) -> None:
    delta = made(base, content)
    assert delta_sizes(delta)[:2] == (len(base), len(content))
    head, tail = unchanged_ends(delta)
    assert base[:head] == content[:head]
    assert base[len(base) - tail :] == content[len(content) - tail :]


@pytest.mark.parametrize("length", [3, 9])
def test_a_number_may_be_longer_than_it_must(length: int) -> None:
    delta = number(5, length) + number(5, length) + b"\x05hello"
    assert delta_sizes(delta) == (5, 5, 2 * length)


@pytest.mark.parametrize("length", [12, 500])
def test_a_number_without_end_is_damage(length: int) -> None:
    """And not the beginning of something else, whose size would be misread."""
    for delta in (number(5, length) + b"\x05\x05hello", b"\x05" + number(5, length) + b"\x05hello"):
        with pytest.raises(DamagedError):
            delta_sizes(delta)
    copies = b"\xb0\xff\xff" * 2000  # of 64 KiB each
    with pytest.raises(DamagedError):
        apply_bounded(bytes(1 << 20), number(1 << 20, 4) + number(2000 << 16, length) + copies)


@pytest.mark.parametrize("delta", [b"", b"\x05", b"\x85", b"\x05\x85"])
def test_a_head_that_is_cut_short_is_damage(delta: bytes) -> None:
    with pytest.raises(DamagedError):
        delta_sizes(delta)


def test_what_stands_in_two_pieces_is_asked_about_once_more() -> None:
    asked: list[bytes] = []
    delta = made(b"base", b"x" * 120 + b"0123456789ABCDEF" + b"y" * 120)
    assert b"0123456789ABCDEF" not in delta
    assert not _may_bring(delta, asked.append)
    assert b"0123456789ABCDEF" in asked[-1]


def test_more_cuts_than_there_can_be_are_not_looked_at() -> None:
    asked: list[bytes] = []
    assert _may_bring(b"\x7f" * (1 << 20), asked.append)
    assert len(asked) == 1

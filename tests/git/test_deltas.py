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


@pytest.mark.parametrize("filler", [b"x", b"x" * 19 + b"\x7f", b"\x7f" + b"-" * 40])
@pytest.mark.parametrize("behind", [0, 1, 3, 60, 126, 127, 128, 300])
def test_a_sign_is_seen_wherever_pieces_end(filler: bytes, behind: int) -> None:
    """What is inserted is cut into pieces of 127 bytes; a part of it may look like a cut."""
    sign = b"0123456789AB"
    rest = (filler * 300)[:behind]
    for before in range(300):
        delta = made(b"base", (filler * 300)[:before] + sign + rest)
        assert _may_bring(delta, lambda data: sign in data), before
        assert not _may_bring(delta, lambda data: b"0123456789AC" in data), before


def test_more_cuts_than_there_can_be_are_not_looked_at() -> None:
    asked: list[bytes] = []
    assert _may_bring(b"\x7f" * (1 << 20), asked.append)
    assert len(asked) == 1

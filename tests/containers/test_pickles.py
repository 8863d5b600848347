"""Strings of pickles are read, and nothing is unpickled."""

from __future__ import annotations

import os
import pickle
from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.containers.container import Budget, Member, SpentError
from leakscan.containers.pickles import Pickle, looks_like

TOKEN = "r8_" + "Ab9" * 12 + "Z"


def _strings(data: bytes) -> list[bytes]:
    (member,) = Pickle().members(data, Budget())
    assert isinstance(member, Member)
    return b"".join(member.chunks).split(b"\n")


@pytest.mark.parametrize("protocol", range(6))
def test_strings_of_all_protocols(protocol):
    value = OrderedDict(token=TOKEN, other=["x" * 300, b"bytes", 1, 2.5, None, {"deep": (TOKEN,)}])
    data = pickle.dumps(value, protocol)
    assert looks_like(data) == (protocol >= 2)
    found = _strings(data)
    assert TOKEN.encode() in found
    assert {b"token", b"other", b"x" * 300, b"bytes", b"deep"} <= set(found)


@pytest.mark.parametrize("value", [{}, [], (), None, True, 7, -1, "s", b"b", {1}, 1.5, "é" * 400])
@pytest.mark.parametrize("protocol", range(2, 6))
def test_what_a_pickle_may_begin_with(value, protocol):
    assert looks_like(pickle.dumps(value, protocol))


def test_other_things_are_none():
    for other in (b"", b"\x80", b"\x80\x06}.", b"\x80\x04\xff\xff", b"\x80\x02\xe4\xb8\xad", b"()"):
        assert not looks_like(other)


def test_several_in_a_file():
    data = pickle.dumps("first", 4) + pickle.dumps("second", 2) + b"trailing"
    assert _strings(data)[:2] == [b"first", b"second"]


def test_nothing_is_run(tmp_path):
    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    found = _strings(pickle.dumps(Hostile(), 4))
    assert b"mkdir" in found
    assert not (tmp_path / "made").exists()


def test_absurd_sizes_and_endless_integers():
    for data in (
        b"\x80\x04\x8e" + b"\xff" * 8 + b"x",
        b"\x80\x02X\xff\xff\xff\xffx",
        b"\x80\x02I" + b"9" * 10_000 + b"\n.",
        b"\x80\x02\x8b\xff\xff\xff\x7f",
        b"\x80\x04\x95" + b"\xff" * 8,
    ):
        assert _strings(data) == [b""]


def test_long_strings_come_in_pieces_and_are_charged():
    data = pickle.dumps(["y" * 3_000_000], 4)
    (member,) = Pickle().members(data, Budget())
    assert isinstance(member, Member)
    assert max(map(len, member.chunks)) <= 1 << 20
    (member,) = Pickle().members(data, Budget(1_000_000))
    assert isinstance(member, Member)
    with pytest.raises(SpentError):
        list(member.chunks)


@given(st.data())
def test_damaged_ones_raise_nothing(data):
    whole = pickle.dumps({"a": [TOKEN, 1.5, b"x"], "b": {"c": None}}, data.draw(st.integers(0, 5)))
    at = data.draw(st.integers(0, len(whole) - 1))
    junk = data.draw(st.binary(min_size=1, max_size=5))
    _strings(whole[:at])
    _strings(whole[:at] + junk + whole[at + len(junk) :])

"""Percent-encoding, once and twice."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from decoding import (
    TEXTS,
    check,
    new_text,
    per_megabyte_of_source_text,
    places,
    seeds,
    sound,
    takes,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from leakscan.detect.decode.percent import Percent

PERCENT = Percent()


def everything(text: bytes) -> bytes:
    return b"".join(b"%%%02X" % byte for byte in text)


def specials(text: bytes) -> bytes:
    return quote(text, safe="").replace("_", "%5F").encode()


WRITERS = {
    "everything": everything,
    "everything in lower case": lambda text: everything(text).lower(),
    "what is special": specials,
    "what is special in lower case": lambda text: text.replace(b"_", b"%5f"),
    "the first characters": lambda text: everything(text[:3]) + text[3:],
}


@pytest.mark.parametrize("writer", WRITERS)
@given(seed=seeds, before=st.binary(max_size=40), after=st.binary(max_size=40))
@settings(max_examples=50)
def test_a_token_is_read_back(writer: str, seed: int, before: bytes, after: bytes) -> None:
    token = new_text(seed)
    before = before.replace(b"%", b"")
    after = after.replace(b"%", b"")
    check(PERCENT, b"r8_", token, (before, WRITERS[writer](token), after))


@pytest.mark.parametrize("known", TEXTS)
@given(seed=seeds)
@settings(max_examples=20)
def test_what_is_encoded_in_base64_is_read_back(known: bytes, seed: int) -> None:
    text = new_text(seed, known)
    check(PERCENT, known, text, (b'"', everything(text), b'"'))


@given(known=st.binary(min_size=3, max_size=16), seed=seeds)
def test_any_text_has_literals(known: bytes, seed: int) -> None:
    text = new_text(seed, known)
    check(PERCENT, known, text, (b"", everything(text), b""))
    check(PERCENT, known, text, (b"", everything(text).lower(), b""))
    assert all(len(form.literal) >= 3 for form in PERCENT.forms(known))


@given(seed=seeds)
def test_what_is_encoded_twice_is_read_back_in_two_steps(seed: int) -> None:
    token = new_text(seed)
    for once in (everything(token), specials(token)):
        twice = quote(once, safe="").encode()
        inner = [form.literal for form, _ in places(PERCENT, b"r8_", once)]
        assert inner
        for literal in inner:
            check(PERCENT, literal, once, (b"a=", twice, b"&b"))


def test_what_is_plain_has_no_literal() -> None:
    assert not [form for form in PERCENT.forms(b"cjhf") if form.literal in b"cjhf"]
    assert PERCENT.decode(b"nothing at 100 % here", 3, 0, 21) is None


def test_what_the_window_cuts_stays() -> None:
    data = b"%72%38%5F%61"
    decoded = PERCENT.decode(data, 3, 1, 11)
    assert decoded is not None
    assert decoded.text == b"728_%6"
    assert list(decoded.origin) == [1, 2, 3, 6, 9, 10, 11]


@given(data=st.binary(max_size=300), low=st.integers(0, 100), size=st.integers(0, 300))
def test_any_bytes(data: bytes, low: int, size: int) -> None:
    low = min(low, len(data))
    high = min(len(data), low + size)
    sound(PERCENT.decode(data, low, low, high), low, high)


@pytest.mark.parametrize("unit", [b"%", b"%7", b"%72", b"%25", b"%%41"])
def test_hostile_data_take_linear_time(unit: bytes) -> None:
    assert takes(PERCENT, unit * (1_000_000 // len(unit))) < 2


def test_source_text_holds_hardly_a_literal() -> None:
    assert per_megabyte_of_source_text(PERCENT) < 2

"""Escapes with backslashes, in every notation."""

from __future__ import annotations

import json
import re

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

from leakscan.detect.decode.escapes import Escapes

ESCAPES = Escapes()

NOTATIONS = {
    "JSON": "\\u{:04x}",
    "JSON in upper case": "\\u{:04X}",
    "Java": "\\uu{:04x}",
    "C and Python": "\\x{:02x}",
    "upper case": "\\x{:02X}",
    "octal": "\\{:03o}",
    "octal in a shell": "\\0{:03o}",
    "Python, eight digits": "\\U{:08x}",
    "braces": "\\u{{{:x}}}",
    "braces in upper case": "\\u{{{:X}}}",
}

SPECIAL = re.compile(rb"[^A-Za-z0-9]")


def escaped(text: bytes, notation: str) -> bytes:
    return "".join(NOTATIONS[notation].format(byte) for byte in text).encode()


def within_json(text: bytes, times: int) -> bytes:
    for _ in range(times):
        text = json.dumps(text.decode())[1:-1].encode()
    return text


@pytest.mark.parametrize("times", [0, 1, 2])
@pytest.mark.parametrize("notation", NOTATIONS)
@given(seed=seeds, before=st.binary(max_size=40), after=st.binary(max_size=40))
@settings(max_examples=15)
def test_a_token_is_read_back(
    notation: str, times: int, seed: int, before: bytes, after: bytes
) -> None:
    token = new_text(seed)
    before = before.replace(b"\\", b"") + b"|"
    after = b"|" + after.replace(b"\\", b"")
    everything = within_json(escaped(token, notation), times)
    check(ESCAPES, b"r8_", token, (before, everything, after))
    some = SPECIAL.sub(lambda found: within_json(escaped(found[0], notation), times), token)
    check(ESCAPES, b"r8_", token, (before, some, after))


@pytest.mark.parametrize("known", TEXTS)
@pytest.mark.parametrize("notation", NOTATIONS)
@given(seed=seeds)
@settings(max_examples=5)
def test_what_is_encoded_in_base64_is_read_back(known: bytes, notation: str, seed: int) -> None:
    text = new_text(seed, known)
    check(ESCAPES, known, text, (b'"', escaped(text, notation), b'"'))


@pytest.mark.parametrize("notation", NOTATIONS)
@given(known=st.text(st.characters(max_codepoint=126), min_size=3, max_size=16), seed=seeds)
@settings(max_examples=30)
def test_any_text_has_literals(notation: str, known: str, seed: int) -> None:
    begin = known.encode()
    if "{" in notation and begin[0] < 16:
        return
    text = new_text(seed, begin)
    check(ESCAPES, begin, text, (b"", escaped(text, notation), b""))
    assert all(len(form.literal) >= 3 for form in ESCAPES.forms(begin))


def test_json_that_may_stand_in_a_page_is_found() -> None:
    # As Go and Gson write it.
    entity, inner = b"&#114;&#56;", b"114;&"
    written = entity.replace(b"&", b"\\u0026")
    (_, anchor), *_ = places(ESCAPES, inner, written)
    decoded = ESCAPES.decode(written, anchor, 0, len(written))
    assert decoded is not None
    assert decoded.text == entity


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (rb"a\nb\tc\"d\/e", b'a\nb\tc"d/e'),
        (rb"a\\nb\\\"c", b'a\nb"c'),
        (rb"a\\b", b"a\b"),
        (rb"one\\ two", b"one\\ two"),
        (rb"one\ \x41", rb"one\ A"),
        (rb"\e[0m\033[0m", b"\x1b[0m\x1b[0m"),
        (rb"\u00fc\xfc\374", b"\xc3\xbc\xfc\xfc"),
        (rb"\ud83d\U0010ffff", b"?\xf4\x8f\xbf\xbf"),
        (rb"\x41\u{110000}\Uffffffff\q", rb"A\u{110000}\Uffffffff\q"),
        (rb"\1\12\123\1234\8", b"\x01\nS\x53" + rb"4\8"),
    ],
)
def test_other_escapes(written: bytes, text: bytes) -> None:
    decoded = ESCAPES.decode(written, 0, 0, len(written))
    assert decoded is not None
    assert decoded.text == text
    sound(decoded, 0, len(written))


def test_what_is_plain_has_no_literal() -> None:
    assert not [form for form in ESCAPES.forms(b"cjhf") if form.literal in b"cjhf"]
    assert ESCAPES.decode(rb"nothing \ here", 3, 0, 14) is None


@pytest.mark.parametrize("cut", [rb"\u007", rb"\U0000007", rb"\x7", rb"\16", rb"\0", rb"\u{72"])
def test_what_the_window_cuts_stays(cut: bytes) -> None:
    data = rb"\x41" + cut + b"2}"
    decoded = ESCAPES.decode(data, 0, 0, 4 + len(cut))
    assert decoded is not None
    assert decoded.text == b"A" + cut
    assert list(decoded.origin) == [0, *range(4, 5 + len(cut))]
    tail = ESCAPES.decode(rb"\u0072\x38", 6, 2, 10)
    assert tail is not None
    assert tail.text == b"00728"


@given(data=st.text(alphabet="\\ux{}07aU28n\"'é").map(str.encode), low=st.integers(0, 20))
def test_any_bytes(data: bytes, low: int) -> None:
    low = min(low, len(data))
    sound(ESCAPES.decode(data, low, low, len(data)), low, len(data))


@pytest.mark.parametrize(
    "unit", [b"\\", b"\\u", b"u", b"\\x7", rb"\n", rb"\x72", rb"\162", b"\\ ", rb"\u{", rb"\\\1"]
)
def test_hostile_data_take_linear_time(unit: bytes) -> None:
    assert takes(ESCAPES, unit * (1_000_000 // len(unit))) < 2


def test_source_text_holds_hardly_a_literal() -> None:
    assert per_megabyte_of_source_text(ESCAPES) < 2

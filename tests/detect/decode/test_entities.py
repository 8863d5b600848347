"""Character references, by number and by name."""

from __future__ import annotations

import html
import re

import pytest
from decoding import TEXTS, check, new_text, per_megabyte_of_source_text, seeds, sound, takes
from hypothesis import given, settings
from hypothesis import strategies as st

from leakscan.detect.decode.entities import Entities

ENTITIES = Entities()

NOTATIONS = {
    "decimal": "&#{};",
    "decimal with a zero": "&#0{};",
    "decimal with zeros": "&#{:07};",
    "hex": "&#x{:x};",
    "hex in upper case": "&#X{:X};",
    "hex with zeros": "&#x{:04x};",
}

OPEN = {
    "decimal": "&#{}",
    "decimal with zeros": "&#{:07}",
    "hex": "&#x{:x}",
    "hex in upper case": "&#X{:X}",
    "hex with zeros": "&#x{:07x}",
}

SPECIAL = re.compile(rb"[^A-Za-z0-9]")


def referred(text: bytes, notation: str) -> bytes:
    written = "".join(notation.format(byte) for byte in text)
    assert html.unescape(written) == text.decode()
    return written.encode()


@pytest.mark.parametrize("times", [0, 1, 2])
@pytest.mark.parametrize("notation", NOTATIONS.values(), ids=NOTATIONS)
@given(seed=seeds, before=st.binary(max_size=40), after=st.binary(max_size=40))
@settings(max_examples=20)
def test_a_token_is_read_back(
    notation: str, times: int, seed: int, before: bytes, after: bytes
) -> None:
    token = new_text(seed)
    before, after = before.replace(b"&", b""), after.replace(b"&", b"")
    everything = referred(token, notation)
    some = SPECIAL.sub(lambda found: referred(found[0], notation), token)
    for written in (everything, some):
        text = written
        for _ in range(times):
            text = html.escape(text.decode()).encode()
        check(ENTITIES, b"r8_", token, (before, text, after))


@pytest.mark.parametrize("notation", OPEN.values(), ids=OPEN)
@given(seed=seeds)
@settings(max_examples=20)
def test_no_semicolon_is_needed(notation: str, seed: int) -> None:
    token = new_text(seed)
    check(ENTITIES, b"r8_", token, (b"<p>", referred(token, notation), b"</p>"))
    some = b"r8" + referred(b"_", notation) + b"z" + token[4:]
    check(ENTITIES, b"r8_", b"r8_z" + token[4:], (b"<p>", some, b"</p>"))


@pytest.mark.parametrize("name", [b"&lowbar;", b"&UnderBar;", b"&amp;lowbar;"])
def test_names(name: bytes) -> None:
    token = new_text(1)
    check(ENTITIES, b"r8_", token, (b"&lt;", token.replace(b"_", name), b"&gt;"))
    if b"amp" not in name:
        check(ENTITIES, b"_abc", token[2:3] + b"abc", (b"", name + b"abc", b""))


@pytest.mark.parametrize("known", TEXTS)
@pytest.mark.parametrize("notation", [*NOTATIONS.values(), *OPEN.values()])
def test_what_is_encoded_in_base64_is_read_back(known: bytes, notation: str) -> None:
    text = new_text(3, known)
    check(ENTITIES, known, text, (b">", referred(text, notation), b"<"))


@pytest.mark.parametrize("notation", NOTATIONS.values(), ids=NOTATIONS)
@given(known=st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=3, max_size=16))
@settings(max_examples=30)
def test_any_text_has_literals(notation: str, known: str) -> None:
    begin = known.encode()
    text = new_text(3, begin)
    check(ENTITIES, begin, text, (b"", referred(text, notation), b""))
    assert all(len(form.literal) >= 3 for form in ENTITIES.forms(begin))


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (b"&lt;a href=&quot;x&quot;&gt;", b'<a href="x">'),
        (b"&amp;lt;&#65;", b"<A"),
        (b"&amp;&#65;", b"&A"),
        (b"&uuml;&#252;&#xFC;", "üüü".encode()),
        (b"&NotEqualTilde;", "≂̸".encode()),
        (b"&#xD800;&#65;", b"?A"),
        (b"&#1114112;&#0;&#65;&nosuch;", b"&#1114112;&#0;A&nosuch;"),
        (b"&#12345678;&#65;", b"&#12345678;A"),
        (b"a & b &#65", b"a & b A"),
    ],
)
def test_other_references(written: bytes, text: bytes) -> None:
    decoded = ENTITIES.decode(written, 0, 0, len(written))
    assert decoded is not None
    assert decoded.text == text
    sound(decoded, 0, len(written))


def test_what_is_plain_has_no_literal() -> None:
    assert not [form for form in ENTITIES.forms(b"cjhf") if form.literal in b"cjhf"]
    assert ENTITIES.decode(b"this & that; &#; &x;", 3, 0, 20) is None


@pytest.mark.parametrize("cut", [b"&#11", b"&#x7", b"&lowba", b"&am", b"&#"])
def test_what_the_window_cuts_stays(cut: bytes) -> None:
    data = b"&#65;" + cut + b"4;"
    decoded = ENTITIES.decode(data, 0, 0, 5 + len(cut))
    assert decoded is not None
    assert decoded.text == b"A" + cut
    assert list(decoded.origin) == [0, *range(5, 6 + len(cut))]


@given(data=st.text(alphabet="&#xX0;19aflowbarmp ").map(str.encode), low=st.integers(0, 20))
def test_any_bytes(data: bytes, low: int) -> None:
    low = min(low, len(data))
    sound(ENTITIES.decode(data, low, low, len(data)), low, len(data))


@pytest.mark.parametrize(
    "unit", [b"&", b"&#", b"&amp;", b"&#6", b"&#x", b"&#0", b"&#9;", b"&a", b"&lt;"]
)
def test_hostile_data_take_linear_time(unit: bytes) -> None:
    assert takes(ENTITIES, unit * (1_000_000 // len(unit))) < 2
    assert takes(ENTITIES, b"&#" + b"1" * 1_000_000) < 2
    assert takes(ENTITIES, b"&#" + b"0" * 1_000_000) < 2
    assert takes(ENTITIES, b"&" + b"amp;" * 250_000) < 2


def test_source_text_holds_hardly_a_literal() -> None:
    assert per_megabyte_of_source_text(ENTITIES) < 2

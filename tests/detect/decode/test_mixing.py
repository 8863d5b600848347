"""What is asked before anything is decoded must hold wherever something would come out."""

from __future__ import annotations

import re
from html.entities import html5
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.detect.decode import entities
from leakscan.detect.decode.mixing import looks_like
from leakscan.detect.encodings import DECODERS, SPELLED, signs

if TYPE_CHECKING:
    from leakscan.detect.decode.decoder import Decoder

MIXING = [decoder for decoder in DECODERS if decoder in SPELLED]

TEXTS = sorted(
    {text for sign in signs((b"r8_",)) if sign.decoder in SPELLED for text in sign.texts}
)

ESCAPES = st.sampled_from(
    ["\\x{:02x}", "\\x{:02X}", "\\\\x{:02x}", "\\u{:04x}", "\\uu{:04X}", "\\U{:08x}", "\\{:o}",
     "\\{:03o}", "\\0{:03o}", "\\u{{{:x}}}", "\\x{{{:06x}}}", "&#{};", "&#{}", "&#0{:d};",
     "&#x{:x};", "&#X{:04X};", "&#x{:x}", "&amp;#{};", "%{:02x}", "%{:02X}", "={:02X}", "={:02x}",
     "=\n={:02X}", "={:02X}= \r\n"]
)  # fmt: skip


@st.composite
def writings(draw: st.DrawFn, text: bytes) -> bytes:
    """Write each character plainly, or in any notation."""
    written = ""
    for character in text.decode("latin-1"):
        names = [name for name, meaning in html5.items() if meaning == character and ";" in name]
        plain = st.just(character)
        named = st.sampled_from([f"&{name}" for name in names]) if names else plain
        escaped = ESCAPES.map(lambda form, one=character: form.format(ord(one)))
        written += draw(st.one_of(escaped, escaped, plain, named))
    around = st.binary(max_size=6)
    return draw(around) + written.encode("latin-1") + draw(around)


@pytest.mark.parametrize("decoder", MIXING, ids=lambda decoder: decoder.name)
@given(st.data())
def test_what_is_decoded_looks_like_it(decoder: Decoder, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(TEXTS))
    written = data.draw(writings(text))
    decoded = decoder.decode(written, 0, 0, len(written))
    if decoded and text in decoded.text:
        assert re.search(looks_like([text], SPELLED[decoder]), written)


def test_several_texts_look_like_any() -> None:
    expression = looks_like([b"r8_", b"r7", b"=x"], SPELLED[MIXING[0]])
    for written in (b"%72%38_", b"r%37", b"%3dx"):
        assert re.fullmatch(expression, written)
    assert not re.search(expression, b"%72%39_ x=")


def test_names_of_characters_are_those_of_the_standard() -> None:
    known = {}
    for name, meaning in html5.items():
        if meaning.isascii() and len(meaning) == 1 and name.endswith(";"):
            known.setdefault(meaning.encode(), set()).add(name[:-1])
    assert {one: set(names.split()) for one, names in entities._NAMES.items()} == known

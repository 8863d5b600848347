"""Percent-encoding, and what all encodings share that leave some bytes as they are."""

from __future__ import annotations

import random
import re
import string
import sysconfig
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leakscan
from leakscan.detect.decode.percent import Percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.detect.decode.decoder import Decoded, Decoder, Form

PERCENT = Percent()

TEXTS = [b"r8_", b"cjhf", b"I4X", b"yOF"]
"""How a token begins, and how it does in base64 at each alignment."""

seeds = st.integers(0, 2**32)


def new_text(seed: int, begin: bytes = b"r8_") -> bytes:
    """Return a made-up token, or base64 of one."""
    alphabet = (string.ascii_letters + string.digits).encode()
    return begin + bytes(random.Random(seed).choices(alphabet, k=37))  # noqa: S311


def places(decoder: Decoder, known: bytes, data: bytes) -> Iterator[tuple[Form, int]]:
    """Yield the forms of a known text that stand in some data, and the anchors."""
    for form in decoder.forms(known):
        pattern = form.pattern or re.escape(form.literal)
        if found := re.search(pattern, data, re.DOTALL):
            start = data.rfind(form.literal, 0, found.end())
            assert start >= 0, form
            yield form, start + form.shift


def check(decoder: Decoder, known: bytes, text: bytes, parts: tuple[bytes, bytes, bytes]) -> None:
    """Assert that a text is found, and read back to the byte, as the second of three parts."""
    before, written, _ = parts
    data = b"".join(parts)
    anchors = [anchor for _, anchor in places(decoder, known, data)]
    assert anchors, written
    for anchor in anchors:
        decoded = decoder.decode(data, anchor, 0, len(data))
        assert decoded is not None, written
        assert len(decoded.origin) == len(decoded.text) + 1
        if text in decoded.text:
            at = decoded.text.index(text)
            assert decoded.origin[at] == len(before)
            assert decoded.origin[at + len(text)] == len(before) + len(written)
            return
    pytest.fail(f"{text!r} is not read back from {written!r}")


def sound(decoded: Decoded | None, low: int, high: int) -> None:
    """Assert that origins ascend, one for each byte and one more, within the window."""
    if decoded is not None:
        assert len(decoded.origin) == len(decoded.text) + 1
        origin = list(decoded.origin)
        assert origin == sorted(origin)
        assert low <= origin[0] <= origin[-1] <= high


def takes(decoder: Decoder, data: bytes) -> float:
    """Return how many seconds of a processor it takes to decode some data."""
    spent = []
    for _ in range(2):
        start = time.process_time()
        sound(decoder.decode(data, len(data) // 2, 0, len(data)), 0, len(data))
        spent.append(time.process_time() - start)
    return min(spent)


def per_megabyte_of_source_text(decoder: Decoder) -> float:
    """Return how many literals stand in a megabyte of Python: of this program, and its library."""
    files = [*Path(leakscan.__file__).parent.rglob("*.py")]
    library = Path(sysconfig.get_path("stdlib"))
    files += [*library.glob("*.py"), *library.glob("encodings/*.py"), *library.glob("asyncio/*.py")]
    data = b"".join(path.read_bytes() for path in files)
    assert len(data) > 5_000_000
    literals = [form.literal for form in decoder.forms(b"r8_") if form.literal != b"r8_"]
    return sum(map(data.count, literals)) / (len(data) / 1e6)


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
    assert takes(PERCENT, unit * (1_000_000 // len(unit))) < 0.5


def test_source_text_holds_hardly_a_literal() -> None:
    assert per_megabyte_of_source_text(PERCENT) < 2

"""UTF-16 and UTF-32: either byte order, any offset."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.detect.decode.wide import Wide

ENCODINGS = [("utf-16-le", 2), ("utf-16-be", 2), ("utf-32-le", 4), ("utf-32-be", 4)]


@pytest.mark.parametrize(("encoding", "width"), ENCODINGS)
@given(
    before=st.text(max_size=20),
    body=st.text("abcXYZ019", min_size=37, max_size=37),
    after=st.text(max_size=20),
    offset=st.integers(0, 5),
)
def test_a_token_is_found_at_any_offset(
    encoding: str, width: int, before: str, body: str, after: str, offset: int
) -> None:
    token = "r8_" + body
    data = b"\xff" * offset + (before + token + after).encode(encoding)
    expected = offset + len(before.encode(encoding))
    found = []
    for form in Wide(width).forms(b"r8_"):
        for literal in re.finditer(re.escape(form.literal), data):
            decoded = Wide(width).decode(data, literal.start() + form.shift, 0, len(data))
            if decoded and token.encode() in decoded.text:
                assert len(decoded.origin) == len(decoded.text) + 1
                found.append(decoded.origin[decoded.text.index(token.encode())])
    # Out of step, big-endian text looks like little-endian text in step.
    as_little = expected + width - 1
    assert expected in found or (as_little % width == 0 and as_little in found)


@pytest.mark.parametrize(("encoding", "width"), ENCODINGS)
@pytest.mark.parametrize("before", ["", "Key: ", "Schl\xfcssel: "])
def test_however_it_is_read_it_stands_where_its_characters_begin(
    encoding: str, width: int, before: str
) -> None:
    data = (before + "r8_abc\n").encode(encoding)
    found = set()
    for form in Wide(width).forms(b"r8_"):
        at = data.index(form.literal) + form.shift
        if decoded := Wide(width).decode(data, at, 0, len(data)):
            found.add(decoded.origin[decoded.text.index(b"r8_")])
    assert min(found) == len(before.encode(encoding))


def test_a_line_end_and_a_letter_beyond_ascii_are_kept() -> None:
    text = "é = x\nr8_abc\n"
    data = text.encode("utf-16-le")
    at = data.find(b"r\0")
    decoded = Wide(2).decode(data, at, 0, len(data))
    assert decoded
    assert decoded.text == text.encode("latin-1")
    assert list(decoded.origin) == list(range(0, len(data) + 1, 2))


@pytest.mark.parametrize("width", [2, 4])
@given(
    data=st.lists(st.sampled_from(b"\0\0\0ab\xff"), max_size=60).map(bytes),
    anchor=st.integers(-4, 64),
)
def test_any_bytes_are_decoded_or_not(width: int, data: bytes, anchor: int) -> None:
    decoded = Wide(width).decode(data, anchor, 0, len(data))
    if decoded:
        assert b"\0" not in decoded.text
        assert len(decoded.origin) == len(decoded.text) + 1
        assert 0 <= decoded.origin[0] <= decoded.origin[-1] <= len(data)

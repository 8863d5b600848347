"""Base64: no alignment is missed, and what is found is placed exactly."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leakscan.detect.decode.base64 import Base64

if TYPE_CHECKING:
    from leakscan.detect.decode.decoder import Form

BODY = st.text("abcXYZ019", min_size=37, max_size=37).map(str.encode)
ASCII = st.integers(0, 127).map(lambda byte: bytes([byte]))
AROUND = st.binary(max_size=60)
WRAPS = [b"\n", b"\r\n", b"\n    ", b"\\n", b"\\r\\n"]


def wrapped(text: bytes, width: int, between: bytes) -> bytes:
    return between.join(text[at : at + width] for at in range(0, len(text), width))


def decoded_at(data: bytes, prefix: bytes, token: bytes) -> list[int]:
    """Return where decoding at each place of each literal gives the token."""
    found = []
    for form in Base64().forms(prefix):
        for literal in re.finditer(re.escape(form.literal), data):
            decoded = Base64().decode(data, literal.start() + form.shift, 0, len(data))
            if decoded and token in decoded.text:
                assert len(decoded.origin) == len(decoded.text) + 1
                found.append(decoded.origin[decoded.text.index(token)])
    return found


def stands(form: Form, data: bytes) -> bool:
    """Whether the literal of a form stands somewhere between bytes that may be beside it."""
    return any(
        (not form.before or not at or data[at - 1] in form.before)
        and (not form.behind or data[at + len(form.literal)] in form.behind)
        for at in (found.start() for found in re.finditer(re.escape(form.literal), data))
    )


@given(before=AROUND, body=BODY, after=AROUND, is_url=st.booleans(), padded=st.booleans())
@example(before=b"", body=b"a" * 37, after=b"", is_url=False, padded=False)
def test_no_alignment_is_missed(
    before: bytes, body: bytes, after: bytes, is_url: bool, padded: bool
) -> None:
    token = b"r8_" + body
    encode = base64.urlsafe_b64encode if is_url else base64.b64encode
    text = encode(before + token + after)
    places = decoded_at(b"key: " + (text if padded else text.rstrip(b"=")), b"r8_", token)
    assert 5 + len(before) * 4 // 3 in places


@given(
    before=AROUND,
    body=BODY,
    after=AROUND,
    width=st.sampled_from([60, 64, 76]),
    between=st.sampled_from(WRAPS),
)
def test_wrapped_text_is_read_on(
    before: bytes, body: bytes, after: bytes, width: int, between: bytes
) -> None:
    token = b"r8_" + body
    plain = base64.b64encode(before + token + after)
    data = b'"' + wrapped(plain, width, between) + b'"'
    at = len(before) * 4 // 3
    expected = 1 + at + at // width * len(between)
    places = decoded_at(data, b"r8_", token)
    # Only a literal that is itself broken is not found by this prefix.
    broken = len(plain[: at // width * width + width]) - at < 6
    assert expected in places or broken


@pytest.mark.parametrize(
    "prefix", [b"r8_", b"ghp_", b"\x1f\x8b\x08", b"PK\x03\x04", b">>?", b"~~~~"]
)
@given(before=st.binary(max_size=5), then=ASCII, after=st.binary(min_size=7, max_size=11))
def test_one_of_the_literals_stands_in_every_encoding(
    prefix: bytes, before: bytes, then: bytes, after: bytes
) -> None:
    forms = list(Base64().forms(prefix))
    assert all(len(form.literal) >= 3 for form in forms)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        data = encode(before + prefix + then + after)
        assert any(stands(form, data) for form in forms)


def test_a_path_in_front_does_not_hide_the_text() -> None:
    token = b"r8_" + b"aB3" * 12 + b"x"
    data = b"https://host/some/path/" + base64.b64encode(b"=" + token)
    ((form, at),) = [(f, data.find(f.literal)) for f in Base64().forms(b"r8_") if f.literal in data]
    decoded = Base64().decode(data, at + form.shift, 0, len(data))
    assert decoded
    assert decoded.text.startswith(b"=" + token)


@pytest.mark.parametrize("data", [b"cjhf", b"cjhf" * 3, b"cjhf ....", b"cjhf\n\n\n", b"\\n" * 400])
def test_what_is_too_short_is_nothing(data: bytes) -> None:
    assert Base64().decode(data, 0, 0, len(data)) is None


@given(data=st.binary(max_size=300), anchor=st.integers(-4, 300))
def test_any_bytes_are_decoded_or_not(data: bytes, anchor: int) -> None:
    decoded = Base64().decode(data, anchor, 0, len(data))
    if decoded:
        offsets = list(decoded.origin)
        assert len(offsets) == len(decoded.text) + 1
        assert offsets == sorted(offsets)
        assert 0 <= offsets[0] <= offsets[-1] <= len(data)

"""Quoted-printable, with line breaks in any place."""

from __future__ import annotations

import quopri
import random
from email import message_from_bytes
from email.message import EmailMessage

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

from leakscan.detect.decode.quoted_printable import QuotedPrintable

QUOTED_PRINTABLE = QuotedPrintable()

WRITERS = {
    "everything": lambda text: [b"=%02X" % byte for byte in text],
    "everything in lower case": lambda text: [b"=%02x" % byte for byte in text],
    "what is special": lambda text: [
        bytes([byte]) if chr(byte).isalnum() else b"=%02X" % byte for byte in text
    ],
    "nothing": lambda text: [bytes([byte]) for byte in text],
}


@pytest.mark.parametrize("end", [b"=\n", b"=\r\n", b"= \t\r\n"])
@pytest.mark.parametrize("writer", WRITERS)
@given(seed=seeds, before=st.binary(max_size=40), after=st.binary(max_size=40))
@settings(max_examples=20)
def test_a_token_is_read_back_with_a_line_break_anywhere(
    writer: str, end: bytes, seed: int, before: bytes, after: bytes
) -> None:
    token = new_text(seed)
    before, after = before.replace(b"=", b""), after.replace(b"=", b"")
    units = WRITERS[writer](token)
    if writer != "nothing":
        check(QUOTED_PRINTABLE, b"r8_", token, (before, b"".join(units), after))
    for at in (1, 2, 3, 20, 39):
        written = b"".join([*units[:at], end, *units[at:]])
        # Python does not know that spaces may be added on the way.
        assert quopri.decodestring(written.replace(b" \t", b"")) == token
        check(QUOTED_PRINTABLE, b"r8_", token, (before, written, after))


@pytest.mark.parametrize("known", TEXTS)
@pytest.mark.parametrize("writer", WRITERS)
def test_what_is_encoded_in_base64_is_read_back(known: bytes, writer: str) -> None:
    text = new_text(3, known)
    units = WRITERS[writer](text)
    for at in range(1, len(known)):
        written = b"".join([*units[:at], b"=\n", *units[at:]])
        check(QUOTED_PRINTABLE, known, text, (b"", written, b""))


@given(known=st.binary(min_size=3, max_size=16), seed=seeds)
def test_any_text_has_literals(known: bytes, seed: int) -> None:
    text = new_text(seed, known)
    for writer in ("everything", "everything in lower case"):
        check(QUOTED_PRINTABLE, known, text, (b"", b"".join(WRITERS[writer](text)), b""))
    assert all(len(form.literal) >= 3 for form in QUOTED_PRINTABLE.forms(known))


def test_mails_are_read() -> None:
    rng = random.Random(5)  # noqa: S311
    for seed in range(40):
        token = new_text(seed)
        words = " ".join("x" * rng.randrange(1, 9) for _ in range(rng.randrange(4, 30)))
        mail = EmailMessage()
        mail.set_content(f"{words} é {token.decode()} {words}\n", cte="quoted-printable")
        data = mail.as_bytes()
        decoded = QUOTED_PRINTABLE.decode(data, 0, 0, len(data))
        assert decoded is not None
        assert token in decoded.text
        payload = message_from_bytes(data).get_payload(decode=True)
        assert isinstance(payload, bytes)
        assert payload.strip() in decoded.text


def test_what_is_plain_is_left_alone() -> None:
    for known in TEXTS:
        assert not list(places(QUOTED_PRINTABLE, known, b"key=" + new_text(1, known) + b"\n=\n"))
    assert QUOTED_PRINTABLE.decode(b"a = b; c==d", 3, 0, 11) is None


@pytest.mark.parametrize("cut", [b"=", b"=5", b"=\r", b"= "])
def test_what_the_window_cuts_stays(cut: bytes) -> None:
    data = b"=41" + cut + b"F\n"
    decoded = QUOTED_PRINTABLE.decode(data, 0, 0, 3 + len(cut))
    assert decoded is not None
    assert decoded.text == b"A" + cut
    assert list(decoded.origin) == [0, *range(3, 4 + len(cut))]


@given(data=st.text(alphabet="=\r\n 0aF5 x").map(str.encode), low=st.integers(0, 20))
def test_any_bytes(data: bytes, low: int) -> None:
    low = min(low, len(data))
    sound(QUOTED_PRINTABLE.decode(data, low, low, len(data)), low, len(data))


@pytest.mark.parametrize("unit", [b"=", b"=5", b"=72", b"=\n", b"= ", b"=\r"])
def test_hostile_data_take_linear_time(unit: bytes) -> None:
    assert takes(QUOTED_PRINTABLE, unit * (1_000_000 // len(unit))) < 2
    assert takes(QUOTED_PRINTABLE, b"=" + b" " * 1_000_000) < 2


def test_source_text_holds_hardly_a_literal() -> None:
    assert per_megabyte_of_source_text(QUOTED_PRINTABLE) < 2

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.safe_text import encodable, safe_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("config/app.env", "config/app.env"),
        ("", ""),
        ("Grüße/日本語/🙂", "Grüße/日本語/🙂"),
        ("[bold]a[/bold]", "[bold]a[/bold]"),
        ("a\x1b[2Jb", r"a\x1b[2Jb"),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("bell\x07 delete\x7f null\0", r"bell\x07 delete\x7f null\x00"),
        ("\x9b31m", r"\x9b31m"),
        ("gpj.\u202eexe", r"gpj.\u202eexe"),
        ("\u2066a\u2069", r"\u2066a\u2069"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("line\u2028break", r"line\u2028break"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("caf\udce9", r"caf\xe9"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_could_deceive_is_spelled_out(text: str, shown: str) -> None:
    assert safe_text(text) == shown


@given(st.text(st.characters(codec=None)))
def test_nothing_unsafe_is_left(text: str) -> None:
    shown = safe_text(text)
    categories = {unicodedata.category(character) for character in shown}
    assert not categories & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert safe_text(shown) == shown


@given(st.text(st.characters(codec=None)))
def test_encodable_text_can_be_encoded(text: str) -> None:
    encodable(text).encode()


def test_encodable_text_keeps_all_but_surrogates() -> None:
    assert encodable("a\x1b\u202e caf\udce9") == "a\x1b\u202e caf\\xe9"

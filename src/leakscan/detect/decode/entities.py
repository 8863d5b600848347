"""Character references of HTML and XML."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from leakscan.detect.decode.decoder import Form
from leakscan.detect.decode.mixing import (
    GAP,
    LETTERS_AND_DIGITS,
    behind_plain,
    either_case,
    exactly,
    fewest,
    mixed,
    openings,
    preceded_by,
    replaced,
    surest,
)

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator

    from leakscan.detect.decode.decoder import Decoded

_REFERENCE = rb"""(?x) & (?:amp;)* (?:
        \# 0*+ (?P<decimal> [1-9][0-9]{0,6}+ ) (?![0-9]) ;?
      | \# [xX] 0*+ (?P<hex> [1-9A-Fa-f][0-9A-Fa-f]{0,5}+ ) (?![0-9A-Fa-f]) ;?
      | (?P<name> [A-Za-z][A-Za-z0-9]{1,31}+ ; )
    )"""
"""What was escaped twice has ``&amp;`` for the ampersand.

Numbers need no semicolon (HTML standard, 13.2.5.80), and end where the digits do.
"""

_NAMES = {
    b"\t": "Tab", b"\n": "NewLine", b"!": "excl", b'"': "QUOT quot", b"#": "num", b"$": "dollar",
    b"%": "percnt", b"&": "AMP amp", b"'": "apos", b"(": "lpar", b")": "rpar", b"*": "ast midast",
    b"+": "plus", b",": "comma", b".": "period", b"/": "sol", b":": "colon", b";": "semi",
    b"<": "LT lt", b"=": "equals", b">": "GT gt", b"?": "quest", b"@": "commat",
    b"[": "lbrack lsqb", b"\\": "bsol", b"]": "rbrack rsqb", b"^": "Hat", b"_": "lowbar UnderBar",
    b"`": "DiacriticalGrave grave", b"{": "lbrace lcub", b"|": "verbar vert VerticalLine",
    b"}": "rbrace rcub",
}  # fmt: skip
"""The names of characters of ASCII (HTML standard, 13.5): `html.entities` takes long to load."""

_KEPT_BY_MOST = bytes(set(range(0x21, 0x7F)) - set(b"\"&'<>"))
"""What most programs keep: all but what means something in HTML."""


_BEFORE_DIGITS = b"#0xX"


class Entities:
    """Character references, mixed with plain characters.

    Found are texts of which every character is a reference, or all but letters and digits, or all
    that means something in HTML: by decimal or hex number, with leading zeros or none, with
    semicolons or none, and escaped twice (but numbers without semicolons). Names are found where
    two plain characters come first, or one behind.  What has only some of its letters written so
    is not found.
    """

    name = "HTML entities"

    def forms(self, text: bytes) -> Iterator[Form]:
        """Yield a literal for each notation, or one for all if two plain characters come first."""
        found: list[Form] = []
        for kept, plain in openings(text, (b"", LETTERS_AND_DIGITS, _KEPT_BY_MOST)):
            if plain >= 2:
                reference = rb"(?:amp;){0,8}(?:#[xX]?[0-9]|[A-Za-z]{2,31};)"
                found.append(behind_plain(text[:plain], b"&", reference))
                continue
            for notation in (_decimal, _hex, _open_decimal, _open_hex):
                is_rare = notation in (_open_decimal, _open_hex)
                forms = [
                    preceded_by(_BEFORE_DIGITS, form)
                    for form in surest(partial(notation, text, kept), b"&", is_rare=is_rare)
                ]
                found += map(_exact_hex, forms) if notation is _hex and not kept else forms
            if kept:
                found += [Form(literal, is_rare=True) for literal in _named(text, kept)]
        yield from fewest(found)

    def decode(self, data: bytes, anchor: int, low: int, high: int) -> Decoded | None:  # noqa: ARG002 - all of it is decoded
        """Decode everything between two offsets."""
        goes_on = lambda written: not written.endswith(b";")  # noqa: E731 - it has one use
        return replaced(_REFERENCE, _read, data, low, high, goes_on)


def _decimal(text: bytes, kept: bytes, case: Callable[[bytes], bytes]) -> bytes:  # noqa: ARG001 - there are no letters
    return mixed(text, kept, lambda byte: b"&" + GAP + b"%d;" % byte)


def _hex(text: bytes, kept: bytes, case: Callable[[bytes], bytes]) -> bytes:
    return mixed(text, kept, lambda byte: b"&" + GAP + case(b"%x" % byte) + b";")


def _exact_hex(form: Form) -> Form:
    """Tell hex from decimal numbers that end alike: old pages are full of these."""
    if len(form.literal) != len(b"72;&"):
        return form
    return form._replace(pattern=rb"[xX]0{0,8}" + exactly(form.literal), is_last=True)


def _open_decimal(text: bytes, kept: bytes, case: Callable[[bytes], bytes]) -> bytes:  # noqa: ARG001 - there are no letters
    return mixed(text, kept, lambda byte: b"&#" + GAP + b"%d" % byte)


def _open_hex(text: bytes, kept: bytes, case: Callable[[bytes], bytes]) -> bytes:
    return mixed(text, kept, lambda byte: b"&#" + GAP + case(b"%x" % byte))


def _named(text: bytes, kept: bytes) -> Iterator[bytes]:
    """Yield what surely stands in a text where references are by name."""
    first = text.lstrip(kept)[:1]
    behind = text.partition(first)[2]
    plain = behind[: len(behind) - len(behind.lstrip(kept))]
    if plain:
        for name in _NAMES.get(first, "").split():
            yield name.encode() + b";" + plain


def spelled(byte: int) -> tuple[bytes, bytes]:
    """Return expressions for references to a byte (which match others, too) and for itself."""
    name = b"" if bytes([byte]).isalnum() else rb"|[A-Za-z][A-Za-z0-9]{1,31};"
    hexadecimal = either_case(b"%x" % byte)
    numbers = rb"#0{0,90}%d;?|#[xX]0{0,90}%b;?" % (byte, hexadecimal)
    return rb"&(?:amp;){0,24}(?:%b%b)" % (numbers, name), exactly(bytes([byte]))


def _read(found: re.Match[bytes]) -> bytes | None:
    """Return what a reference stands for."""
    from html.entities import html5

    if name := found["name"]:
        meaning = html5.get(name.decode())
        return None if meaning is None else meaning.encode()
    code = int(found["decimal"] or found["hex"], 10 if found["decimal"] else 16)
    return chr(code).encode("utf-8", "replace") if code <= 0x10FFFF else None

"""Character references of HTML and XML."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from leakscan.detect.decode.decoder import Form
from leakscan.detect.decode.mixing import (
    GAP,
    LETTERS_AND_DIGITS,
    behind_plain,
    exactly,
    fewest,
    mixed,
    openings,
    replaced,
    surest,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leakscan.detect.decode.decoder import Decoded

_REFERENCE = re.compile(
    rb"""(?x) & (?:amp;)* (?:
        \# 0*+ (?P<decimal> [1-9][0-9]{0,6}+ ) (?![0-9]) ;?
      | \# [xX] 0*+ (?P<hex> [1-9A-Fa-f][0-9A-Fa-f]{0,5}+ ) (?![0-9A-Fa-f]) ;?
      | (?P<name> [A-Za-z][A-Za-z0-9]{1,31}+ ; )
    )"""
)
"""What was escaped twice has ``&amp;`` for the ampersand.

Numbers need no semicolon (HTML standard, 13.2.5.80), and end where the digits do.
"""

_KEPT_BY_MOST = bytes(set(range(0x21, 0x7F)) - set(b"\"&'<>"))
"""What most programs keep: all but what means something in HTML."""


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
                forms = surest(partial(notation, text, kept), b"&", is_rare=is_rare)
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
    return replace(form, pattern=rb"[xX]0{0,8}" + exactly(form.literal))


def _open_decimal(text: bytes, kept: bytes, case: Callable[[bytes], bytes]) -> bytes:  # noqa: ARG001 - there are no letters
    return mixed(text, kept, lambda byte: b"&#" + GAP + b"%d" % byte)


def _open_hex(text: bytes, kept: bytes, case: Callable[[bytes], bytes]) -> bytes:
    return mixed(text, kept, lambda byte: b"&#" + GAP + case(b"%x" % byte))


def _named(text: bytes, kept: bytes) -> Iterator[bytes]:
    """Yield what surely stands in a text where references are by name."""
    from html.entities import html5

    first = next(byte for byte in text if byte not in kept)
    behind = text[text.index(first) + 1 :]
    plain = behind[: len(behind) - len(behind.lstrip(kept))]
    for name, meaning in html5.items():
        if meaning == chr(first) and name.endswith(";") and len(plain) > 0:
            yield name.encode() + plain


def _read(found: re.Match[bytes]) -> bytes | None:
    """Return what a reference stands for."""
    from html.entities import html5

    if name := found["name"]:
        meaning = html5.get(name.decode())
        return None if meaning is None else meaning.encode()
    code = int(found["decimal"] or found["hex"], 10 if found["decimal"] else 16)
    return chr(code).encode("utf-8", "replace") if code <= 0x10FFFF else None

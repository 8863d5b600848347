r"""Escapes with a backslash, as in JSON, JavaScript, Python, C, Java, Rust and shells."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

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

    from leakscan.detect.decode.decoder import Decoded, Form

_ESCAPE = rb"""(?x) \\++ (?:
        u{1,8} (?P<four>[0-9A-Fa-f]{4})
      | U (?P<eight>[0-9A-Fa-f]{8})
      | [ux] \{ (?P<braced>[0-9A-Fa-f]{1,8}) \}
      | x (?P<two>[0-9A-Fa-f]{2})
      | (?P<octal> 0[0-3][0-7]{2} | [0-3]?[0-7]{1,2} )
      | (?P<simple> [abefnrtv"'/?`] )
    )?"""
"""Any number of backslashes: each time that JSON is put into JSON, there are twice as many.

Java takes several ``u``, Perl braces behind an ``x``, and shells a zero before an octal number.
"""

_SIMPLE = {
    b"a": b"\a",
    b"b": b"\b",
    b"e": b"\x1b",
    b"f": b"\f",
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"v": b"\v",
}

_KEPT_IN_HTML = bytes(set(range(0x21, 0x7F)) - set(b"\"&'+/<=>`\\"))
"""What programs keep that write JSON so that it can stand in a page (Go, Gson, PHP)."""

_NOTATIONS: tuple[tuple[bytes, str, bytes, bool], ...] = (
    (GAP, "%04x", b"", False),  # \u0072 and \U00000072
    (b"\\x", "%02x", b"", False),
    (GAP, "%03o", b"", False),  # \162 and \0162
    (b"\\u{", "%x", b"}", True),
)
"""How escapes begin behind a backslash, their digits, how they end, and whether that is rare."""


_BEFORE_DIGITS = b"\\0uU"


class Escapes:
    r"""Escapes with backslashes, mixed with plain characters.

    Found are texts of which every character is escaped in one notation, or all but letters and
    digits, or all that means something in HTML; with any number of backslashes.  ``\u{72}`` is
    found, but ``\u{0072}`` and Perl's ``\x{72}`` only where the character stands behind two that
    are plain.

    Not found are characters by name (``\N{LOW LINE}``, ``\N{U+5F}``), those of CSS (``\5f``, with
    any number of zeros), and what has only some of its letters escaped.

    ``\xNN`` and octal numbers are bytes, whatever they mean in the language; the others are
    characters, in UTF-8.
    """

    name = "escapes"

    def forms(self, text: bytes) -> Iterator[Form]:
        """Yield a literal for each notation, or one for all if two plain characters come first."""
        found: list[Form] = []
        for kept, plain in openings(text, (b"", LETTERS_AND_DIGITS, _KEPT_IN_HTML)):
            if plain >= 2:
                escape = rb"\\{0,16}(?:[0-7]{2}|[uU]|x[0-9A-Fa-f{])"
                found.append(behind_plain(text[:plain], b"\\", escape))
                continue
            for notation in _NOTATIONS:
                write = partial(_written, text, kept, notation)
                forms = surest(write, b"\\", is_rare=notation[-1])
                found += (preceded_by(_BEFORE_DIGITS, form) for form in forms)
        yield from fewest(found)

    def decode(self, data: bytes, anchor: int, low: int, high: int) -> Decoded | None:  # noqa: ARG002 - all of it is decoded
        """Decode everything between two offsets."""
        return replaced(_ESCAPE, _read, data, low, high, _goes_on)


def _written(
    text: bytes,
    kept: bytes,
    notation: tuple[bytes, str, bytes, bool],
    case: Callable[[bytes], bytes],
) -> bytes:
    # One backslash is both the last of those before and the first of those that may follow.
    begin, digits, end, _ = notation
    return mixed(
        text, kept, lambda byte: b"\\" + GAP + begin + case((digits % byte).encode()) + end
    )


def _read(found: re.Match[bytes]) -> bytes | None:
    """Return what an escape stands for."""
    kind = found.lastgroup
    if kind is None:
        return found[0][:1]
    digits = found[kind]
    if kind == "simple":
        return _SIMPLE.get(digits, digits)
    if kind == "octal":
        return bytes([int(digits, 8)])
    code = int(digits, 16)
    if kind == "two":
        return bytes([code])
    return chr(code).encode("utf-8", "replace") if code <= 0x10FFFF else None


def _goes_on(written: bytes) -> bool:
    """Whether an escape may be longer than it seems: backslashes, and octal numbers."""
    return written.endswith(b"\\") or written.lstrip(b"\\")[:1].isdigit()


def spelled(byte: int) -> tuple[bytes, bytes]:
    """Return expressions for escapes of a byte (which match others, too) and for itself."""
    plain = bytes([byte])
    # A backslash begins an escape where one can begin: dumps are full of these.
    itself = rb"\\(?!x[0-9A-Fa-f]{2})" if plain == b"\\" else exactly(plain)
    two, few = either_case(b"%02x" % byte), either_case(b"%x" % byte)
    written = [
        rb"(?:u{1,8}|U0000)00%b" % two,
        rb"x%b" % two,
        rb"[ux]\{0{0,7}%b\}" % few,
        rb"0{0,3}%o" % byte,
        *(exactly(letter) for letter, meaning in _SIMPLE.items() if meaning == plain),
    ]
    if plain in b"\"'/?`":
        written.append(itself)
    if plain == b"\\":
        written.append(b"(?!x[0-9A-Fa-f]{2})")
    return rb"\\\\{0,90}+(?:%b)" % b"|".join(written), itself

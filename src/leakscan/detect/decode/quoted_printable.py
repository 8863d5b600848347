"""Quoted-printable, as in mails (RFC 2045, 6.7)."""

from __future__ import annotations

from binascii import unhexlify
from functools import partial
from typing import TYPE_CHECKING

from leakscan.detect.decode.decoder import Form
from leakscan.detect.decode.mixing import (
    GAP,
    LETTERS_AND_DIGITS,
    either_case,
    exactly,
    fewest,
    mixed,
    replaced,
    surest,
)

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator

    from leakscan.detect.decode.decoder import Decoded

_QUOTED = rb"=(?:[0-9A-Fa-f]{2}|[ \t]*+\r?\n)"

_KEPT_BY_MOST = bytes(set(range(0x21, 0x7F)) - set(b"="))
"""What most programs keep; others encode whatever is no letter or digit, for old gateways."""

_BROKEN = 5
"""Bytes of a text up to which it is looked for with a line break inside.

It takes a literal for each place, and of 76 places in a line few are in the text.
"""


_LATER = rb"[!-<>-~]{0,75}=[ \t]{0,8}\r?\n"
"""A soft line break further on: a line has up to 76 characters."""


class QuotedPrintable:
    """Quoted-printable, mixed with plain characters, with soft line breaks.

    Found are texts of which every byte is encoded, or all but letters and digits, or only the
    equals sign; in either case, and with one soft line break in the text, or any number behind
    it.  What has only some of its letters encoded is not found.
    """

    name = "quoted-printable"

    def forms(self, text: bytes) -> Iterator[Form]:
        """Yield a literal for each choice of what is encoded, and each place of a line break.

        The text itself is one, where a line break follows.
        """
        # An equals sign follows in any case, be it of a line break or of the next byte.
        found = list(surest(partial(_all, text), b"="))
        found.append(Form(text, 0, exactly(text) + _LATER))
        for kept in (LETTERS_AND_DIGITS, _KEPT_BY_MOST):
            if not set(text) <= set(kept):
                found += surest(partial(_written, text, kept), b"=")
            for at in range(1, len(text) if len(text) <= _BROKEN else 1):
                found += _broken(text[:at], text[at:], kept)
        yield from fewest(found)

    def decode(self, data: bytes, anchor: int, low: int, high: int) -> Decoded | None:  # noqa: ARG002 - all of it is decoded
        """Decode everything between two offsets."""
        return replaced(_QUOTED, _read, data, low, high)


def _all(text: bytes, case: Callable[[bytes], bytes]) -> bytes:
    return mixed(text, b"", lambda byte: b"=" + GAP + b"=" + case(b"%02x" % byte))


def _written(text: bytes, kept: bytes, case: Callable[[bytes], bytes]) -> bytes:
    return mixed(text, kept, lambda byte: b"=" + case(b"%02x" % byte))


def _broken(left: bytes, right: bytes, kept: bytes) -> Iterator[Form]:
    """Yield the form of a text that is broken between two parts."""
    if len(left) >= 2 and set(left) <= set(kept):
        # One literal does for a line break and for a byte that is encoded.
        lower, upper = b"%02x" % right[0], b"%02X" % right[0]
        breaks = b"=\n", b"=\r"
        then = b" \t\r\n", (right[:1], lower, upper, b"=" + lower, b"=" + upper, *breaks)
        yield Form(left + b"=", len(left), is_rare=right[0] in kept, then=then)
        return

    def write(case: Callable[[bytes], bytes]) -> bytes:
        return _written(left, kept, case) + b"=" + GAP + b"\n" + _written(right, kept, case)

    for form in surest(write, b"="):
        is_behind = form.literal.startswith(b"\n")
        pattern = rb"=[ \t]{0,8}\r?" + exactly(form.literal) if is_behind else None
        shift = 1 if is_behind else form.shift
        yield Form(form.literal, shift, pattern, is_rare=True, is_last=is_behind)


def _read(found: re.Match[bytes]) -> bytes:
    digits = found[0][1:]
    return b"" if digits.endswith(b"\n") else unhexlify(digits)


def spelled(byte: int) -> tuple[bytes, bytes]:
    """Return expressions for a byte that is encoded, and for one that is not: with line breaks."""
    soft_breaks = rb"(?:=[ \t]{0,90}\r?\n){0,48}"
    encoded = b"=" + either_case(b"%02x" % byte)
    return encoded + soft_breaks, exactly(bytes([byte])) + soft_breaks

"""Judge whether a candidate begins and ends where it stands, or is a piece of something longer.

A letter or digit beside a candidate makes it a piece of a longer run, unless it belongs to an
escape (a line break in JSON, ``%3D``, a colour of a terminal), or a length before the candidate
says where it ends.
"""

from __future__ import annotations

import regex

from leakscan.detect.detector import LEFT_CONTEXT
from leakscan.model import Confidence

_ESCAPE_CHARACTER = (
    rb"(?:\x1b|\xe2\x90\x9b|\\(?:[eE]|0?33|x1[bB]|u001[bB]|u\{1[bB]\}|U0000001[bB])"
    rb"|%(?:25)*1[bB]|&\#(?:27|[xX]1[bB]);|\^\[|=1B)"
)

# What may stand directly before a token although its last character is a letter or digit.
_ESCAPE_BEFORE = regex.compile(
    rb"""(?:
        \\[abefnrtv] | \\[0-7]{1,3} | \\x[0-9A-Fa-f]{2} | \\u[0-9A-Fa-f]{4} | \\U[0-9A-Fa-f]{8}
      | %(?:25)*[0-9A-Fa-f]{2} | %u[0-9A-Fa-f]{4}      # percent-encoding, in layers; escape()
      | =(?:09|0A|0D|2[0-9A-F]|3[A-F]|5[B-F]|60|7[B-F])  # quoted-printable: no letter or digit
      | """
    + _ESCAPE_CHARACTER
    + rb"""(?:\\{0,2}\[|%(?:25)*5[bB])[0-9;:]*[A-Za-z]  # a terminal's control sequence
      | \[[0-9][0-9;]*m                                # a colour that has lost its escape
      | (?:\A|[\s"'])-[A-Za-z]                         # an option of one letter: curl -u
    )\Z""",
    regex.VERBOSE,
)

# A spreadsheet's escape for a character that XML does not allow, such as _x000D_.
_EXCEL_BEFORE = regex.compile(rb"_x00[0-9A-F]{2}_\Z")
_EXCEL_AFTER = regex.compile(rb"_x00")

_IDENTIFIER_BEFORE = regex.compile(rb"[0-9A-Za-z][_-]*_\Z")
_IDENTIFIER_AFTER = regex.compile(rb"[_-]+[0-9A-Za-z]")

# What may be base64url with a dash in it, unlike words and dates (prod-, 2026-01-31-).
_DATA_BEFORE = regex.compile(
    rb"(?=[a-z0-9_-]*[A-Z])(?=[A-Z0-9_-]*[a-z])(?=[A-Za-z_-]*[0-9])[0-9A-Za-z_-]{12,}-\Z"
)

# A pickle of protocol 0 writes a text as V, the text, a line break, and p with a number.
_PICKLED_AFTER = regex.compile(rb"\np[0-9]")

_CONTROL = regex.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
"""Control characters that text does not have; tab, line ends, form feed and escape are text."""

_CUT = bytes(range(0x80, 0xC0))
"""Bytes that continue a character of UTF-8: there, the character's start was cut off."""

_MARSHAL = b"zZ\xfa\xda"
"""Marks of a text with a length of one byte in Python's marshal format: CPython, marshal.c."""


def boundary_doubts(left: bytes, right: bytes, length: int) -> list[tuple[Confidence, str]]:
    """Doubt a candidate that is glued to something else.

    Args:
        left: what stands before it.
        right: what stands after it.
        length: how many bytes it has.

    Returns:
        Each doubt with the confidence that it leaves.
    """
    doubts: list[tuple[Confidence, str]] = []
    is_run = right[:1].isalnum()
    goes_on = bool(_IDENTIFIER_AFTER.match(right)) and not _EXCEL_AFTER.match(right)
    if (is_run or goes_on) and not ends_by_length(left, right, length):
        if is_run:
            doubts.append((Confidence.LOW, "part of a longer run of characters"))
        else:
            doubts.append((Confidence.MEDIUM, f"continued by {right[:1].decode()!r}"))
    if left[-1:].isalnum():
        if not (_ESCAPE_BEFORE.search(left) or _begins_field(left, right, length)):
            doubts.append((Confidence.LOW, "directly preceded by a letter or digit"))
    elif _IDENTIFIER_BEFORE.search(left) and not _EXCEL_BEFORE.search(left):
        doubts.append((Confidence.MEDIUM, "glued to an identifier"))
    elif _DATA_BEFORE.search(left):
        doubts.append((Confidence.MEDIUM, "may be the end of a longer run of characters"))
    return doubts


def ends_by_length(left: bytes, right: bytes, length: int) -> bool:
    """Whether a length in a binary file says that a text ends where the candidate does.

    Pickles, compiled Python and Java, protobuf, msgpack, Avro and many others write the length
    of a text before it, and then the next thing without anything between.  The length of the
    candidate alone may have one, two or four bytes; that of a longer text at whose end the
    candidate stands must be as telling: four bytes, or one byte after a mark.
    """
    if not _is_binary(left, right):
        return False
    if _is_doubled(left, length) or any(left.endswith(size) for size in _sizes(length)):
        return True
    return any(
        left.startswith(size, start)
        for start in range(len(left) - 3)
        for size in _words(len(left) - start - 4 + length)
    ) or any(
        left[start] in _MARSHAL and left[start + 1] == len(left) - start - 2 + length
        for start in range(len(left) - 1)
    )


def _sizes(length: int) -> list[bytes]:
    """Write a length in the ways of binary formats that make no letter or digit of it."""
    sizes = [length.to_bytes(2, "little"), length.to_bytes(2, "big"), *_words(length)]
    if length < 0x80:  # also how protobuf writes it
        sizes.append(bytes([length]))
    return sizes


def _words(length: int) -> tuple[bytes, bytes]:
    """Write a length in four bytes, either way round."""
    return length.to_bytes(4, "little"), length.to_bytes(4, "big")


def _begins_field(left: bytes, right: bytes, length: int) -> bool:
    """Whether the letter or digit before a candidate is a mark or a length of a binary format."""
    if left.endswith(b"V") and _PICKLED_AFTER.match(right):
        return True
    return _is_doubled(left, length) and _is_binary(left, right)


def _is_doubled(left: bytes, length: int) -> bool:
    """Whether twice the length stands before, as Avro has it: P, for a 40-character token."""
    doubled = length < 0x40 and left.endswith(bytes([2 * length]))
    return doubled and not left[-2:-1].isalnum()


def _is_binary(left: bytes, right: bytes) -> bool:
    """Whether what stands around a candidate is no text: control characters, or no UTF-8."""
    if _CONTROL.search(left) or _CONTROL.search(right):
        return True
    is_cut = len(left) >= LEFT_CONTEXT
    try:
        (left.lstrip(_CUT) if is_cut else left).decode()
    except UnicodeDecodeError:
        return True
    return False

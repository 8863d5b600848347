"""The strings that a content stream of a PDF shows (ISO 32000-1, 7.3.4 and 9.4.3).

Kerning cuts a line to hundreds of strings.  They are put together before anything is made of
them, since what costs time is how many there are, not how long they are.
"""

from __future__ import annotations

import re
from typing import NamedTuple

GAP = 0.2
"""Room between two glyphs, in sizes of the font, from which on it is a space; spaces have 0.25."""

KERN = 100.0
"""What each number of kerning that is not added up is below, in thousandths of the size."""

LITERAL = (
    rb"\((?:[^()\\]++|\\.?|\((?:[^()\\]++|\\.?|\((?:[^()\\]++|\\.?|\([^)]*+\)?)*+\)?)*+\)?)*+\)?"
)
"""A string, which may have parentheses in it."""

HEX = rb"<[0-9A-Fa-f\s\0]*+>"
"""A string in hexadecimal digits."""

_ITEM = re.compile(rb"(" + LITERAL + rb"|" + HEX + rb")|([-+.0-9]++)", re.DOTALL)

_WHOLE_CODES = {
    size: re.compile(rb"(?:<(?:[0-9A-Fa-f]{%d})*+>[^<>()]*+)*+" % (2 * size)) for size in (1, 2)
}
"""Runs whose strings are hexadecimal and end where codes do, by the bytes of a code."""

_AS_LITERAL = bytes.maketrans(b"<>", b"()")

_NO_PARENTHESES = bytes(set(range(256)) - set(b"()"))

_KINDS = bytes(
    48 if code in b"0123456789" else 32 if code in b"+-. \t\r\n\f\v" else 120 for code in range(256)
)
"""What numbers between strings are made of: digits, what is beside them, and what is neither."""

_ESCAPE = re.compile(rb"\\([0-7]{1,3}|\r\n|.|\Z)|\r\n?", re.DOTALL)

_ESCAPED = {
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"b": b"\b",
    b"f": b"\f",
    b"\n": b"",
    b"\r": b"",
    b"\r\n": b"",
}

_MARKS = {b"\xfe\xff": "utf-16-be", b"\xff\xfe": "utf-16-le", b"\xef\xbb\xbf": "utf-8"}

_PARENTHESES = ((b"\\(", b"("), (b"\\)", b")"), (b"\\050", b"("), (b"\\051", b")"))
"""Escapes that are undone without looking at each."""

_OCTAL = {b"\\%03o" % code: bytes([code]) for code in range(256)}
"""Escapes of three digits, which are the most frequent ones."""


class Joined(NamedTuple):
    """The strings of a run, put together.

    Attributes:
        codes: the strings.
        blanks: how many blanks among the codes stand for room.
        kerning: the numbers between the strings, unless they are added up already.
        room: their sum, in thousandths of the font's size; 0 if they are not added up.
    """

    codes: bytes
    blanks: int = 0
    kerning: bytes = b""
    room: float = 0.0


def joined(run: bytes, size: int, blank: bytes) -> Joined | None:
    """Put the strings of a run together.

    Args:
        run: strings, and numbers between them, as they are between the brackets of a ``TJ``.
        size: bytes of a code.
        blank: the code of a space; empty if there is none.

    Returns:
        What they are together; ``None`` if it takes `items` to read it.
    """
    if run[:1] == b"<":
        if not _WHOLE_CODES[size].fullmatch(run):
            return None
        together = _together(run.translate(_AS_LITERAL), blank.hex().encode())
        return together and Joined(bytes.fromhex(together[0].decode()), *together[1:])
    if run[:1] == b"(" and run.find(b")") == len(run) - 1:
        return Joined(unescaped(run[1:-1]))
    if size > 1:
        return None
    together = _together(_without_escaped_parentheses(run), blank)
    return together and Joined(unescaped(together[0]), *together[1:])


def _without_escaped_parentheses(run: bytes) -> bytes:
    """Write escapes of parentheses in another way, so that each that is left begins or ends."""
    if b"\\" not in run:
        return run
    if b"\\\\" in run:
        run = run.replace(b"\\\\", b"\\134")
    return run.replace(b"\\(", b"\\050").replace(b"\\)", b"\\051")


def _together(run: bytes, blank: bytes) -> Joined | None:
    """Do what `joined` does with strings that have no parentheses in them, but undo no escapes."""
    shape = run.translate(None, _NO_PARENTHESES)
    parts = run.replace(b"(", b")").split(b")")
    if parts[0] or parts[-1] or shape != b"()" * (len(shape) // 2):
        return None
    numbers = parts[2:-1:2]
    kerning = b" ".join(numbers)
    kinds = kerning.translate(_KINDS)
    if b"x" in kinds:
        return None
    if b"000" not in kinds:
        return Joined(b"".join(parts[1::2]), 0, kerning)
    try:
        rooms = [float(digits) if digits.strip() else 0.0 for digits in numbers]
    except ValueError:
        return None
    spaces = [blank if room < -1000 * GAP else b"" for room in rooms]
    blanks = len(spaces) - spaces.count(b"") if blank else 0
    if not blank and min(rooms) < -1000 * GAP:
        return None
    parts[2:-1:2] = spaces
    return Joined(b"".join(parts), blanks, b"", sum(rooms))


def sum_of(kerning: bytes) -> float:
    """Return the sum of the numbers between the strings of a run."""
    words = kerning.split()
    try:
        return sum(map(float, words))
    except ValueError:
        return sum(map(number, words))


def items(run: bytes) -> list[tuple[bytes, bytes]]:
    """Return the strings of a run, or the numbers in their places."""
    return _ITEM.findall(run)


def string(token: bytes) -> bytes:
    """Return the bytes that a string stands for."""
    if token[:1] == b"<":
        digits = token[1:-1].translate(None, b" \t\r\n\f\v\0").decode("ascii")
        return bytes.fromhex(digits + "0" * (len(digits) % 2))
    return unescaped(token[1:-1] if token.endswith(b")") else token[1:])


def plain(said: bytes) -> str:
    """Return a string that is text, and no codes of a font (ISO 32000-1, 7.9.2.2)."""
    for mark, encoding in _MARKS.items():
        if said.startswith(mark):
            return said[len(mark) :].decode(encoding, "replace")
    return said.decode("latin-1")


def unescaped(inner: bytes) -> bytes:
    """Return what stands between the parentheses of a string without its escapes."""
    if b"\r" in inner:
        return _ESCAPE.sub(_unescape, inner)
    if b"\\" not in inner:
        return inner
    if inner in _OCTAL:
        return _OCTAL[inner]
    if b"\\\\" in inner:
        return b"\\".join([unescaped(part) for part in inner.split(b"\\\\")])
    for escape, meant in _PARENTHESES:
        inner = inner.replace(escape, meant)
    return _ESCAPE.sub(_unescape, inner) if b"\\" in inner else inner


def _unescape(found: re.Match[bytes]) -> bytes:
    whole = found[0]
    if whole in _OCTAL:
        return _OCTAL[whole]
    escaped = found[1]
    if escaped is None:
        return b"\n"
    if escaped[:1].isdigit() and escaped[:1] < b"8":
        return bytes([int(escaped, 8) & 0xFF])
    return _ESCAPED.get(escaped, escaped)


def number(digits: bytes) -> float:
    """Return a number, 0 if it is none."""
    try:
        return float(digits)
    except ValueError:
        return 0.0

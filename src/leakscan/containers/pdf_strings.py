"""The strings that a content stream of a PDF shows (ISO 32000-1, 7.3.4 and 9.4.3).

Kerning cuts a line to hundreds of strings.  They are put together before anything is made of
them, since what costs time is how many there are, not how long they are.
"""

from __future__ import annotations

import re

GAP = 0.2
"""Room between two glyphs, in sizes of the font, from which on it is a space; spaces have 0.25."""

MAX_KERN = 100.0
"""What kerning that is put aside at first is below, in thousandths of the font's size."""

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

_SMALL = re.compile(rb"\)[\s\0]?-?[0-9.]{1,2}[\s\0]?\(")
"""Kerning below `MAX_KERN` between two strings; most is."""

_SPACE = re.compile(
    rb"\)[\s\0]*+-(?!200(?:\.0*+)?[\s\0]*+\()(?:[2-9][0-9]{2}|[1-9][0-9]{3,9}+)(?:\.[0-9]*+)?"
    rb"[\s\0]*+\("
)
"""Room for a space between two strings: more than `GAP`."""

_KERN = re.compile(
    rb"\)[\s\0]*+(?:-1[0-9]{2}|-200(?=[\s\0(])|-?[0-9]{0,2}+(?![0-9])|[0-9]{3,9}+)(?:\.[0-9]*+)?"
    rb"[\s\0]*+\("
)
"""Other kerning between two strings."""

_ROOM = re.compile(rb"\)[\s\0]*+([-+.0-9]++)[\s\0]*+(?=\()")

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

_OCTAL = {b"\\%03o" % code: bytes([code]) for code in range(256)}
"""Escapes of three digits, which are the most frequent ones."""


def joined(run: bytes, size: int, blank: bytes) -> tuple[bytes, int, float] | None:
    """Put the strings of a run together.

    Args:
        run: strings, and numbers between them, as they are between the brackets of a ``TJ``.
        size: bytes of a code.
        blank: the code of a space; empty if there is none.

    Returns:
        The codes; how many blanks among them stand for room; and what the numbers between the
        strings are below, in thousandths of the font's size, 0 if there are none.  Or None, if it
        takes `items` to read it.
    """
    whole = run
    if run[:1] == b"(" and run.find(b")") == len(run) - 1:
        return unescaped(run[1:-1]), 0, 0.0
    if run[:1] == b"<":
        if not _WHOLE_CODES[size].fullmatch(run):
            return None
        whole, blank = run.translate(_AS_LITERAL), blank.hex().encode()
    elif size > 1:
        return None
    together = _SMALL.sub(b"", whole)
    blanks, kern = 0, MAX_KERN if len(together) < len(whole) else 0.0
    inner = together[1:-1]
    if _is_cut(inner):
        if not blank:
            return None
        together, blanks = _SPACE.subn(blank, together)
        inner, kern = _KERN.sub(b"", together)[1:-1], float("inf")
        if _is_cut(inner):
            return None
    if together[:1] != b"(" or together[-1:] != b")":
        return None
    return (bytes.fromhex(inner.decode()) if whole is not run else unescaped(inner)), blanks, kern


def _is_cut(inner: bytes) -> bool:
    """Whether there are parentheses, but for escaped ones, between the first and the last."""
    if b"\\" in inner:
        inner = inner.replace(b"\\\\", b"").replace(b"\\)", b"").replace(b"\\(", b"")
    return b")" in inner or b"(" in inner


def items(run: bytes) -> list[tuple[bytes, bytes]]:
    """Return the strings of a run, or the numbers in their places."""
    return _ITEM.findall(run)


def kerning(run: bytes) -> float:
    """Return the sum of the numbers between the strings of a run that `joined` could read."""
    numbers = _ROOM.findall(run.translate(_AS_LITERAL) if run[:1] == b"<" else run)
    try:
        return sum(map(float, numbers))
    except ValueError:
        return sum(map(number, numbers))


def string(token: bytes) -> bytes:
    """Return the bytes that a string stands for."""
    if token[:1] == b"<":
        digits = token[1:-1].translate(None, b" \t\r\n\f\v\0").decode("ascii")
        return bytes.fromhex(digits + "0" * (len(digits) % 2))
    return unescaped(token[1:-1] if token.endswith(b")") else token[1:])


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
    inner = inner.replace(b"\\(", b"(").replace(b"\\)", b")")
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

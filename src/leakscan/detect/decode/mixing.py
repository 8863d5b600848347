"""What encodings share that may leave some bytes as they are: templates of text, and replacing."""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING

from leakscan.detect.decode.decoder import Decoded, Form
from leakscan.detect.decode.sides import either, sides

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

LETTERS_AND_DIGITS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

GAP = b"\0"
"""Stands in a template for what differs from one writer to the next."""

_SURE = 4
"""Bytes of a literal from which on it is rare enough to do for both cases of hex digits."""

_UNSURE_DIGITS = bytes.maketrans(b"abcdef", GAP * 6)


def exactly(literal: bytes) -> bytes:
    """Return an expression that matches a literal and no more."""
    return b"".join(b"\\x%02x" % byte for byte in literal)


def either_case(digits: bytes) -> bytes:
    """Return an expression that matches hex digits in lower case, in upper case, and in both."""
    return b"".join(
        b"[%c%c]" % (digit, digit ^ 0x20) if bytes([digit]).isalpha() else bytes([digit])
        for digit in digits.lower()
    )


def looks_like(texts: Iterable[bytes], spelled: Callable[[int], tuple[bytes, bytes]]) -> bytes:
    """Return an expression that matches wherever one of some texts may be written.

    Its alternatives begin with known bytes each, so that Python passes over all others at once.

    Args:
        texts: what may be written.
        spelled: how a byte may be: an expression for all escapes, and one for itself.
    """
    behind: dict[int, list[bytes]] = {}
    for text in texts:
        rest = (b"(?:%b|%b)" % spelled(byte) for byte in text[1:])
        behind.setdefault(text[0], []).append(b"".join(rest))
    return b"|".join(
        b"%b(?:%b)" % (form, b"|".join(rests))
        for first, rests in behind.items()
        for form in spelled(first)
    )


def mixed(text: bytes, kept: Collection[int], escape: Callable[[int], bytes]) -> bytes:
    """Return a text as it is written if some bytes are kept and all others escaped.

    Args:
        text: what is written.
        kept: bytes that stand for themselves.
        escape: writes one of the others; with gaps, if a template is wanted.
    """
    return b"".join(bytes([byte]) if byte in kept else escape(byte) for byte in text)


def surest(
    write: Callable[[Callable[[bytes], bytes]], bytes],
    opener: bytes,
    *,
    is_rare: bool = False,
) -> Iterator[Form]:
    """Yield the longest literal that one way of writing surely holds.

    Hex digits that are letters are gaps, so that it does for both cases; where too little is left
    then, there is a literal for each case.

    Args:
        write: makes the template: what is written, with gaps.  It is given what to do with
            lower-case hex digits.
        opener: how an escape begins; the form's unit begins at the first one in the literal, or
            else where the literal does.
        is_rare: passed on to the form.
    """

    def form(case: Callable[[bytes], bytes]) -> Form:
        literal = max(write(case).split(GAP), key=len)
        return Form(literal, max(0, literal.find(opener)), is_rare=is_rare)

    either = form(lambda digits: digits.translate(_UNSURE_DIGITS))
    if len(either.literal) >= _SURE:
        yield either
    else:
        yield from (form(bytes.lower), form(bytes.upper))


def openings(text: bytes, sets: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield characters that may stay plain, and how many of a text do first, unless all do.

    Args:
        text: what is encoded.
        sets: of characters that stay plain.
    """
    for kept in sets:
        plain = len(text) - len(text.lstrip(kept))
        if plain < len(text):
            yield kept, plain


def behind_plain(plain: bytes, opener: bytes, follows: bytes) -> Form:
    """Return one form for all notations where plain characters come first.

    Args:
        plain: the characters.
        opener: what begins each notation.
        follows: an expression for how they go on.
    """
    literal = plain + opener
    return Form(literal, len(plain), exactly(literal) + follows)


def preceded_by(before: bytes, form: Form) -> Form:
    """Say of a form that begins with digits that one of some bytes stands before them."""
    return form._replace(before=before) if form.literal[:1].isdigit() else form


def fewest(forms: Iterable[Form]) -> Iterator[Form]:
    """Yield forms from the shortest literal on, without those that an earlier one finds, too.

    One finds another if its literal is in the other's, and its pattern, if any, is the same.  A
    rare one is no substitute for a common one.  What stands beside it may then be either's.
    """
    ordered = sorted(forms, key=lambda form: (len(form.literal), form.is_rare))
    kept: list[Form] = []
    for form in ordered:
        for at, one in enumerate(kept):
            if (
                one.literal in form.literal
                and one.pattern in (None, form.pattern)
                and one.is_rare <= form.is_rare
            ):
                beside = either(sides(each, one.literal) for each in (one, form))
                kept[at] = one._replace(**beside._asdict())
                break
        else:
            kept.append(form)
    yield from kept


def replaced(
    escapes: bytes,
    read: Callable[[re.Match[bytes]], bytes | None],
    data: bytes,
    low: int,
    high: int,
    goes_on: Callable[[bytes], bool] = lambda _written: False,
) -> Decoded | None:
    """Replace all escapes between two offsets, and keep what is between them.

    Args:
        escapes: an expression that matches an escape.
        read: what an escape stands for; ``None`` if it is none.  Called once for each spelling.
        data: what was searched.
        low: offset of the first byte.
        high: offset behind the last one.
        goes_on: whether an escape that ends where the window does may be longer than it seems; it
            is kept then.

    Returns:
        The text, in which each byte of an escape has its origin where the escape begins; ``None``
        if nothing is replaced.
    """
    parts: list[bytes] = []
    origin = array("Q")
    known: dict[bytes, bytes | None] = {}
    at = low
    for found in re.compile(escapes).finditer(data, low, high):
        start, end = found.span()
        written = found[0]
        if end == high and high < len(data) and goes_on(written):
            break
        if written not in known:
            known[written] = read(found)
        text = known[written]
        if text is None or text == written:
            continue
        if at < start:
            parts.append(data[at:start])
            origin.extend(range(at, start))
        parts.append(text)
        if len(text) == 1:
            origin.append(start)
        else:
            origin.extend([start] * len(text))
        at = end
    if at == low:
        return None
    parts.append(data[at:high])
    origin.extend(range(at, high + 1))
    return Decoded(b"".join(parts), origin)

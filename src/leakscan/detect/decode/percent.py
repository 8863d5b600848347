"""Percent-encoding (RFC 3986), and what all encodings share that leave some bytes as they are."""

from __future__ import annotations

import re
from array import array
from binascii import unhexlify
from functools import partial
from typing import TYPE_CHECKING

from leakscan.detect.decode.decoder import Decoded, Form

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

LETTERS_AND_DIGITS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

GAP = b"\0"
"""Stands in a template for what differs from one writer to the next."""

_SURE = 4
"""Bytes of a literal from which on it is rare enough to do for both cases of hex digits."""

_UNSURE_DIGITS = bytes.maketrans(b"abcdef", GAP * 6)

_UNRESERVED = LETTERS_AND_DIGITS + b"-._~"
"""What nobody has to encode (RFC 3986, 2.3); most programs leave it as it is."""

_PERCENT = re.compile(rb"%[0-9A-Fa-f]{2}")


class Percent:
    """Percent-encoding, mixed with plain characters.

    Found are texts of which every byte is encoded, or all but letters and digits, or all but what
    is unreserved, in either case.  Encoded twice is another encoding of the same kind; what has
    only some of its letters encoded is not found.
    """

    name = "percent-encoding"

    def forms(self, text: bytes) -> Iterator[Form]:
        """Yield a literal for each choice of what is encoded."""
        choices = (b"", _UNRESERVED, LETTERS_AND_DIGITS)
        writers = [partial(_written, text, kept) for kept in choices if not set(text) <= set(kept)]
        yield from fewest(form for write in writers for form in surest(write, b"%"))

    def decode(self, data: bytes, anchor: int, low: int, high: int) -> Decoded | None:  # noqa: ARG002 - all of it is decoded
        """Decode everything between two offsets."""
        return replaced(_PERCENT, lambda found: unhexlify(found[0][1:]), data, low, high)


def _written(text: bytes, kept: bytes, case: Callable[[bytes], bytes]) -> bytes:
    return mixed(text, kept, lambda byte: b"%" + case(b"%02x" % byte))


def mixed(text: bytes, kept: Collection[int], escape: Callable[[int], bytes]) -> bytes:
    """Return a text as it is written if some bytes are kept and all others escaped."""
    return b"".join(bytes([byte]) if byte in kept else escape(byte) for byte in text)


def surest(
    write: Callable[[Callable[[bytes], bytes]], bytes],
    opener: bytes,
    pattern: bytes | None = None,
    *,
    is_rare: bool = False,
) -> Iterator[Form]:
    """Yield a literal that one way of writing surely holds, or one for each case of hex digits.

    Args:
        write: makes the template: what is written, with gaps.  It is given what to do with
            lower-case hex digits.
        opener: how an escape begins.
        pattern: passed on to the form.
        is_rare: passed on to the form.
    """

    def form(case: Callable[[bytes], bytes]) -> Form:
        literal = max(write(case).split(GAP), key=len)
        return Form(literal, max(0, literal.find(opener)), pattern, is_rare)

    either = form(lambda digits: digits.translate(_UNSURE_DIGITS))
    if len(either.literal) >= _SURE:
        yield either
    else:
        yield from (form(bytes.lower), form(bytes.upper))


def fewest(forms: Iterable[Form]) -> Iterator[Form]:
    """Leave out forms that an earlier one or a shorter one finds, too."""
    ordered = sorted(forms, key=lambda form: (len(form.literal), form.is_rare))
    kept: list[Form] = []
    for form in ordered:
        if not any(
            one.literal in form.literal
            and one.pattern in (None, form.pattern)
            and one.is_rare <= form.is_rare
            for one in kept
        ):
            kept.append(form)
    yield from kept


def replaced(
    escapes: re.Pattern[bytes],
    read: Callable[[re.Match[bytes]], bytes | None],
    data: bytes,
    low: int,
    high: int,
    goes_on: Callable[[bytes], bool] = lambda _written: False,
) -> Decoded | None:
    """Replace all escapes between two offsets; ``None`` if that changes nothing.

    Args:
        escapes: matches an escape.
        read: what an escape stands for; ``None`` if it is none. Called once for each spelling.
        data: what was searched.
        low: offset of the first byte.
        high: offset behind the last one.
        goes_on: whether an escape that ends where the window does may be longer than it seems.
    """
    parts: list[bytes] = []
    origin = array("Q")
    known: dict[bytes, bytes | None] = {}
    at = low
    for found in escapes.finditer(data, low, high):
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

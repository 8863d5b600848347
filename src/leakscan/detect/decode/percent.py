"""Percent-encoding, as in URLs and forms (RFC 3986)."""

from __future__ import annotations

from binascii import unhexlify
from functools import partial
from typing import TYPE_CHECKING

from leakscan.detect.decode.mixing import (
    LETTERS_AND_DIGITS,
    either_case,
    exactly,
    fewest,
    mixed,
    replaced,
    surest,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leakscan.detect.decode.decoder import Decoded, Form

_UNRESERVED = LETTERS_AND_DIGITS + b"-._~"
"""What nobody has to encode (RFC 3986, 2.3); most programs leave it as it is."""

_PERCENT = rb"%[0-9A-Fa-f]{2}"


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


def spelled(byte: int) -> tuple[bytes, bytes]:
    """Return expressions for a byte that is encoded, and for one that is not."""
    return b"%" + either_case(b"%02x" % byte), exactly(bytes([byte]))

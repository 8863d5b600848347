"""UTF-16 and UTF-32 in either byte order, with or without a byte order mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakscan.detect.decode.decoder import Decoded, Form

if TYPE_CHECKING:
    from collections.abc import Iterator


class Wide:
    """Characters of two or four bytes each.

    Only those up to U+00FF are read: tokens, and what they may be encoded in, have no others.

    Args:
        width: bytes of a character.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._zeros = bytes(width - 1)
        self.name = f"UTF-{8 * width}"

    def forms(self, text: bytes) -> Iterator[Form]:
        """Yield one literal for both byte orders: they differ in where a character begins."""
        literal = self._zeros.join(bytes([byte]) for byte in text)
        yield Form(literal, 0)
        yield Form(literal, 1 - self._width)

    def decode(self, data: bytes, anchor: int, low: int, high: int) -> Decoded | None:
        """Decode the characters before and after an anchor, up to one that is none of these."""
        width = self._width
        if anchor < low:
            return None
        # Of a little-endian character the first byte is none of the zeros.
        digit = 0 if data[anchor + 1 : anchor + width] == self._zeros else width - 1
        if digit and data[anchor : anchor + digit] != self._zeros:
            return None
        start = anchor - (anchor - low) // width * width
        stop = anchor + (high - anchor) // width * width
        before = self._run(data[start:anchor], digit, backwards=True)
        after = self._run(data[anchor:stop], digit, backwards=False)
        if not after:
            return None
        # Out of step with a little-endian text stands a big-endian one of the same characters.
        in_step, end = anchor + digit, anchor + digit + width * len(after)
        begun = in_step if in_step % width == 0 and end <= high else anchor
        first = begun - width * len(before)
        last = begun + width * len(after)
        return Decoded(before + after, range(first, last + 1, width))

    def _run(self, raw: bytes, digit: int, *, backwards: bool) -> bytes:
        """Return the characters at the end, or at the start, that are small and not NUL."""
        width = self._width
        count = len(raw) // width
        columns = [raw[at::width] for at in range(width)]
        chars = columns.pop(digit)
        if backwards:
            begin = max([chars.rfind(b"\0") + 1, *(len(c.rstrip(b"\0")) for c in columns)])
            return chars[begin:]
        nul = chars.find(b"\0")
        ends = [len(c) - len(c.lstrip(b"\0")) for c in columns]
        return chars[: min([count if nul < 0 else nul, *ends])]

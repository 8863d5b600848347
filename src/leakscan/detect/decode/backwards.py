"""Texts that are written backwards, as some do to hide them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakscan.detect.decode.decoder import Decoded, Form

if TYPE_CHECKING:
    from collections.abc import Iterator


class Backwards:
    """The last character first."""

    name = "reversed"

    def forms(self, text: bytes) -> Iterator[Form]:
        """Yield the text backwards."""
        yield Form(text[::-1])

    def decode(self, data: bytes, anchor: int, low: int, high: int) -> Decoded | None:  # noqa: ARG002 - any place will do
        """Return everything from the last byte to the first."""
        return Decoded(data[low:high][::-1], range(high - 1, low - 2, -1), "written backwards")

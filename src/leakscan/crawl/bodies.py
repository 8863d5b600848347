"""Read the body of an answer by the clock: who sends a byte now and then meets no other limit."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 1 << 18
"""Bytes that are read at once."""


def pieces_of(
    answer: requests.Response, patience: float, slowest: float = math.inf, *, decode: bool = False
) -> Iterator[bytes]:
    """Yield a body as it comes.

    Args:
        answer: one that is streamed.
        patience: seconds that it may be waited for.
        slowest: bytes a second; a server that is faster may be waited for as long again.
        decode: decompress it.

    Raises:
        requests.Timeout: it takes too long.
        urllib3.exceptions.HTTPError: it is cut off, or damaged.
    """
    waited, size = 0.0, 0
    while True:
        begun = time.monotonic()
        piece = answer.raw.read1(PIECE, decode_content=decode)
        waited, size = waited + time.monotonic() - begun, size + len(piece)
        if not piece:
            return
        if waited > patience:
            if size < slowest * waited:
                raise requests.Timeout
            waited, size = 0.0, 0
        yield piece

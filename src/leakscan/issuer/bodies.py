"""The body of a request, of limited size."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from starlette.requests import Request

_PATIENCE = 16
"""How many times the limit is read and dropped, so that the sender gets to see the answer."""


SECONDS = 20
"""How long a body may take to arrive."""


async def read_body(request: Request, limit: int) -> bytes | None:
    """Return the body; ``None`` if it is longer than ``limit`` bytes.

    Raises:
        ClientDisconnect: the sender went away in the middle, or took too long.
    """
    try:
        async with asyncio.timeout(SECONDS):
            return await _read(request, limit)
    except TimeoutError:
        raise ClientDisconnect from None


async def _read(request: Request, limit: int) -> bytes | None:
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            body += chunk
        elif size > _PATIENCE * limit:
            break
    return bytes(body) if size <= limit else None

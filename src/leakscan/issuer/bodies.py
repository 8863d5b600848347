"""The body of a request, of limited size."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request

_PATIENCE = 16
"""How many times the limit is read and dropped, so that the sender gets to see the answer."""


async def read_body(request: Request, limit: int) -> bytes | None:
    """Return the body; ``None`` if it is longer than ``limit`` bytes.

    Raises:
        ClientDisconnect: the sender went away in the middle.
    """
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            body += chunk
        elif size > _PATIENCE * limit:
            break
    return bytes(body) if size <= limit else None

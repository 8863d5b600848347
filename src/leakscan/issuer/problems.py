"""What an API answers that cannot do what it is asked (RFC 9457)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Mapping


def problem(
    status: int, title: str, detail: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return a problem in the form that Replicate's API uses."""
    return JSONResponse(
        {"title": title, "detail": detail, "status": status},
        status,
        headers,
        media_type="application/problem+json",
    )

"""``GET /v1/account``: whose token it is, as in Replicate's HTTP API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse
from starlette.routing import Route

from leakscan.issuer.problems import problem

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from leakscan.issuer.store import Issuer


def api_routes(issuer: Issuer) -> list[Route]:
    """Return the routes of the API."""

    # Not `async`: Starlette then runs it in a thread, so that SQLite holds nobody up.
    def account(request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        owner = issuer.bearer(token.strip()) if scheme.lower() == "bearer" else None
        if owner is None:
            return problem(
                401,
                "Unauthenticated",
                "You did not pass a valid authentication token",
                {"WWW-Authenticate": "Bearer"},
            )
        told = {"type": owner.kind, "username": owner.username}
        told |= {"name": owner.name} if owner.name else {}
        told |= {"github_url": owner.github_url} if owner.github_url else {}
        return JSONResponse(told)

    return [Route("/v1/account", account, methods=["GET"])]

"""The web application: routes, sessions, and the headers that every answer carries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import Response
from starlette.routing import Route

from leakscan.errors import LeakscanError
from leakscan.issuer.api import api_routes
from leakscan.issuer.hook import hook_routes
from leakscan.issuer.log import note
from leakscan.issuer.pages import TokenPages
from leakscan.issuer.problems import problem
from leakscan.issuer.rendering import Renderer
from leakscan.issuer.signing_in import SigningIn
from leakscan.issuer.site import Site

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, ExceptionHandler, Message, Receive, Scope, Send

    from leakscan.issuer.store import Issuer

SESSION_SECONDS = 12 * 60 * 60

_STYLE = Path(__file__).with_name("static") / "style.css"
_MACHINES = ("/v1/", "/hooks/")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def build_app(issuer: Issuer, *, https: bool = False) -> Starlette:
    """Wire the application.

    Args:
        issuer: whose accounts and tokens it serves.
        https: whether people reach it by https, so that cookies need never travel in the clear.
    """
    site = Site(issuer, Renderer())
    style = _STYLE.read_text(encoding="utf-8")

    async def stylesheet(_request: Request) -> Response:
        return Response(style, media_type="text/css")

    session = Middleware(
        SessionMiddleware,
        secret_key=issuer.session_key.hex(),
        # A browser takes a cookie of the first name over https only, and for this host alone.
        session_cookie="__Host-leakscan-issuer" if https else "leakscan-issuer",
        max_age=SESSION_SECONDS,
        same_site="lax",
        https_only=https,
    )
    return Starlette(
        routes=[
            *api_routes(issuer),
            *hook_routes(issuer),
            *SigningIn(site).routes(),
            *TokenPages(site).routes(),
            Route("/style.css", stylesheet),
        ],
        middleware=[Middleware(_SecurityHeaders), session],
        exception_handlers=_handlers(site),
    )


def _handlers(site: Site) -> dict[type[Exception], ExceptionHandler]:
    def tell(request: Request, status: int, title: str, detail: str) -> Response:
        if request.url.path.startswith(_MACHINES):
            return problem(status, title, detail)
        return site.failed(request, status, title, detail)

    def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
        absent = error.status_code == 404
        detail = (
            "There is nothing at this address." if absent else "This address takes no such request."
        )
        answer = tell(request, error.status_code, error.detail, detail)
        answer.headers.update(error.headers or {})
        return answer

    def unavailable(request: Request, error: Exception) -> Response:
        note(request, "unavailable: %s", error)  # the message names files of the server
        return tell(request, 503, "Unavailable", "This does not work now. Try again later.")

    return {HTTPException: http, LeakscanError: unavailable}


class _SecurityHeaders:
    """Adds the headers to every answer, those of errors too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)

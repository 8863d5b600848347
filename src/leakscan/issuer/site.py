"""What all web pages share: whose session it is, how forms are taken, and pages of failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leakscan.issuer import forms

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from starlette.requests import Request

    from leakscan.issuer.forms import Fields
    from leakscan.issuer.rendering import Renderer
    from leakscan.issuer.store import Issuer
    from leakscan.issuer.values import Account


class Site:
    """An issuer as its web pages see it.

    Attributes:
        issuer: whose accounts and tokens they show.
        page: fills a template in; see `Renderer.page`.
    """

    def __init__(self, issuer: Issuer, renderer: Renderer) -> None:
        self.issuer = issuer
        self.page = renderer.page

    def account(self, request: Request) -> Account | None:
        """Find the account that is signed in, unless its password has been changed since."""
        session = forms.signed_in(request.session)
        return self.issuer.session_account(*session) if session else None

    def form(
        self,
        path: str,
        handle: Callable[[Request, Fields], Response],
        turns: asyncio.Semaphore | None = None,
    ) -> Route:
        """Return the route of a form: see `forms.form_endpoint`."""
        endpoint = forms.form_endpoint(handle, self.refused, turns)
        return Route(path, endpoint, methods=["POST"])

    def refused(self, request: Request) -> Response:
        """Answer a form that is not one of ours."""
        return self.page(request, "refused.html", 403)

    def failed(self, request: Request, status: int, title: str, detail: str) -> Response:
        """Answer a request that cannot be answered."""
        return self.page(request, "failed.html", status, title=title, detail=detail)


def go(path: str) -> Response:
    """Return the answer that leads to another page."""
    return RedirectResponse(path, 303)

"""The web pages: sign in, see one's tokens, create, rename and disable them."""

from __future__ import annotations

import math
import re
import secrets
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leakscan.errors import UsageError
from leakscan.issuer import forms
from leakscan.issuer.attempts import Attempts
from leakscan.issuer.rendering import sentence
from leakscan.issuer.tokens import AlreadyCreatedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

    from leakscan.issuer.forms import Fields
    from leakscan.issuer.rendering import Renderer
    from leakscan.issuer.store import Issuer
    from leakscan.issuer.values import Account, Token

_SIGN_INS_AT_ONCE = 2
"""To verify a password takes time and memory, and strangers may ask for it."""

_FORM = re.compile(r"[0-9a-f]{32}")


class Pages:
    """What people see.  No handler is `async`, so that all of them run in threads."""

    def __init__(
        self, issuer: Issuer, renderer: Renderer, attempts: Attempts | None = None
    ) -> None:
        self._issuer = issuer
        self._renderer = renderer
        self._attempts = attempts or Attempts()

    def routes(self) -> list[Route]:
        """Return the routes of all pages."""
        token = "/tokens/{token_id}"  # noqa: S105 - a path
        return [
            Route("/", self._home),
            Route("/sign-in", self._sign_in_page),
            self._form("/sign-in", self._sign_in, _SIGN_INS_AT_ONCE),
            self._form("/sign-out", self._sign_out),
            Route("/tokens", self._tokens_page),
            self._form("/tokens", self._create),
            self._form(f"{token}/rename", self._rename),
            Route(f"{token}/disable", self._disable_page),
            self._form(f"{token}/disable", self._disable),
        ]

    def refused(self, request: Request) -> Response:
        """Answer a form that is not one of ours."""
        return self._renderer.page(request, "refused.html", 403)

    def failed(self, request: Request, status: int, title: str, detail: str) -> Response:
        """Answer a request that cannot be answered."""
        return self._renderer.page(request, "failed.html", status, title=title, detail=detail)

    # Signing in and out.

    def _home(self, request: Request) -> Response:
        return _go("/sign-in" if forms.signed_in(request.session) is None else "/tokens")

    def _sign_in_page(self, request: Request) -> Response:
        if self._account(request):
            return _go("/tokens")
        return self._renderer.page(request, "sign_in.html", username="", error=None)

    def _sign_in(self, request: Request, fields: Fields) -> Response:
        username = fields.get("username", "").strip()
        name = username.lower()[:64]
        if wait := self._attempts.wait(name):
            seconds = str(math.ceil(wait))
            error = f"There were too many attempts. Try again in {seconds} seconds."
            return self._sign_in_again(request, 429, username, error, {"Retry-After": seconds})
        account = self._issuer.sign_in(username, fields.get("password", ""))
        if account is None:
            error = "This user name and password do not belong together."
            return self._sign_in_again(request, 401, username, error)
        self._attempts.forget(name)
        forms.begin_session(request.session, account.id)
        return _go("/tokens")

    def _sign_in_again(
        self,
        request: Request,
        status: int,
        username: str,
        error: str,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        return self._renderer.page(
            request, "sign_in.html", status, headers, username=username, error=error
        )

    def _sign_out(self, request: Request, fields: Fields) -> Response:  # noqa: ARG002 - a form's handler
        request.session.clear()
        return _go("/sign-in")

    # Tokens.

    def _tokens_page(self, request: Request) -> Response:
        account = self._account(request)
        if account is None:
            return _go("/sign-in")
        return self._tokens(request, account, notice=forms.take_notice(request.session))

    def _create(self, request: Request, fields: Fields) -> Response:
        """Answer with the new token itself: it must be in no cookie and in no address."""
        account = self._account(request)
        form = fields.get("form", "")
        if account is None or not _FORM.fullmatch(form):
            return self.refused(request)
        name = fields.get("name", "")
        try:
            issued = self._issuer.create_token(account.username, name, form=form)
        except AlreadyCreatedError:
            notice = "This token was created already. It was shown once, and cannot be shown again."
            return self._tokens(request, account, 409, notice=notice)
        except UsageError as error:
            return self._tokens(request, account, 422, entered={"": (name, sentence(error))})
        return self._renderer.page(
            request, "created.html", account=account, name=issued.name, token=issued.secret.reveal()
        )

    def _rename(self, request: Request, fields: Fields) -> Response:
        account, token = self._own_token(request)
        if account is None or token is None:
            return self._no_token(request)
        name = fields.get("name", "")
        try:
            self._issuer.rename_token(account.username, token.name, name)
        except UsageError as error:
            return self._tokens(request, account, 422, entered={token.id: (name, sentence(error))})
        forms.leave_notice(request.session, "The token has a new name.")
        return _go("/tokens")

    def _disable_page(self, request: Request) -> Response:
        account, token = self._own_token(request)
        if account is None or token is None:
            return self._no_token(request)
        if token.disabled:
            return _go("/tokens")
        return self._renderer.page(request, "disable.html", account=account, token=token)

    def _disable(self, request: Request, fields: Fields) -> Response:  # noqa: ARG002 - a form's handler
        account, token = self._own_token(request)
        if account is None or token is None:
            return self._no_token(request)
        try:
            self._issuer.disable_token(account.username, token.name)
            notice = f"The token “{token.name}” is disabled."
        except UsageError as error:  # somebody was faster
            notice = sentence(error)
        forms.leave_notice(request.session, notice)
        return _go("/tokens")

    # What they share.

    def _form(
        self,
        path: str,
        handle: Callable[[Request, Fields], Response],
        at_once: int | None = None,
    ) -> Route:
        endpoint = forms.form_endpoint(handle, self.refused, at_once)
        return Route(path, endpoint, methods=["POST"])

    def _account(self, request: Request) -> Account | None:
        number = forms.signed_in(request.session)
        return None if number is None else self._issuer.account(number)

    def _own_token(self, request: Request) -> tuple[Account | None, Token | None]:
        account = self._account(request)
        owned = self._issuer.tokens(account.username) if account else ()
        wanted = request.path_params["token_id"]
        return account, next((token for token in owned if token.id == wanted), None)

    def _no_token(self, request: Request) -> Response:
        if self._account(request) is None:
            return _go("/sign-in")
        return self.failed(request, 404, "No such token", "You have no token at this address.")

    def _tokens(
        self,
        request: Request,
        account: Account,
        status: int = 200,
        *,
        notice: str | None = None,
        entered: dict[str, tuple[str, str]] | None = None,
    ) -> Response:
        """Show the tokens.

        Args:
            request: what is answered.
            account: whose tokens.
            status: of the answer.
            notice: something that was done.
            entered: by the id of a token, or "" for a new one, the name that was typed in its
                form, which is typed again, and what is wrong with it.
        """
        return self._renderer.page(
            request,
            "tokens.html",
            status,
            account=account,
            tokens=self._issuer.tokens(account.username),
            notice=notice,
            entered=entered or {},
            form=secrets.token_hex(16),
        )


def _go(path: str) -> Response:
    return RedirectResponse(path, 303)

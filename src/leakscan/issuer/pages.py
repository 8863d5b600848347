"""The web pages of one's tokens: see, create, rename and disable them."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from starlette.routing import Route

from leakscan.errors import UsageError
from leakscan.issuer import forms
from leakscan.issuer.log import note
from leakscan.issuer.rendering import sentence
from leakscan.issuer.site import go
from leakscan.issuer.tokens import AlreadyCreatedError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from leakscan.issuer.forms import Fields
    from leakscan.issuer.site import Site
    from leakscan.issuer.values import Account, Token

_FORM = re.compile(r"[0-9a-f]{32}")


class TokenPages:
    """What owners see.  No handler is `async`, so that all of them run in threads."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._issuer = site.issuer

    def routes(self) -> list[Route]:
        """Return the routes of these pages."""
        token = "/tokens/{token_id}"  # noqa: S105 - a path
        return [
            Route("/tokens", self._tokens_page),
            self._site.form("/tokens", self._create),
            self._site.form(f"{token}/rename", self._rename),
            Route(f"{token}/disable", self._disable_page),
            self._site.form(f"{token}/disable", self._disable),
        ]

    def _tokens_page(self, request: Request) -> Response:
        account = self._site.account(request)
        if account is None:
            return go("/sign-in")
        return self._tokens(request, account, notice=forms.take_notice(request.session))

    def _create(self, request: Request, fields: Fields) -> Response:
        """Answer with the new token itself: it must be in no cookie and in no address."""
        account = self._site.account(request)
        form = fields.get("form", "")
        if account is None or not _FORM.fullmatch(form):
            return self._site.refused(request)
        name = fields.get("name", "")
        try:
            issued = self._issuer.create_token(account.username, name, form=form)
        except AlreadyCreatedError:
            notice = "This token was created already. It was shown once, and cannot be shown again."
            return self._tokens(request, account, 409, notice=notice)
        except UsageError as error:
            return self._tokens(request, account, 422, entered={"": (name, sentence(error))})
        note(request, "token created: %s of %s", issued.secret, account.username)
        return self._site.page(
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
        note(request, "token renamed: %s of %s", token.hint, account.username)
        forms.leave_notice(request.session, "The token has a new name.")
        return go("/tokens")

    def _disable_page(self, request: Request) -> Response:
        account, token = self._own_token(request)
        if account is None or token is None:
            return self._no_token(request)
        if token.disabled:
            return go("/tokens")
        return self._site.page(request, "disable.html", account=account, token=token)

    def _disable(self, request: Request, fields: Fields) -> Response:  # noqa: ARG002 - a form's handler
        account, token = self._own_token(request)
        if account is None or token is None:
            return self._no_token(request)
        try:
            self._issuer.disable_token(account.username, token.name)
            note(request, "token disabled by its owner: %s of %s", token.hint, account.username)
            notice = f"The token “{token.name}” is disabled."
        except UsageError as error:  # somebody was faster
            notice = sentence(error)
        forms.leave_notice(request.session, notice)
        return go("/tokens")

    # What they share.

    def _own_token(self, request: Request) -> tuple[Account | None, Token | None]:
        account = self._site.account(request)
        owned = self._issuer.tokens(account.username) if account else ()
        wanted = request.path_params["token_id"]
        return account, next((token for token in owned if token.id == wanted), None)

    def _no_token(self, request: Request) -> Response:
        if self._site.account(request) is None:
            return go("/sign-in")
        return self._site.failed(
            request, 404, "No such token", "You have no token at this address."
        )

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
        return self._site.page(
            request,
            "tokens.html",
            status,
            account=account,
            tokens=self._issuer.tokens(account.username),
            notice=notice,
            entered=entered or {},
            form=secrets.token_hex(16),
        )

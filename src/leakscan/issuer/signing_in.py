"""The web pages about sessions: sign in, sign out, and change one's password."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from starlette.routing import Route

from leakscan.errors import UsageError
from leakscan.issuer import forms
from leakscan.issuer.attempts import Attempts
from leakscan.issuer.checks import PASSWORD_LENGTHS
from leakscan.issuer.log import note
from leakscan.issuer.rendering import sentence
from leakscan.issuer.site import go

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from leakscan.issuer.forms import Fields
    from leakscan.issuer.site import Site
    from leakscan.issuer.values import Account

_VERIFIED_AT_ONCE = 2
"""To verify a password takes time and memory, and strangers may ask for it."""

_SIGNED_OUT = "You were signed out, because the password was changed or the session is too old."


class SigningIn:
    """What people see before their tokens.  No handler is `async`: all of them run in threads.

    Whether a password is tried by signing in or, with a session, by changing it: attempts are
    counted together, and verified in turn.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._attempts = Attempts()

    def routes(self) -> list[Route]:
        """Return the routes of these pages."""
        turns = asyncio.Semaphore(_VERIFIED_AT_ONCE)
        return [
            Route("/", self._home),
            Route("/sign-in", self._sign_in_page),
            self._site.form("/sign-in", self._sign_in, turns),
            self._site.form("/sign-out", self._sign_out),
            Route("/password", self._password_page),
            self._site.form("/password", self._change_password, turns),
        ]

    def _home(self, request: Request) -> Response:
        return go("/sign-in" if forms.signed_in(request.session) is None else "/tokens")

    # Signing in and out.

    def _sign_in_page(self, request: Request) -> Response:
        if self._site.account(request):
            return go("/tokens")
        was_signed_in = forms.signed_in(request.session) is not None
        if was_signed_in:
            request.session.clear()  # so that it is told once
        notice = _SIGNED_OUT if was_signed_in else None
        return self._site.page(request, "sign_in.html", username="", error=None, notice=notice)

    def _sign_in(self, request: Request, fields: Fields) -> Response:
        username = fields.get("username", "").strip()
        name = username.lower()[:64]
        if wait := self._attempts.wait(name):
            note(request, "sign-in refused: too many attempts, %s", self._account_tried(name))
            return self._sign_in_again(request, 429, username, *_too_many(wait))
        signed_in = self._site.issuer.sign_in(username, fields.get("password", ""))
        if signed_in is None:
            note(request, "sign-in refused: wrong password, %s", self._account_tried(name))
            error = "This user name and password do not belong together."
            return self._sign_in_again(request, 401, username, error)
        self._attempts.forget(name)
        forms.begin_session(request.session, signed_in)
        note(request, "signed in: %s", signed_in.account.username)
        return go("/tokens")

    def _sign_in_again(
        self,
        request: Request,
        status: int,
        username: str,
        error: str,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        return self._site.page(
            request, "sign_in.html", status, headers, username=username, error=error
        )

    def _sign_out(self, request: Request, fields: Fields) -> Response:  # noqa: ARG002 - a form's handler
        request.session.clear()
        return go("/sign-in")

    # Changing the password.

    def _password_page(self, request: Request) -> Response:
        account = self._site.account(request)
        return self._password(request, account) if account else go("/sign-in")

    def _change_password(self, request: Request, fields: Fields) -> Response:
        account = self._site.account(request)
        if account is None:
            return go("/sign-in")
        username = account.username
        if wait := self._attempts.wait(username.lower()):
            note(request, "change of password refused: too many attempts, %s", username)
            return self._password(request, account, 429, "current", *_too_many(wait))
        try:
            signed_in = self._site.issuer.change_password(
                username, fields.get("current", ""), fields.get("new", "")
            )
        except UsageError as error:
            return self._password(request, account, 422, "new", sentence(error))
        if signed_in is None:
            note(request, "change of password refused: wrong password, %s", username)
            return self._password(
                request, account, 401, "current", "This is not your current password."
            )
        self._attempts.forget(username.lower())
        forms.begin_session(request.session, signed_in)
        forms.leave_notice(
            request.session, "Your password is changed. Other browsers were signed out."
        )
        note(request, "password changed: %s", username)
        return go("/tokens")

    def _password(
        self,
        request: Request,
        account: Account,
        status: int = 200,
        wrong: str | None = None,
        error: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Show the form.

        Args:
            request: what is answered.
            account: whose password.
            status: of the answer.
            wrong: which field is wrong, ``current`` or ``new``.
            error: why.
            headers: more of the answer's.
        """
        values = {"account": account, "wrong": wrong, "error": error, "lengths": PASSWORD_LENGTHS}
        return self._site.page(request, "password.html", status, headers, **values)

    def _account_tried(self, name: str) -> str:
        """Return a user name for the log, unless nobody has it: then it may be a password."""
        return name if self._site.issuer.has_account(name) else "no account of that name"


def _too_many(wait: float) -> tuple[str, dict[str, str]]:
    """Return what to tell of too many attempts, and the header that tells it to a program."""
    seconds = str(math.ceil(wait))
    return f"There were too many attempts. Try again in {seconds} seconds.", {
        "Retry-After": seconds
    }

"""Sessions and forms: who is signed in, and whether a form is one of ours.

A session is a signed cookie, good until the account has another password.  Every form carries
a key that is bound to it, which a page elsewhere can neither read nor guess.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from leakscan.issuer.bodies import read_body

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable

    from starlette.requests import Request

    from leakscan.issuer.values import SignedIn

LIMIT = 64 * 1024

_KEY = "form_key"
_ACCOUNT = "account"
_MARK = "password_mark"
_NOTICE = "notice"

Fields = Mapping[str, str]
Session = dict[str, Any]


def form_key(session: Session) -> str:
    """Return the key that the session's forms carry, made at first use."""
    if _KEY not in session:
        session[_KEY] = secrets.token_urlsafe(24)
    return str(session[_KEY])


def begin_session(session: Session, somebody: SignedIn) -> None:
    """Sign in: nothing of the session before is kept, not even the key of its forms."""
    session.clear()
    session[_ACCOUNT] = somebody.account.id
    session[_MARK] = somebody.mark
    form_key(session)


def signed_in(session: Session) -> tuple[int, str] | None:
    """Return the number of the account that is signed in, and the mark of its password then."""
    return (session[_ACCOUNT], session.get(_MARK, "")) if _ACCOUNT in session else None


def leave_notice(session: Session, text: str) -> None:
    """Keep a text for the next page."""
    session[_NOTICE] = text


def take_notice(session: Session) -> str | None:
    """Return the text that was kept for this page, once."""
    return session.pop(_NOTICE) if _NOTICE in session else None


def form_endpoint(
    handle: Callable[[Request, Fields], Response],
    refuse: Callable[[Request], Response],
    turns: asyncio.Semaphore | None = None,
) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that reads a form and hands it on if it is one of ours.

    Args:
        handle: answers the form; runs in a thread.
        refuse: answers one that is not ours.
        turns: taken to handle one; who waits for it takes up no thread.
    """

    async def endpoint(request: Request) -> Response:
        try:
            body = await read_body(request, LIMIT)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        fields = _parse(body or b"")
        if not _is_ours(request.session, fields):
            return await run_in_threadpool(refuse, request)
        async with turns or nullcontext():
            return await run_in_threadpool(handle, request, fields)

    return endpoint


def _parse(body: bytes) -> Fields:
    try:
        text = body.decode("ascii")  # all else is percent-encoded
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=20))
    except ValueError:
        return {}


def _is_ours(session: Session, fields: Fields) -> bool:
    given, due = fields.get(_KEY, ""), session.get(_KEY, "")
    return bool(due) and hmac.compare_digest(given.encode(), due.encode())

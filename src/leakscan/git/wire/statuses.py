"""What an HTTP status says of a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakscan.git.wire.exchange import StatusError
from leakscan.statuses import retry_after, trouble_of
from leakscan.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leakscan.git.wire.exchange import Exchange

_REASONS = {
    401: "it is gone, private, or needs other credentials",
    403: "access is denied",
    404: "there is no such repository",
    407: "the proxy needs credentials",
    408: "the server gave up waiting",
    410: "the repository is gone",
    429: "the server asks for fewer requests",
    451: "the repository is blocked for legal reasons",
}

_REMEDIES = {
    Trouble.REFUSED: "check the address and the credentials",
    Trouble.BARRED: "check what lies between, as a proxy, and the credentials",
    Trouble.GONE: "check the address",
    Trouble.BUSY: "try again later",
}


def status_error(
    exchange: Exchange, status: int, headers: Mapping[str, str], message: bytes
) -> StatusError:
    """Return the error for a status that is no success.

    Args:
        exchange: the request.
        status: the HTTP status.
        headers: of the answer, found by names in lower case.
        message: the server's own words, if it has any for people.
    """
    trouble = trouble_of(status, headers)
    is_limit = status == 403 and trouble is Trouble.BUSY
    why = _REASONS.get(429 if is_limit else status, "the server failed")
    said = exchange.quoted(message)
    if status == 403 and trouble is Trouble.REFUSED and not said:
        trouble = Trouble.BARRED  # who refuses one repository says why
    text = f"{why}: HTTP {status}" + (f", {said!r}" if said else "")
    base = exchange.trouble(trouble, text, _REMEDIES.get(trouble, ""))
    error = StatusError(trouble, base.what, base.remedy, retry_after(headers))
    error.status = status
    return error

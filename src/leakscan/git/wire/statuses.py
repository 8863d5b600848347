"""What an HTTP status says of a repository."""

from __future__ import annotations

import email.utils
import time
from typing import TYPE_CHECKING

from leakscan.git.wire.exchange import StatusError
from leakscan.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leakscan.git.wire.exchange import Exchange

_TROUBLES = {
    401: (Trouble.REFUSED, "it is gone, private, or needs other credentials"),
    403: (Trouble.REFUSED, "access is denied"),
    404: (Trouble.GONE, "there is no such repository"),
    407: (Trouble.REFUSED, "the proxy needs credentials"),
    408: (Trouble.BUSY, "the server gave up waiting"),
    410: (Trouble.GONE, "the repository is gone"),
    429: (Trouble.BUSY, "the server asks for fewer requests"),
    451: (Trouble.BLOCKED, "the repository is blocked for legal reasons"),
}

_REMEDIES = {
    Trouble.REFUSED: "check the address and the credentials",
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
        headers: of the answer; names in any case, if the mapping does not mind.
        message: the server's own words, if it has any for people.
    """
    default = Trouble.BUSY if status >= 500 else Trouble.BROKEN
    trouble, why = _TROUBLES.get(status, (default, "the server failed"))
    wait = retry_after(headers)
    if status == 403 and wait is not None:  # how some sites say 429
        trouble, why = _TROUBLES[429]
    said = exchange.quoted(message)
    text = f"{why}: HTTP {status}" + (f", {said!r}" if said else "")
    base = exchange.trouble(trouble, text, _REMEDIES.get(trouble, ""))
    error = StatusError(trouble, base.what, base.remedy, wait)
    error.status = status
    return error


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds after which the server asks to be asked again (RFC 9110, 10.2.3)."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        then = email.utils.parsedate_to_datetime(value).timestamp()
        # By the server's own clock, which may not agree with ours.
        date = headers.get("Date")
        now = email.utils.parsedate_to_datetime(date).timestamp() if date else time.time()
    except (ValueError, OverflowError, OSError):
        return None
    return max(0.0, then - now)

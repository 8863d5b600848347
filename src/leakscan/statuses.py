"""What an HTTP status says of something that was asked for, and when to ask again."""

from __future__ import annotations

import email.utils
import time
from typing import TYPE_CHECKING

from leakscan.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_WAIT = 86_400.0
"""Seconds; a server that asks for more is not believed."""

_TROUBLES = {
    401: Trouble.REFUSED,
    403: Trouble.REFUSED,
    404: Trouble.GONE,
    407: Trouble.BARRED,
    408: Trouble.BUSY,
    410: Trouble.GONE,
    429: Trouble.BUSY,
    451: Trouble.BLOCKED,
}


def trouble_of(status: int, headers: Mapping[str, str]) -> Trouble:
    """Return what a status that is no success means.

    Args:
        status: the HTTP status.
        headers: of the answer, found by names in lower case.
    """
    if status == 403 and retry_after(headers) is not None:  # how some sites say 429
        return Trouble.BUSY
    return _TROUBLES.get(status, Trouble.BUSY if status >= 500 else Trouble.BROKEN)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds for which ``Retry-After`` asks to wait, a day at most (RFC 9110, 10.2.3).

    Args:
        headers: of the answer, found by names in lower case.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), LONGEST_WAIT)
    then = moment_of(value)
    if then is None:
        return None
    # By the server's own clock, which may not agree with ours.
    now = moment_of(headers.get("date", ""))
    return min(max(then - (time.time() if now is None else now), 0.0), LONGEST_WAIT)


def moment_of(text: str) -> float | None:
    """Read the time of a header, in seconds since 1970; ``None`` if it is none."""
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None

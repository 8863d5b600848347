"""What GitHub's API answers, and what its refusals mean."""

from __future__ import annotations

import email.utils
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leakscan.safe_text import safe_text
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_MESSAGE = 200
_LONGEST_WAIT = 86_400.0

_SOON = 10.0
"""Seconds after which a server that failed without saying more may be asked again."""

_MEANING = {
    400: Trouble.REFUSED,
    401: Trouble.REFUSED,
    403: Trouble.REFUSED,
    404: Trouble.GONE,
    406: Trouble.REFUSED,
    410: Trouble.GONE,
    422: Trouble.REFUSED,
    429: Trouble.BUSY,
    451: Trouble.BLOCKED,
}


@dataclass(slots=True)
class ApiMeter:
    """Counts what one look cost; added to as it happens, by one thread.

    Attributes:
        requests: how many were sent, redirects and refused ones included.
        unchanged: how many more were answered 304, which costs nothing.
        received: bytes of the answers, after decompression.
    """

    requests: int = 0
    unchanged: int = 0
    received: int = 0

    def take(self, reply: Reply) -> None:
        """Add the answer of a request that was counted when it was sent."""
        self.received += len(reply.content)
        if reply.status == 304:
            self.requests -= 1
            self.unchanged += 1


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came.  Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def document(self) -> object:
        """The content if it is JSON, else ``None``."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return None

    @property
    def message(self) -> str:
        """What GitHub says in words, on one short line; empty if nothing."""
        document = self.document
        message = document.get("message") if isinstance(document, dict) else None
        text = " ".join(message.split()) if isinstance(message, str) else ""
        return safe_text(text[:_LONGEST_MESSAGE])

    @property
    def retry_after(self) -> float | None:
        """Seconds that the header ``Retry-After`` asks to wait, a day at most."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return min(float(text[:9]), _LONGEST_WAIT)
        then, now = _moment(text), _moment(self.headers.get("date", ""))
        return None if then is None or now is None else min(max(then - now, 0.0), _LONGEST_WAIT)

    @property
    def sent_at(self) -> float | None:
        """When the server sent it by its own clock, in seconds since 1970."""
        return _moment(self.headers.get("date", ""))


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked for.

    Attributes:
        status: 2xx, or 304 if it is what the ETag stands for.
        headers: by names in lower case.
        body: the JSON, or bytes where they were asked for; ``None`` for 204 and 304.
    """

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def etag(self) -> str | None:
        """What to send next time, so that an unchanged answer costs nothing."""
        return self.headers.get("etag")


def judge(reply: Reply, what: str, *, raw: bool = False) -> Answer:
    """Return the answer that a reply is.

    Args:
        reply: as it came; no redirect, and no limit that another credential could lift.
        what: what was asked for, for errors.
        raw: give the bytes.

    Raises:
        TroubleError: it is none.
    """
    if reply.status in (204, 304):
        return Answer(reply.status, reply.headers, None)
    if reply.status == 202:
        raise TroubleError(Trouble.BUSY, f"{what}: GitHub is still preparing it", "", _SOON)
    if not 200 <= reply.status < 300:
        raise _trouble(reply, what)
    if raw:
        return Answer(reply.status, reply.headers, reply.content)
    try:
        return Answer(reply.status, reply.headers, json.loads(reply.content))
    except (ValueError, RecursionError):
        raise TroubleError(
            Trouble.BROKEN, f"{what}: the answer is not JSON", "check github.api_url"
        ) from None


def _trouble(reply: Reply, what: str) -> TroubleError:
    document, message = reply.document, reply.message
    trouble = _MEANING.get(reply.status, Trouble.BUSY if reply.status >= 500 else Trouble.BROKEN)
    if isinstance(document, dict) and "block" in document:
        trouble = Trouble.BLOCKED
    elif _is_too_large(document):
        trouble = Trouble.TOO_LARGE
    elif reply.status == 409:
        trouble = Trouble.EMPTY if "empty" in message.lower() else Trouble.BUSY
    elif reply.status == 422 and message.lower().startswith("no commit found"):
        trouble = Trouble.GONE
    wait = reply.retry_after
    if trouble is Trouble.BUSY and wait is None:
        wait = _SOON
    return TroubleError(
        trouble,
        f"{what}: GitHub answered {reply.status}" + (f" ({message})" if message else ""),
        _REMEDIES.get(trouble, ""),
        wait,
    )


_REMEDIES = {
    Trouble.REFUSED: "check what github.credentials may read",
    Trouble.BROKEN: "check github.api_url",
}


def _is_too_large(document: object) -> bool:
    errors = document.get("errors") if isinstance(document, dict) else None
    return isinstance(errors, list) and any(
        isinstance(error, dict) and error.get("code") == "too_large" for error in errors
    )


def _moment(text: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None

"""What GitHub's API answers, and what its refusals mean."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from leakscan.safe_text import safe_text
from leakscan.statuses import moment_of, retry_after, trouble_of
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_MESSAGE = 200

_SOON = 10.0
"""Seconds after which a server that failed without saying more may be asked again."""

_MEANINGLESS = (400, 406, 422)
"""Statuses of questions that GitHub does not take."""


@dataclass(slots=True)
class ApiMeter:
    """Counts what one look cost; added to as it happens, by one thread.

    Attributes:
        requests: how many were sent, redirects and refused ones included.
        unchanged: how many more were answered 304, which costs nothing.
        received: bytes of the answers as they came over the network.
    """

    requests: int = 0
    unchanged: int = 0
    received: int = 0

    def take(self, reply: Reply) -> None:
        """Add the answer of a request that was counted when it was sent."""
        self.received += reply.received
        if reply.status == 304:
            self.requests -= 1
            self.unchanged += 1


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    Attributes:
        status: the HTTP status.
        headers: by names in lower case.
        content: the body, decompressed.
        received: bytes of the body as they came over the network.
        credential: what it was asked for with; a server that repeats it is not repeated.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    received: int = 0
    credential: str = field(default="", repr=False)

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
        if self.credential:  # before the text is cut, which might leave a part of it
            text = text.replace(self.credential, "...")
        return safe_text(text[:_LONGEST_MESSAGE])

    @property
    def retry_after(self) -> float | None:
        """Seconds for which the server asks to wait, if it does."""
        return retry_after(self.headers)

    @property
    def sent_at(self) -> float | None:
        """When the server sent it by its own clock, in seconds since 1970."""
        return moment_of(self.headers.get("date", ""))


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
    trouble = trouble_of(reply.status, reply.headers)
    if reply.status in _MEANINGLESS:
        trouble = Trouble.REFUSED
    if reply.status == 403 and trouble is Trouble.REFUSED and document is None:
        trouble = Trouble.BARRED  # GitHub itself says why
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

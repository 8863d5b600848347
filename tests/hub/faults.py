"""What a server does wrong when a test wants it to."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HTML = b"<!DOCTYPE html><html><body><h1>Unicorn!</h1>This page is taking too long.</body></html>"


@dataclass
class Fault:
    """One thing that goes wrong for some paths.

    Attributes:
        pattern: searched for in the path with its query.
        times: how often it happens; ``None`` for ever.
        status: the status answered; ``None`` for what would have been answered anyway.
        body: what is answered: JSON, or bytes as they are.
        headers: further headers.
        delay: seconds to wait first.
        cut: promise the whole body, send half of it, and close the connection.
        token: happens only to requests with this token.
    """

    pattern: str = ""
    times: int | None = 1
    status: int | None = 500
    body: object = field(default_factory=lambda: {"message": "Server Error"})
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: bool = False
    token: str | None = None

    @classmethod
    def html(cls, pattern: str = "", status: int = 502, times: int | None = 1) -> Fault:
        """A page for people where JSON was asked for."""
        return cls(pattern, times, status, HTML, {"content-type": "text/html"})

    @classmethod
    def secondary_limit(
        cls,
        pattern: str = "",
        retry_after: int | None = 60,
        times: int | None = 1,
        status: int = 403,
    ) -> Fault:
        """The limit that GitHub sets on calls that come too fast."""
        headers = {} if retry_after is None else {"retry-after": str(retry_after)}
        message = (
            "You have exceeded a secondary rate limit. Please wait a few minutes before you try "
            "again."
        )
        url = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"
        body = {"message": message, "documentation_url": url}
        return cls(pattern, times, status, body, headers)


class Faults:
    """The faults that are still to happen, in the order in which they were added."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Let something go wrong from now on."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._faults.clear()

    def take(self, path: str, token: str) -> Fault | None:
        """Return what goes wrong for this request, and count it."""
        with self._lock:
            for fault in self._faults:
                if fault.times == 0 or (fault.token is not None and fault.token != token):
                    continue
                if re.search(fault.pattern, path):
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None

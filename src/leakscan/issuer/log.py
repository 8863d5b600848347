"""What an operator reads while the issuer serves: one line a request, and what touches security.

Everything goes to one logger of Python's, as information, which nobody sees until `logging_to`
says where to write it.  No line holds a token, a password, a cookie or the query of an address.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from leakscan.issuer.checks import without_tokens
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import HTTPConnection
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOG = logging.getLogger("leakscan.issuer")

_SERVERS_OWN = logging.getLogger("uvicorn.error")
"""Where uvicorn tells of requests that are none, or too many at once."""

_LONGEST_METHOD = 20
_LONGEST_PATH = 200


def note(request: HTTPConnection, text: str, *values: object) -> None:
    """Log something that touches security, and from which address it came.

    The colon after the address is what no request can imitate.

    Args:
        request: with which it happened.
        text: what happened, as `logging` formats it.
        values: for the text; of a token its id, or the `Secret`, which is written redacted.
    """
    address = request.client.host if request.client else "-"
    LOG.info(f"%s: {text}", address, *values)


class RequestLog:
    """Logs every request with its answer's status, and how long it took.

    Uvicorn's own access log has the query of the address, and neither the time nor the duration.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and log it when that is done."""
        begun = time.perf_counter()
        status = "-"  # of who left before there was an answer

        async def send_and_see(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, send_and_see)
        finally:
            address = scope["client"][0] if scope["client"] else "-"
            method, path = scope["method"][:_LONGEST_METHOD], presentable_path(scope["path"])
            milliseconds = (time.perf_counter() - begun) * 1000
            LOG.info("%s %s %s %s %.0f ms", address, method, path, status, milliseconds)


def presentable_path(path: str) -> str:
    """Return a decoded path without tokens, percent-encoded anew: one word of plain characters."""
    text = quote(without_tokens(path), safe="/:@!$&'()*+,;=", errors="replace")
    return text if len(text) <= _LONGEST_PATH else text[:_LONGEST_PATH] + "..."


@contextlib.contextmanager
def logging_to(descriptor: int | None) -> Iterator[None]:
    """Write the log to an open file as long as the block runs; or have nothing written at all."""
    handler = logging.NullHandler() if descriptor is None else _Lines(descriptor)
    if descriptor is not None:
        LOG.setLevel(logging.INFO)
    for logger in (LOG, _SERVERS_OWN):
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in (LOG, _SERVERS_OWN):
            logger.removeHandler(handler)
        LOG.setLevel(logging.NOTSET)


class _Lines(logging.Handler):
    """Writes each record as one line of ASCII, at once and whole.

    A log must not hold up who is served: a line that cannot be written is dropped, be the disk
    full, the file closed, or its reader asleep.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record down, if that is possible without waiting."""
        line = _line(record).encode("ascii", "backslashreplace")
        with contextlib.suppress(OSError):
            if self._poll.poll(0):
                os.write(self._descriptor, line)


def _line(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    text = safe_text(record.getMessage().strip())
    if record.exc_info and record.exc_info[1]:
        text += f": {_where(record.exc_info[1])}"
    return f"{moment:%Y-%m-%dT%H:%M:%SZ} {text}\n"


def _where(error: BaseException) -> str:
    """Tell of an error where it is from, but not its message: it might quote what was sent."""
    frames = traceback.extract_tb(error.__traceback__)
    place = (
        f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
    )
    return f"{type(error).__name__} in {place}"

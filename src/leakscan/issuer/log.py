"""What an operator reads while the issuer serves: one line a request, and what touches security.

Everything goes to one logger of Python's, as information, which nobody sees until `logging_to`
says where to write it.  No line holds a token, a password, a cookie or the query of an address.
"""

from __future__ import annotations

import contextlib
import logging
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from leakscan.issuer.checks import without_tokens
from leakscan.issuer.log_writer import LineWriter
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

_MOST_ENCODINGS = 5
"""How often a text may be percent-encoded for a token in it to be seen.

Once too often is a common mistake.  To look until nothing changes would let a long path, which
is encoded thousands of times, keep the server busy.
"""


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
            method = presentable(scope["method"], _LONGEST_METHOD)
            path = presentable(scope["path"], _LONGEST_PATH)
            milliseconds = (time.perf_counter() - begun) * 1000
            LOG.info("%s %s %s %s %.0f ms", address, method, path, status, milliseconds)


def presentable(text: str, longest: int) -> str:
    """Return a decoded method or path as one word of plain characters, without tokens.

    Args:
        text: what was sent; it is percent-encoded anew.
        longest: after so many characters it is cut off.
    """
    word = quote(_redacted(text), safe="/:@!$&'()*+,;=", errors="replace")
    return word if len(word) <= longest else word[:longest] + "..."


def _redacted(text: str) -> str:
    """Redact tokens, those too that are percent-encoded: then the text is returned decoded."""
    shown = seen = without_tokens(text)
    for _ in range(_MOST_ENCODINGS):
        decoded = unquote(seen)
        if decoded == seen:
            break
        seen = without_tokens(decoded)
        if seen != decoded:
            shown = seen
    return shown


@contextlib.contextmanager
def logging_to(descriptor: int | None) -> Iterator[None]:
    """Write the log to an open file as long as the block runs; or have nothing written at all.

    In the end what waits to be written still is, if that takes but a moment.
    """
    writer = None if descriptor is None else LineWriter(descriptor)
    handler = _Lines(writer) if writer else logging.NullHandler()
    if writer:
        LOG.setLevel(logging.INFO)
    for logger in (LOG, _SERVERS_OWN):
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in (LOG, _SERVERS_OWN):
            logger.removeHandler(handler)
        LOG.setLevel(logging.NOTSET)
        if writer:
            writer.finish()


class _Lines(logging.Handler):
    """Has each record written as one line of ASCII."""

    def __init__(self, writer: LineWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """Have a record written."""
        self._writer.add(_line(record).encode("ascii", "backslashreplace"))


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

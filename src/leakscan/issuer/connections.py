"""Connections that must say something: who keeps one must use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

from leakscan.issuer.log import LOG

if TYPE_CHECKING:
    import asyncio

HEAD_SECONDS = 10
"""Within which the head of a request must be whole, from the opening or the last answer on."""

ANSWER_SECONDS = 120
"""Within which a request whose head is whole must be answered, and the answer be taken.

Far more than it takes: a body has its own limit (`bodies.SECONDS`), and a writer of the
database waits half a minute at most.
"""


class TimelyProtocol(H11Protocol):
    """Uvicorn's HTTP/1.1 that aborts a connection which takes its time.

    Uvicorn knows one such limit, ``timeout_keep_alive``, which starts after an answer only and is
    called off by a single byte.  A middleware is called when a head is whole, and so too late.
    What is left is the protocol: every connection has one timer at all times, set anew at three
    events (it opened, a head is whole, an answer is complete) and not by the bytes between, of
    which somebody could send one a second.  The rest of a body that was answered unread counts as
    part of the next head.

    It is aborted, not closed: to close waits for the other side to take what was sent.
    """

    head_seconds: ClassVar[float] = HEAD_SECONDS
    _timer: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(self.head_seconds, self._abort)

    def handle_events(self) -> None:
        """Take up what was received; if it makes a head whole, wait for the answer."""
        answering = self.cycle
        super().handle_events()
        if self.cycle is not answering:
            self._allow(ANSWER_SECONDS)

    def on_response_complete(self) -> None:
        """Begin to wait for the next request, which uvicorn may have received already."""
        self._allow(self.head_seconds)
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._timer.cancel()
        super().connection_lost(exc)

    def _allow(self, seconds: float) -> None:
        self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self._abort)

    def _abort(self) -> None:
        LOG.info(
            "%s: closed a connection that was too slow", self.client[0] if self.client else "-"
        )
        self.transport.abort()


def timely_protocol(seconds: float) -> type[TimelyProtocol]:
    """Return the protocol with another limit for the head of a request."""

    class Protocol(TimelyProtocol):
        head_seconds = seconds

    return Protocol

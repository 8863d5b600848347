"""Connections that must say something: who keeps one must use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

from leakscan.issuer.log import LOG

if TYPE_CHECKING:
    import asyncio


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that the other side of a connection has.

    Attributes:
        head: within which the head of a request must be whole, from the opening on or from when
            the last answer was taken.
        answer: within which a request whose head is whole must be answered, and the answer be
            taken.  Far more than it takes: a body has its own limit (`bodies.SECONDS`), and a
            writer of the database waits half a minute at most.
    """

    head: float = 10
    answer: float = 120


LIMITS = Limits()


class TimelyProtocol(H11Protocol):
    """Uvicorn's HTTP/1.1 that aborts a connection which takes its time.

    Uvicorn knows one such limit, ``timeout_keep_alive``, which starts after an answer only and is
    called off by a single byte.  A middleware is called when a head is whole, and so too late.
    What is left is the protocol: every connection has one timer at all times, set anew at three
    events (it opened, a head is whole, an answer is taken) and not by the bytes between, of
    which somebody could send one a second.  The rest of a body that was answered unread counts as
    part of the next head.

    An answer is taken when nothing of it is left in the transport's buffer.  The application is
    done long before, if the answer is long and the other side slow.

    It is aborted, not closed: to close waits for the other side to take what was sent.
    """

    limits: ClassVar[Limits] = LIMITS
    _timer: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first request."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # to be told as soon as all of it is taken
        self._timer = self.loop.call_later(self.limits.head, self._abort)

    def handle_events(self) -> None:
        """Take up what was received; if it makes a head whole, wait for the answer."""
        answering = self.cycle
        super().handle_events()
        if self.cycle is not answering:
            self._allow(self.limits.answer)

    def on_response_complete(self) -> None:
        """If the answer is taken, wait for the next request; uvicorn may have received it."""
        if not self.transport.get_write_buffer_size():
            self._allow(self.limits.head)
        super().on_response_complete()

    def resume_writing(self) -> None:
        """All that was written is taken: if it is a whole answer, wait for the next request."""
        super().resume_writing()
        if self.cycle and self.cycle.response_complete:
            self._allow(self.limits.head)

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


def timely_protocol(others: Limits) -> type[TimelyProtocol]:
    """Return the protocol with other limits."""

    class Protocol(TimelyProtocol):
        limits = others

    return Protocol

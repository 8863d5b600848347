"""Connections that never wait beyond the end of the exchange they are used for."""

from __future__ import annotations

import functools
import http.client
import io
import threading
from typing import TYPE_CHECKING, Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    import socket

    from leakscan.git.wire.clock import Clock

BUFFER = 64 * 1024
"""Bytes that are read ahead, as many as a packet of git has at most."""


class Clocks(threading.local):
    """The clock of the exchange that this thread makes; connections are shared by all of them."""

    now: Clock | None = None


class _TimedReader(io.RawIOBase):
    """Reads a socket, each time with what is left of the time."""

    def __init__(self, connection: socket.socket, raw: io.RawIOBase, clock: Clock) -> None:
        self._connection = connection
        self._raw = raw
        self._clock = clock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - a buffer, which Python 3.11 cannot name
        self._connection.settimeout(self._clock.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    """An answer that is read by the clock, from its first line on."""

    def __init__(
        self, sock: socket.socket, *arguments: Any, clock: Clock | None, **named: Any  # noqa: ANN401 - passed on
    ) -> None:  # fmt: skip
        super().__init__(sock, *arguments, **named)
        if clock is not None:
            raw = self.fp.detach()  # a BufferedReader
            self.fp = io.BufferedReader(_TimedReader(sock, raw, clock), BUFFER)


def timed_pools(clocks: Clocks) -> dict[str, type[HTTPConnectionPool]]:
    """Return classes of pools by scheme, whose connections obey the clock of the thread."""

    class Timed(HTTPConnection):
        @property
        def response_class(self) -> Any:  # type: ignore[override]  # noqa: ANN401 - called by http.client
            return functools.partial(_TimedResponse, clock=clocks.now)

    class TimedSecure(HTTPSConnection):
        @property
        def response_class(self) -> Any:  # type: ignore[override]  # noqa: ANN401 - called by http.client
            return functools.partial(_TimedResponse, clock=clocks.now)

    class Pool(HTTPConnectionPool):
        ConnectionCls = Timed

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = TimedSecure

    return {"http": Pool, "https": SecurePool}

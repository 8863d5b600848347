"""Send requests over pooled connections, follow redirects, and read answers as they arrive."""

from __future__ import annotations

import contextlib
import threading
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from typing import TYPE_CHECKING

import tenacity
import urllib3
from urllib3 import exceptions as faults

from leakscan.git.wire.connection import BUFFER, Clocks, timed_pools
from leakscan.git.wire.statuses import status_error
from leakscan.git.wire.trust import proxy_for, trusted
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

    from leakscan.git.wire.exchange import Exchange, Origin

ATTEMPTS = 3
"""How often a request is sent whose connection fails before a byte of the answer."""

MOST_REDIRECTS = 5

_CONNECT = 20.0
"""Seconds to wait for a connection."""

_REDIRECTS = (301, 302, 307, 308)

_SHORT = 16 * 1024
"""Bytes of an unwanted body that are read so that the connection can be used again..."""

_SOON = 2.0
"""... and seconds."""

_READING = (faults.HTTPError, HTTPException, OSError)


class Answer:
    """A successful answer whose body is being read.

    Args:
        exchange: what it belongs to.
        response: its head; the body is not read yet.
    """

    def __init__(self, exchange: Exchange, response: BaseHTTPResponse) -> None:
        self._exchange = exchange
        self._response = response
        self.type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def read(self) -> bytes:
        """Return the next bytes as they arrive, none at the end.

        Raises:
            TroubleError: the connection failed, or it takes too long.
        """
        try:
            self._exchange.clock.left()  # what was read ahead is not waited for, but takes time
            chunk = self._response.read1(BUFFER, decode_content=False)
        except _READING as error:
            raise explained(self._exchange, error) from None
        self._exchange.meter.received += len(chunk)
        return chunk

    def finish(self) -> None:
        """Give the connection back if nothing more comes, else end it."""
        drain(self._exchange, self._response)

    def abandon(self) -> None:
        """End the connection."""
        self._response.close()


class Transport:
    """Pools of connections.  Safe to share between threads.

    Args:
        connections: to keep to a server.
        agent: says who we are.
    """

    def __init__(self, connections: int, agent: str) -> None:
        self._connections = connections
        self._agent = agent
        self._clocks = Clocks()
        self._lock = threading.Lock()
        self._by_origin: dict[Origin, urllib3.PoolManager] = {}
        self._by_proxy: dict[tuple[str, str | None], urllib3.PoolManager] = {}

    def open(
        self,
        exchange: Exchange,
        suffix: str,
        headers: dict[str, str],
        body: bytes | None = None,
    ) -> Answer:
        """Send a request to ``base + suffix`` and to where it is redirected.

        Args:
            exchange: what it belongs to; a redirect changes its base.
            suffix: with a query, if any.
            headers: besides the usual ones.
            body: what to POST; without it, the request is a GET.

        Raises:
            TroubleError: there is no successful answer.
        """
        for _ in range(MOST_REDIRECTS + 1):
            response = self._send(exchange, suffix, headers, body)
            if response.status == 200:
                exchange.began = True
                return Answer(exchange, response)
            location = response.headers.get("Location")
            said = drain(exchange, response)
            if response.status not in _REDIRECTS or not location:
                kind = response.headers.get("Content-Type", "")
                message = said if kind.startswith("text/plain") else b""
                raise status_error(exchange, response.status, response.headers, message)
            exchange.move(location, suffix)
        raise exchange.trouble(Trouble.BROKEN, f"it redirects more than {MOST_REDIRECTS} times")

    def close(self) -> None:
        """End all connections that are not in use."""
        with self._lock:
            for manager in self._by_proxy.values():
                manager.clear()

    def _send(
        self, exchange: Exchange, suffix: str, headers: dict[str, str], body: bytes | None
    ) -> BaseHTTPResponse:
        """Send one request, again if there was no connection to send it on."""
        manager = self._manager(exchange)
        whole = {"User-Agent": self._agent, "Accept-Encoding": "identity"}
        whole |= headers | exchange.authorization
        exchange.began = False

        def once() -> BaseHTTPResponse:
            wait = exchange.clock.left()
            exchange.meter.requests += 1
            return manager.urlopen(
                "GET" if body is None else "POST",
                exchange.base + suffix,
                body=body,
                headers=whole,
                redirect=False,
                retries=False,
                timeout=urllib3.Timeout(connect=min(wait, _CONNECT), read=wait),
                preload_content=False,
            )

        self._clocks.now = exchange.clock
        try:
            return tenacity.Retrying(
                retry=tenacity.retry_if_exception(_was_not_answered),
                stop=tenacity.stop_after_attempt(ATTEMPTS),
                wait=tenacity.wait_random_exponential(multiplier=0.2, max=2),
                sleep=exchange.clock.sleep,
                reraise=True,
            )(once)
        except _READING as error:
            raise explained(exchange, error) from None
        finally:
            self._clocks.now = None

    def _manager(self, exchange: Exchange) -> urllib3.PoolManager:
        origin = exchange.origin
        with self._lock:
            manager = self._by_origin.get(origin)
            if manager is None:
                proxy = proxy_for(exchange.base)
                key = origin[0], proxy
                manager = self._by_proxy.get(key) or self._new_manager(*key)
                self._by_origin[origin] = self._by_proxy[key] = manager
        return manager

    def _new_manager(self, scheme: str, proxy: str | None) -> urllib3.PoolManager:
        context = trusted() if scheme == "https" or (proxy or "").startswith("https:") else None
        manager: urllib3.PoolManager
        if proxy is None:
            manager = urllib3.PoolManager(maxsize=self._connections, ssl_context=context)
        else:
            from requests.utils import get_auth_from_url

            user, password = get_auth_from_url(proxy)
            shown = urllib3.make_headers(proxy_basic_auth=f"{user}:{password}") if user else None
            manager = urllib3.ProxyManager(
                proxy,
                proxy_headers=shown,
                proxy_ssl_context=context,
                maxsize=self._connections,
                ssl_context=context,
            )
        manager.pool_classes_by_scheme = timed_pools(self._clocks)
        return manager


def drain(exchange: Exchange, response: BaseHTTPResponse) -> bytes:
    """Read what is left of a body if that is short and soon here, else end the connection."""
    said = b""
    with exchange.clock.hurried(_SOON), contextlib.suppress(*_READING):
        while len(said) <= _SHORT:
            chunk = response.read1(_SHORT, decode_content=False)
            exchange.meter.received += len(chunk)
            if not chunk:
                response.release_conn()
                return said
            said += chunk
    response.close()
    return said


def explained(exchange: Exchange, error: Exception) -> TroubleError:
    """Return the error to raise for a failure of the connection."""
    if exchange.clock.is_over:
        why = f"not done within {exchange.clock.seconds:g} s"
        return exchange.trouble(Trouble.TOO_LONG, why, "allow it more time")
    if exchange.began:
        nothing = f"nothing came for {exchange.clock.patience:g} s"
        why = nothing if _is_late(error) else "it is cut off"
        return exchange.trouble(Trouble.BROKEN, why, "try again later")
    trouble = Trouble.UNREACHABLE
    cause = _cause(error)
    if isinstance(error, faults.SSLError):
        why = "its certificate cannot be trusted, or TLS failed"
    elif isinstance(error, faults.ProxyError):
        why = "the proxy cannot be reached, or refuses"
    elif isinstance(error, faults.NameResolutionError):
        why = "its name cannot be resolved"
    elif isinstance(error, faults.LocationValueError):
        trouble, why = Trouble.GONE, "there is no such host"
    elif _is_late(error):
        why = "no answer in time"
    elif isinstance(cause, HTTPException) and not isinstance(
        cause, RemoteDisconnected | IncompleteRead
    ):
        trouble, why = Trouble.BROKEN, "it does not speak HTTP"
    else:
        why = (isinstance(cause, OSError) and cause.strerror) or "the connection was closed"
    return exchange.trouble(trouble, why, "check the address and the network")


def _was_not_answered(error: BaseException) -> bool:
    """Tell whether the connection failed before a byte of the answer: nothing was lost."""
    if isinstance(error, faults.ProtocolError):
        return isinstance(_cause(error), RemoteDisconnected | ConnectionError)
    return isinstance(error, faults.NewConnectionError)


def _is_late(error: Exception) -> bool:
    """Tell whether time was over; urllib3 takes every failure to connect for that."""
    return isinstance(error, TimeoutError | faults.TimeoutError) and not isinstance(
        error, faults.NewConnectionError
    )


def _cause(error: BaseException) -> BaseException:
    """Return what a library wrapped into its own errors."""
    inner = error.args[-1] if error.args else None
    if not isinstance(inner, BaseException):
        inner = error.__cause__
    return error if inner is None else _cause(inner)

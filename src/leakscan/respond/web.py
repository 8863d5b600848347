"""Send one HTTP request that is over by a deadline, whatever the server does."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from leakscan import __version__
from leakscan.respond.deadline import Deadline, within

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping
    from pathlib import Path

LONGEST_ANSWER = 64 * 1024
"""Bytes of an answer that are read; no honest one comes near."""


class Unanswered(Exception):  # noqa: N818 - not an error of ours
    """No whole answer came; the text says why, without the URL.

    Args:
        why: on one line.
        unsure: whether the request may have had its effect all the same.
    """

    def __init__(self, why: str, *, unsure: bool = True) -> None:
        super().__init__(why)
        self.unsure = unsure


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer.  Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Server:
    """Where to send requests, and what to trust on the way.

    Certificates are always verified.  The environment's proxies and ``.netrc`` have no say.

    Attributes:
        timeout: seconds after which a request is over, from the first byte to the last.
        ca_file: certificates to trust instead of the usual ones.
        proxy: URL of a proxy; it may hold a password.
    """

    url: str
    timeout: float = 10
    ca_file: Path | None = None
    proxy: str | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        """Which server it is, without what a URL may keep secret."""
        parts = urlsplit(self.url)
        return (parts.hostname or "") + (f":{parts.port}" if parts.port else "")

    def send(self, method: str, headers: Mapping[str, str], body: bytes | None = None) -> Reply:
        """Send a request; a redirect is not followed, but returned.

        Raises:
            Unanswered: the server cannot be reached or trusted, or did not answer in time.
        """
        with requests.Session() as session, Deadline(self.timeout) as deadline:
            session.trust_env = False
            session.mount("http://", _WatchedAdapter(deadline))
            session.mount("https://", _WatchedAdapter(deadline))
            try:
                reply = within(self.timeout, lambda: self._send(session, method, headers, body))
            except TimeoutError:
                deadline.end()  # its thread may still be looking up a name
            except (requests.RequestException, OSError, ValueError) as error:
                if not deadline.is_over:
                    raise Unanswered(_reason(error), unsure=not _was_never_sent(error)) from None
            else:
                if not deadline.is_over:
                    return reply
        # Even a whole answer is not to be trusted then: it may have been cut off.
        raise Unanswered(f"no answer within {self.timeout:g} s")

    def _send(
        self,
        session: requests.Session,
        method: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Reply:
        answer = session.request(
            method,
            self.url,
            data=body,
            headers={"user-agent": f"leakscan/{__version__}", **headers},
            timeout=self.timeout,
            allow_redirects=False,
            stream=True,
            verify=str(self.ca_file) if self.ca_file else True,
            proxies={"http": self.proxy, "https": self.proxy} if self.proxy else None,
        )
        with answer:
            content = b""
            for chunk in answer.iter_content(8192):
                content += chunk
                if len(content) > LONGEST_ANSWER:
                    raise Unanswered(f"its answer is longer than {LONGEST_ANSWER} bytes")
            lower = {name.lower(): value for name, value in answer.headers.items()}
            return Reply(answer.status_code, lower, content)


def is_loopback(host: str) -> bool:
    """Tell whether a host is certainly this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class _WatchedAdapter(HTTPAdapter):
    """Has a deadline see every connection."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - requests' signature
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._deadline)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:  # noqa: ANN401 - requests' signature
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _pools(self._deadline)
        return manager


def _pools(deadline: Deadline) -> dict[str, type[HTTPConnectionPool]]:
    class WatchedHTTP(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            connection = super()._new_conn()
            deadline.see(connection)
            return connection

    class WatchedHTTPS(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            connection = super()._new_conn()
            deadline.see(connection)
            return connection

    class Pool(HTTPConnectionPool):
        ConnectionCls = WatchedHTTP

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = WatchedHTTPS

    return {"http": Pool, "https": SecurePool}


def _was_never_sent(error: Exception) -> bool:
    """Tell whether there was no connection on which a request could have gone."""
    if isinstance(error, requests.exceptions.SSLError):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", None), NewConnectionError)


def _reason(error: Exception) -> str:
    """Say what happened without the URL, in which a password may stand."""
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate cannot be trusted, or TLS failed"
    if isinstance(error, requests.exceptions.Timeout):
        return "no answer in time"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return f"it cannot be reached ({type(error).__name__})"

"""Serving an issuer: until it is interrupted, or in a thread for as long as a block runs."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from typing import TYPE_CHECKING

import uvicorn

from leakscan.errors import LeakscanError
from leakscan.issuer.app import build_app
from leakscan.issuer.connections import LIMITS, timely_protocol
from leakscan.issuer.log import RequestLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leakscan.issuer.connections import Limits
    from leakscan.issuer.store import Issuer

_MOST_CONNECTIONS = 500
"""At the same time; more are told to come back (503)."""

_PATIENCE_SECONDS = 5
"""How long requests that are being answered may take when it ends."""


def serve(
    issuer: Issuer,
    host: str = "127.0.0.1",
    port: int = 8008,
    *,
    https: bool = False,
    tell: Callable[[str], None],
) -> None:
    """Serve until the process is interrupted.

    Args:
        issuer: what to serve.
        host: address to listen on.
        port: 0 for any that is free.
        https: whether people reach it by https.
        tell: is told the real address as soon as connections are taken.

    Raises:
        LeakscanError: the address cannot be listened on.
    """
    listener = _listen(host, port)
    tell(_address(listener))
    # Uvicorn ends in good order at the first Ctrl-C, and raises it again when it is done.
    with contextlib.suppress(KeyboardInterrupt):
        _server(issuer, https=https).run(sockets=[listener])


@contextlib.contextmanager
def running(
    issuer: Issuer, port: int = 0, *, https: bool = False, limits: Limits = LIMITS
) -> Iterator[str]:
    """Serve on loopback in a thread of this process.

    Args:
        issuer: what to serve.
        port: 0 for any that is free.
        https: whether people reach it by https.
        limits: of the time that connections have.

    Yields:
        The address, such as ``http://127.0.0.1:54321``.

    Raises:
        LeakscanError: the port is in use, or the server did not come up.
    """
    listener = _listen("127.0.0.1", port)
    server = _server(issuer, https=https, limits=limits)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="issuer", daemon=True
    )
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise LeakscanError("the issuer's server did not start")
            time.sleep(0.005)
        yield _address(listener)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def _server(issuer: Issuer, *, https: bool, limits: Limits = LIMITS) -> uvicorn.Server:
    # Who opens more connections than there are file descriptors must not fill our log.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL + 1)
    return uvicorn.Server(
        uvicorn.Config(
            RequestLog(build_app(issuer, https=https)),
            access_log=False,  # ours says more, and less
            http=timely_protocol(limits),
            limit_concurrency=_MOST_CONNECTIONS,
            log_config=None,
            log_level="warning",
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_PATIENCE_SECONDS,
            ws="none",
        )
    )


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except socket.gaierror as error:
        reason = error.strerror
    except OSError as error:  # its own text tells the address once more
        reason = os.strerror(error.errno or 0)
    except UnicodeError:
        reason = "no such name"
    raise LeakscanError(
        f"cannot listen on {host}, port {port}: {reason}", "choose another --host or --port"
    )


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

"""Real servers that behave as a test wants, well or badly."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Request:
    """What a server was sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


@dataclass
class Web:
    """A web server that answers as it is told, and remembers what it was asked."""

    reply: Callable[[Request], Reply]
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def a_json(document: object, status: int = 200, **headers: str) -> Reply:
    """Make an answer of JSON; in names of headers, _ is -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"content-type": "application/json", **named}, json.dumps(document).encode()


@contextlib.contextmanager
def running_web(
    reply: Callable[[Request], Reply], tls: ssl.SSLContext | None = None
) -> Iterator[Web]:
    """Serve on a free port of the loopback, over TLS with a context."""
    web = Web(reply)

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, self.path, headers, self.rfile.read(length))
            with web.lock:
                web.requests.append(request)
            status, headers, body = web.reply(request)
            with contextlib.suppress(OSError):  # who asked may be gone
                self.send_response(status)
                for name, value in {**headers, "content-length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815 - the names that the library calls

        def log_message(self, *_arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 100
        daemon_threads = True

        def handle_error(self, *_arguments: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        scheme = "https" if tls else "http"
        web.url = f"{scheme}://127.0.0.1:{server.server_address[1]}/hook"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield web
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def running_socket(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve raw connections, each in a thread; yield the URL."""
    over = threading.Event()

    def handle(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            behave(connection)

    def accept() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                threading.Thread(target=handle, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
        finally:
            over.set()
            thread.join()


def dripping(text: bytes, every: float = 0.05) -> Callable[[socket.socket], None]:
    """Return a behaviour: hear something if there is anything, then say this byte by byte."""

    def drip(connection: socket.socket) -> None:
        connection.settimeout(0.2)
        with contextlib.suppress(TimeoutError):
            connection.recv(1 << 16)
        while True:
            for byte in text:
                connection.sendall(bytes([byte]))
                time.sleep(every)

    return drip


def a_closed_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port

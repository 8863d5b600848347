"""Serves the API of the small GitHub over HTTP/1.1, and holds each answer to the description."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from hub.description import problems

if TYPE_CHECKING:
    from hub.api import Api

BROKEN = 599
"""The status of an answer that does not fit the description."""


@dataclass(frozen=True)
class Request:
    """What the API was asked, and with what it answered."""

    method: str
    path: str
    token: str
    headers: dict[str, str]
    status: int


@dataclass
class Answer:
    """What the API answers.

    Attributes:
        body: JSON; ``None`` for none, bytes for what is sent as it is.
        template: the path in the description; ``None`` where none is claimed.
        cut: promise the whole body, send half of it, and close the connection.
    """

    status: int
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    template: str | None = None
    cut: bool = False
    delay: float = 0.0

    def encoded(self) -> bytes:
        """The body in bytes."""
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


class ApiServer:
    """Runs in threads of its own until it is stopped."""

    def __init__(self, api: Api) -> None:
        self.requests: list[Request] = []
        self.violations: list[str] = []
        self._api = api
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, method: str, path: str, headers: dict[str, str]) -> Answer:
        answer = self._api.answer(method, path, headers)
        if answer.template is not None:
            body = json.loads(answer.encoded() or b"null")
            if wrong := problems(answer.template, method.lower(), answer.status, body):
                self.violations += [f"{method} {path}: {problem}" for problem in wrong]
                return Answer(BROKEN, {"message": wrong[0]})
        return answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def answer(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.rfile.read(int(headers.get("content-length") or 0))
                try:
                    answer = hub._answer(self.command, self.path, headers)
                except Exception as error:  # noqa: BLE001 - it fails the test
                    hub.violations.append(f"{self.command} {self.path}: {error!r}")
                    answer = Answer(BROKEN, {"message": repr(error)})
                token = hub._api.token_of(headers)
                status = answer.status
                hub.requests.append(Request(self.command, self.path, token, headers, status))
                time.sleep(answer.delay)
                with contextlib.suppress(OSError):  # who asked may be gone
                    self._send(answer)

            def _send(self, answer: Answer) -> None:
                body = answer.encoded()
                self.send_response_only(answer.status)
                content = {} if answer.body is None else {"content-type": "application/json"}
                length = {} if answer.status == 304 else {"content-length": str(len(body))}
                for name, value in {**content, **answer.headers, **length}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if answer.cut else body)
                self.wfile.flush()
                self.close_connection |= answer.cut

            do_GET = do_POST = answer  # noqa: N815 - the names that the library calls

            def log_message(self, *_arguments: object) -> None:
                pass

        return Handler


class _Server(ThreadingHTTPServer):
    request_queue_size = 100
    daemon_threads = True

    def handle_error(self, *_arguments: object) -> None:
        """Say nothing of connections that break."""

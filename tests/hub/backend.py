"""Real git repositories served over HTTP on the loopback, by git's own ``http-backend``.

``GitServer`` serves in threads of this process and can be told to misbehave; ``git_server_process``
serves in a process of its own, where its CPU time does not mix with that of what is measured.
"""

from __future__ import annotations

import base64
import contextlib
import re
import subprocess
import sys
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Self

from hub.git_faults import ADVERTISEMENT, RESULT, GitFault, pkt
from leakscan.demo.git_backend import GitRequest, git_answer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping
    from types import TracebackType

SETTINGS = {"safe.directory": "*", "uploadpack.allowFilter": "true", "http.receivepack": "false"}
"""Of git on the server; settings given to a server are added."""

__all__ = [
    "ADVERTISEMENT",
    "RESULT",
    "GitFault",
    "GitServer",
    "git_server_process",
    "pkt",
]


class GitServer:
    """Serves the bare or other repositories in a folder.  Use it as a context manager.

    Args:
        root: ``root/acme/app.git`` is served as ``URL/acme/app.git``.
        v0_only: speak protocol version 0, whatever is asked for.
        login: user name and password without which nobody is let in.
        tls: serve over TLS.
        settings: of git on the server, besides `SETTINGS`.

    Attributes:
        url: where it serves.
        requests: what it was asked, in order.
        faults: what it does wrong; the first one that fits a request happens.
        moved: where repositories went: a path is answered with a redirect to another path or URL.
        move_status: the status of these redirects.
        connections: how many were made.
    """

    def __init__(
        self,
        root: Path,
        *,
        v0_only: bool = False,
        login: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.root = root
        self.v0_only = v0_only
        self.login = login
        self.settings = SETTINGS | dict(settings or {})
        self.requests: list[GitRequest] = []
        self.faults: list[GitFault] = []
        self.moved: dict[str, str] = {}
        self.move_status = 301
        self.connections = 0
        self.lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True, name="git-server"
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def posts(self) -> list[GitRequest]:
        """What was POSTed."""
        return [request for request in self.requests if request.method == "POST"]

    def fault_for(self, request: GitRequest) -> GitFault | None:
        """Return what is to go wrong with a request, and count it."""
        line = f"{request.method} {request.path}?{request.query}"
        with self.lock:
            for fault in self.faults:
                if fault.times != 0 and re.search(fault.pattern, line):
                    fault.times = None if fault.times is None else fault.times - 1
                    return fault
        return None


class _Server(ThreadingHTTPServer):
    request_queue_size = 100
    daemon_threads = True
    owner: GitServer

    def handle_error(self, *_arguments: object) -> None:
        pass


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        with self.server.owner.lock:
            self.server.owner.connections += 1

    def log_message(self, *_arguments: object) -> None:
        pass

    def answer(self) -> None:
        """Answer one request; who asked may be gone."""
        owner = self.server.owner
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length") or 0))
        request = GitRequest(self.command, path, query, headers, body)
        with owner.lock:
            owner.requests.append(request)
        try:
            self._answer(owner, request)
        except OSError:
            self.close_connection = True

    do_GET = do_POST = answer  # noqa: N815 - the names that the library calls

    def _answer(self, owner: GitServer, request: GitRequest) -> None:
        fault = owner.fault_for(request) or GitFault()
        time.sleep(fault.delay)
        old = next((old for old in owner.moved if request.path.startswith(old + "/")), None)
        if fault.status is not None:
            self._send(fault.status, dict(fault.headers), iter([fault.body]), fault)
        elif owner.login and headers_login(request) != owner.login:
            self._send(401, {"WWW-Authenticate": "Basic realm=git"}, iter([b"no\n"]), fault)
        elif old is not None:
            query = f"?{request.query}" if request.query else ""
            location = owner.moved[old] + request.path.removeprefix(old) + query
            self._send(owner.move_status, {"Location": location}, iter([b"moved\n"]), fault)
        else:
            headers = dict(request.headers)
            if owner.v0_only:
                headers.pop("git-protocol", None)
            asked = replace(request, headers=headers)
            with git_answer(owner.root, asked, owner.settings) as (status, headers, pieces):
                self._send(status, headers, pieces, fault)

    def _send(
        self, status: int, headers: dict[str, str], body: Iterator[bytes], fault: GitFault
    ) -> None:
        if fault.rewrite:
            body = iter([fault.rewrite(b"".join(body))])
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        sent = 0
        for piece in body:
            whole = len(piece) if fault.cut_after is None else fault.cut_after - sent
            fast = max(0, fault.drip_after - sent) if fault.drip else len(piece)
            self._chunk(piece[: min(fast, whole)])
            for byte in piece[fast:whole]:
                time.sleep(fault.drip)
                self._chunk(bytes([byte]))
            sent += len(piece)
            if fault.cut_after is not None and sent >= fault.cut_after:
                self.close_connection = True
                return
        while fault.endless:
            self._chunk(fault.endless)
            time.sleep(fault.drip)
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, data: bytes) -> None:
        if data:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))


def headers_login(request: GitRequest) -> tuple[str, str] | None:
    """Return the user name and password that a request shows."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind != "Basic":
        return None
    name, _, password = base64.b64decode(value).decode().partition(":")
    return name, password


@contextlib.contextmanager
def git_server_process(root: Path, *options: str) -> Iterator[str]:
    """Serve in another process; yield the URL.

    Args:
        root: as for `GitServer`.
        options: ``--v0`` to speak protocol version 0 only.
    """
    program = "from hub.backend import main; main()"
    command = [sys.executable, "-c", program, str(root.resolve()), *options]
    tests = Path(__file__).parent.parent
    with subprocess.Popen(
        command, cwd=tests, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield process.stdout.readline().decode().strip()
        finally:
            process.stdin.close()


def main() -> None:
    """Serve until the standard input ends."""
    root, *options = sys.argv[1:]
    with GitServer(Path(root), v0_only="--v0" in options) as server:
        print(server.url, flush=True)
        sys.stdin.read()

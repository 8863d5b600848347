"""Real git repositories served over HTTP on the loopback, by git's own ``http-backend``.

``GitServer`` serves in threads of this process and can be told to misbehave; ``git_server_process``
serves in a process of its own, where its CPU time does not mix with that of what is measured.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

from hub.git_faults import ADVERTISEMENT, RESULT, GitFault, GitRequest, pkt

if TYPE_CHECKING:
    import io
    import ssl
    from collections.abc import Iterator, Mapping
    from types import TracebackType

SETTINGS = {"safe.directory": "*", "uploadpack.allowFilter": "true", "http.receivepack": "false"}
"""Of git on the server; settings given to a server are added."""

_PIECE = 64 * 1024

__all__ = [
    "ADVERTISEMENT",
    "RESULT",
    "GitFault",
    "GitRequest",
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

    def environment(self, request: GitRequest) -> dict[str, str]:
        """Return the CGI environment of a request."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        kept |= {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_COUNT": str(len(self.settings)),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROJECT_ROOT": str(self.root.resolve()),
            "PATH_INFO": request.path,
            "QUERY_STRING": request.query,
            "REQUEST_METHOD": request.method,
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(request.body)),
            "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
        }
        for number, (key, value) in enumerate(self.settings.items()):
            kept[f"GIT_CONFIG_KEY_{number}"] = key
            kept[f"GIT_CONFIG_VALUE_{number}"] = value
        protocol = request.headers.get("git-protocol")
        return kept if self.v0_only or not protocol else kept | {"GIT_PROTOCOL": protocol}


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
            self._run_git(owner, request, fault)

    def _run_git(self, owner: GitServer, request: GitRequest, fault: GitFault) -> None:
        with subprocess.Popen(
            ["git", "http-backend"],
            env=owner.environment(request),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdin
            assert process.stdout
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(request.body)
                process.stdin.close()
            headers: dict[str, str] = {}
            while line := process.stdout.readline().strip():
                name, _, value = line.decode("latin-1").partition(":")
                headers[name] = value.strip()
            status = int(headers.pop("Status", "200").split()[0])
            try:
                self._send(
                    status, headers, _pieces(cast("io.BufferedReader", process.stdout)), fault
                )
            finally:
                process.kill()

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


def _pieces(stream: io.BufferedReader) -> Iterator[bytes]:
    while piece := stream.read1(_PIECE):
        yield piece


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

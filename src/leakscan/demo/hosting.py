"""A small hosting site on the loopback: a feed of public events, and git repositories."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from leakscan.git.program import quiet_environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PATIENCE = 20
"""Seconds that git may take for an answer."""


@dataclass
class Hosting:
    """What the site serves.

    Attributes:
        root: a folder of repositories; ``root/ada/app.git`` is ada/app.
        events: what has happened, newest first, as GitHub's ``GET /events`` tells it.
        url: where it is.
    """

    root: Path
    events: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def tell(self, kind: str, repository: str, payload: dict[str, Any]) -> None:
        """Add an event to the feed."""
        owner, _, _ = repository.partition("/")
        event = {
            "id": str(4_000_000_000 + len(self.events)),
            "type": kind,
            "actor": {"id": 1, "login": owner, "url": f"{self.url}/users/{owner}"},
            "repo": {
                "id": zlib.crc32(repository.encode()),
                "name": repository,
                "url": f"{self.url}/repos/{repository}",
            },
            "payload": payload,
            "public": True,
            "created_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        self.events.insert(0, event)


@contextlib.contextmanager
def running_hosting(root: Path) -> Iterator[Hosting]:
    """Serve in threads of this process, on a free port of the loopback."""
    hosting = Hosting(root)

    class Handler(_Handler):
        site = hosting

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hosting.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(
        target=server.serve_forever, args=(0.05,), name="hosting", daemon=True
    )
    thread.start()
    try:
        yield hosting
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    site: Hosting

    def do_GET(self) -> None:
        """Answer the feed."""
        if self.path.partition("?")[0] != "/events":
            self.send_error(404)
            return
        body = json.dumps(self.site.events).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Poll-Interval", "60")
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Have git answer (git-http-backend(1))."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            capture_output=True,
            check=False,
            timeout=_PATIENCE,
            env=quiet_environment({"safe.directory": "*"})
            | {
                "CONTENT_LENGTH": str(len(body)),
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_PROJECT_ROOT": str(self.site.root),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "PATH_INFO": self.path,
                "REQUEST_METHOD": "POST",
            },
        )
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode("latin-1").splitlines())
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""

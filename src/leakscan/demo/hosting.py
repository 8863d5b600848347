"""A small hosting site on the loopback: a feed of public events, and git repositories."""

from __future__ import annotations

import contextlib
import json
import threading
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from leakscan.demo.git_backend import GitRequest, git_answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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
        """Have git answer."""
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length") or 0))
        request = GitRequest("POST", path, query, headers, body)
        with git_answer(self.site.root, request) as (status, told, pieces):
            answer = b"".join(pieces)
        self.send_response(status)
        for name, value in told.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""

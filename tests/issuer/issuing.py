"""Talk to a running issuer as leakscan's hook and as a browser without JavaScript do."""

from __future__ import annotations

import html
import itertools
import json
import os
import re
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import requests
from standardwebhooks.webhooks import Webhook

from gitrepo import clean_environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leakscan.model import Secret

COMMAND = [sys.executable, "-m", "leakscan"]

PASSWORD = "correct horse battery staple"  # noqa: S105 - of accounts that live as long as a test
TIMEOUT = 30
SIGHTING = {
    "kind": "blob",
    "repository": "https://github.com/ada/engine",
    "commit": "4" * 40,
    "path": "src/.env",
    "line": 3,
    "url": "https://github.com/ada/engine/blob/4444/src/.env#L3",
}
LOG_LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (127\.0\.0\.1 \S+ \S+ (\d{3}|-) \d+ ms|127\.0\.0\.1: .+"
    r"|Invalid HTTP request received\.|Exception in ASGI application: \S+ in \S+)"
)
"""What the log of a server may hold; the last two are uvicorn's."""

_ids = itertools.count(1)


def environment(home: Path) -> dict[str, str]:
    """Return what a command of a test sees of the machine."""
    return clean_environment(home) | {"LEAKSCAN_FINGERPRINT_KEY": "0f" * 32}


@contextmanager
def serving(
    data: Path, *options: str, stderr: int = subprocess.PIPE, around: tuple[str, ...] = ()
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run ``leakscan issuer serve`` until it ends, or the block does; give process and address.

    Args:
        data: the issuer's folder.
        options: more options of the command.
        stderr: where its standard error leads to.
        around: a command that starts it.
    """
    command = [*around, *COMMAND, "issuer", "serve", "--port", "0", "--data", str(data), *options]
    with subprocess.Popen(
        command,
        env=environment(data.parent),
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            told = process.stdout.readline()
            found = re.match(r"Serving on (http://127\.0\.0\.1:\d+)\.", told)
            assert found, told
            yield process, found[1]
        finally:
            process.kill()


def event(token: str, /, **changes: Any) -> dict[str, Any]:
    """Return the event that disables a token; changes are to its data."""
    data = {
        "finding": "ab" * 32,
        "rule": "replicate-api-token",
        "token": token,
        "exposure": "public-repository",
        "found_at": "2026-11-25T08:59:00Z",
        "sightings": [SIGHTING],
        "sighting_count": 1,
    }
    sent = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"type": "token.disable", "timestamp": sent, "data": data | changes}


@dataclass
class Hook:
    """Sends signed messages, as leakscan does."""

    url: str
    secret: str = field(repr=False)

    def signed(
        self, body: str, webhook_id: str | None = None, age: timedelta = timedelta()
    ) -> dict[str, str]:
        """Return the headers of a message; its id is a new one unless told."""
        webhook_id = webhook_id or f"msg_{next(_ids)}"
        sent = datetime.now(UTC) - age
        return {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(sent.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(webhook_id, sent, body),
        }

    def post(self, body: str | bytes, headers: dict[str, str]) -> requests.Response:
        """Send a body with these headers."""
        raw = body.encode() if isinstance(body, str) else body
        return requests.post(
            f"{self.url}/hooks/disable", data=raw, headers=headers, timeout=TIMEOUT
        )

    def disable(self, secret: Secret, webhook_id: str | None = None, **changes: Any) -> Any:
        """Have a token disabled; return the answer's JSON."""
        body = json.dumps(event(secret.reveal(), **changes))
        answer = self.post(body, self.signed(body, webhook_id))
        assert answer.status_code == 200, answer.text
        return answer.json()


def send(url: str, request: bytes) -> None:
    """Send bytes, and wait for the answer's end."""
    port = int(url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as connection:
        connection.sendall(request)
        while connection.recv(1000):
            pass


@contextmanager
def asleep() -> Iterator[tuple[int, int]]:
    """Open a pipe that holds all that it can, and that nobody reads; give reader and writer."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    try:
        yield reader, writer
    finally:
        os.close(reader)
        os.close(writer)


def account_answer(url: str, secret: Secret) -> requests.Response:
    """Ask whose token it is."""
    headers = {"Authorization": f"Bearer {secret.reveal()}"}
    return requests.get(f"{url}/v1/account", headers=headers, timeout=TIMEOUT)


class Visitor:
    """A browser without JavaScript, reduced to what the pages need."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()

    def get(self, path: str) -> requests.Response:
        """Open a page."""
        return self.session.get(self.url + path, timeout=TIMEOUT)

    def post(self, path: str, *, follow: bool = True, **fields: str) -> requests.Response:
        """Send a form with exactly these fields."""
        return self.session.post(
            self.url + path, data=fields, timeout=TIMEOUT, allow_redirects=follow
        )

    def submit(self, page: str, action: str, **fields: str) -> requests.Response:
        """Send the form of a page that has this action, its hidden fields included."""
        text = self.get(page).text
        (form,) = re.findall(rf'<form[^>]*action="{re.escape(action)}".*?</form>', text, re.DOTALL)
        hidden = re.findall(r'type="hidden" name="(.*?)" value="(.*?)"', form)
        return self.post(action, **dict(hidden), **fields)

    def sign_in(self, username: str, password: str = PASSWORD) -> requests.Response:
        """Sign in."""
        return self.submit("/sign-in", "/sign-in", username=username, password=password)

    def change_password(self, current: str, new: str) -> requests.Response:
        """Change the password."""
        return self.submit("/password", "/password", current=current, new=new)

    def create(self, name: str) -> requests.Response:
        """Create a token."""
        return self.submit("/tokens", "/tokens", name=name)


def token_shown(page: str) -> str:
    """Return the whole token that a page shows; there must be one."""
    (token,) = set(re.findall(r"r8_[0-9A-Za-z]{37}", page))
    return token


def words(page: str) -> str:
    """Return the text of a page, without tags and with single spaces."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def assert_problem(answer: requests.Response, status: int) -> None:
    """Check that an API answers with this problem."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status

"""Talk to a running issuer as leakscan's hook and as a browser without JavaScript do."""

from __future__ import annotations

import html
import itertools
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import requests
from standardwebhooks.webhooks import Webhook

if TYPE_CHECKING:
    from leakscan.model import Secret

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
_ids = itertools.count(1)


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

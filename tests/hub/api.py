"""What the API of the small GitHub answers: who may ask, and which page it is."""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from hub.limits import ANONYMOUS, SERVES, Window, headers
from hub.server import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub.faults import Fault
    from hub.github import Hub

DOCS = "https://docs.github.com/rest"


@dataclass(frozen=True)
class Call:
    """One request that may be answered.

    Attributes:
        path: without the leading slash and decoded.
        query: its parameters.
        template: of the description.
    """

    hub: Hub
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    token: str
    template: str = ""

    def number(self, name: str, default: int, most: int = 100) -> int:
        """Return a parameter that is a number."""
        return max(1, min(most, int(self.query.get(name, default))))

    def page(self, items: Sequence[object], pages: int = 10**6, size: int = 30) -> Answer:
        """Return one page of a list, with links to the others."""
        page, count = self.number("page", 1, 10**6), self.number("per_page", size)
        last = max(1, min(pages, -(-len(items) // count)))
        body = list(items[(page - 1) * count : page * count])
        return Answer(200, body, self.links(page, last), self.template)

    def links(self, page: int, last: int) -> dict[str, str]:
        """Link to the other pages, as GitHub does."""
        named = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
        wanted = [
            *(["prev", "first"] if page > 1 else []),
            *(["next", "last"] if page < last else []),
        ]
        path, repository = self.path, self.hub.find("/".join(self.path.split("/")[1:3]))
        if path.startswith("repos/") and repository:
            path = "/".join(["repositories", str(repository.id), *path.split("/")[3:]])
        base = f"{self.hub.url}/{path}?"
        links = [
            f'<{base}{urlencode({**self.query, "page": named[rel]})}>; rel="{rel}"'
            for rel in wanted
        ]
        return {"link": ", ".join(links)} if links else {}


def refusal(template: str | None, status: int, message: str, **more: object) -> Answer:
    """Make an answer that says no."""
    body = {"message": message, "documentation_url": DOCS, "status": str(status), **more}
    return Answer(status, body, {}, template)


class Api:
    """Judges each request, and lets the right part of the API answer it."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def token_of(self, headers: dict[str, str]) -> str:
        """Return the token of a request; nothing for one without."""
        return re.sub(r"(?i)^(token|bearer)\s+", "", headers.get("authorization", ""))

    def answer(self, method: str, path: str, sent: dict[str, str]) -> Answer:
        """Answer a request."""
        token = self.token_of(sent)
        if fault := self._hub.faults.take(path, token):
            if fault.status is not None:
                return _faulty(fault)
            time.sleep(fault.delay)
        if "user-agent" not in sent:
            return Answer(403, b"Request forbidden by administrative rules.\r\n")
        if method == "POST":
            from hub.apps import access_token

            return access_token(self._hub, path, token)
        access = self._hub.limits.access.get(token)
        if access is None or access.revoked:
            return refusal(None, 401, "Bad credentials")
        parts = urlsplit(path)
        resource = SERVES.get(parts.path.strip("/"), "core")
        free = parts.path == "/rate_limit"
        allowed, window = self._hub.limits.spend(token, resource, free=free)
        if allowed:
            call = Call(self._hub, parts.path.strip("/"), dict(parse_qsl(parts.query)), sent, token)
            answer = self._fresh(call, self._routed(call), window)
        else:
            who = "user ID 1" if token else "127.0.0.1"
            answer = refusal(None, access.refuses_with, f"API rate limit exceeded for {who}.")
        answer.headers |= headers(window, resource)
        answer.headers |= {"date": _http_date(self._hub.now())}
        answer.headers |= {"x-github-media-type": "github.v3; format=json"}
        return answer

    def _routed(self, call: Call) -> Answer:
        from hub.routes import route

        return route(call)

    def _fresh(self, call: Call, answer: Answer, window: Window) -> Answer:
        """Say that nothing has changed, where nothing has."""
        if answer.status != 200:
            return answer
        etag = f'W/"{hashlib.sha256(answer.encoded()).hexdigest()}"'
        kept = {
            name: answer.headers[name] for name in ("x-poll-interval",) if name in answer.headers
        }
        if call.headers.get("if-none-match") == etag:
            if call.token != ANONYMOUS:
                self._hub.limits.give_back(window)
            return Answer(304, None, {**kept, "etag": etag})
        answer.headers["etag"] = etag
        return answer


def _faulty(fault: Fault) -> Answer:
    """Do what a test wants to go wrong; the description does not matter then."""
    body = fault.body
    return Answer(
        fault.status or 500, body, dict(fault.headers), None, cut=fault.cut, delay=fault.delay
    )


def _http_date(seconds: float) -> str:
    from email.utils import formatdate

    return formatdate(seconds, usegmt=True)

"""Events as GitHub sends them, and somebody to ask for them."""

from __future__ import annotations

import contextlib
import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leakscan.crawl.github.calls import GitHub
from leakscan.crawl.github.credentials import FixedToken
from leakscan.crawl.github.governor import Governor

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXTURES = Path(__file__).parents[2] / "fixtures" / "github"
RECORDED: list[dict[str, Any]] = json.loads((FIXTURES / "events.json").read_text())
SEARCHED: dict[str, Any] = json.loads((FIXTURES / "search-code.json").read_text())

HEAD = "45dd4d971758b54af0b4138aa54b2a7266a66719"
BEFORE = "060a41bfcf123d68d52fb0c381b929c2ac8715d2"
ZEROS = "0" * 40


def recorded(kind: str) -> dict[str, Any]:
    """Return the first recorded event of a type, to be changed as one likes."""
    return copy.deepcopy(next(event for event in RECORDED if event["type"] == kind))


def an_event(number: int = 1, kind: str = "WatchEvent", **payload: object) -> dict[str, Any]:
    """Make an event of a repository of its own."""
    return {
        "id": str(50_000_000_000 + number),
        "type": kind,
        "actor": {"id": 7, "login": "ada", "url": "https://api.github.com/users/ada"},
        "repo": {"id": 1000 + number, "name": f"ada/app-{number}", "url": ""},
        "payload": payload or {"action": "started"},
        "public": True,
        "created_at": "2026-01-02T03:04:05Z",
    }


def a_push(number: int = 1, **payload: object) -> dict[str, Any]:
    """Make a PushEvent with today's fields."""
    usual: dict[str, object] = {
        "repository_id": 1000 + number,
        "push_id": 9000 + number,
        "ref": "refs/heads/main",
        "head": HEAD,
        "before": BEFORE,
    }
    return an_event(number, "PushEvent", **(usual | payload))


@contextlib.contextmanager
def asking(url: str) -> Iterator[GitHub]:
    """Ask a server as somebody with a token."""
    governor = Governor([FixedToken("env:A", "secret-a")], 8)
    github = GitHub(url, governor, lambda _: None)
    try:
        yield github
    finally:
        github.close()

"""What the tests of GitHub's API share: recorded answers, limits, addresses."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from servers import Request

API = "https://api.github.com"
RECORDED = Path(__file__).parents[2] / "fixtures" / "github" / "recorded-answers.json"


def recorded(name: str) -> dict[str, Any]:
    """Return a real answer of GitHub's."""
    answer: dict[str, Any] = json.loads(RECORDED.read_text())[name]
    return answer


def limits(remaining: int, resource: str = "core", **more: str) -> dict[str, str]:
    """Return the headers of a rate limit."""
    return {
        "date": "Tue, 09 May 2023 08:03:55 GMT",
        "x-ratelimit-limit": "5000",
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": "1683620000",  # 18:40 minutes after that date
        "x-ratelimit-resource": resource,
        **more,
    }


def undated(remaining: int) -> dict[str, str]:
    """Give the limits without a date, which the server adds."""
    reset = {"x-ratelimit-reset": str(int(time.time()) + 3000)}
    return {name: text for name, text in limits(remaining).items() if name != "date"} | reset


def by_token(request: Request) -> str:
    """Return the token that a request came with."""
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def base(url: str) -> str:
    """Return the address that paths of the API are put after."""
    return url.removesuffix("/hook")


def under(headers: dict[str, str]) -> dict[str, str]:
    """Return headers by names that are Python's."""
    return {name.replace("-", "_"): value for name, value in headers.items()}


def private(path: Path, text: str | bytes) -> Path:
    """Write a file that only its owner may read."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    return path

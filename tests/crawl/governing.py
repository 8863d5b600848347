"""A governor whose time passes when a test says so, and answers for it."""

from __future__ import annotations

import email.utils
from dataclasses import dataclass

from leakscan.crawl.github.answers import Reply
from leakscan.crawl.github.credentials import Credential, FixedToken
from leakscan.crawl.github.governor import Governor

BEGIN = 1_700_000_000.0
HOUR = 3600.0


@dataclass
class Clock:
    """Time that passes when a test says so."""

    now: float = BEGIN

    def __call__(self) -> float:
        return self.now


def governor_of(clock: Clock, *credentials: Credential, most: int = 100) -> Governor:
    return Governor(credentials or [named("a")], most, clock, clock)


def named(name: str) -> FixedToken:
    return FixedToken(name, "secret")


def reply(
    status: int = 200,
    remaining: int | str | None = None,
    reset: float | str = BEGIN + HOUR,
    limit: int | str = 5000,
    message: str = "",
    **headers: str,
) -> Reply:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    if remaining is not None:
        told |= {
            "x-ratelimit-remaining": str(remaining),
            "x-ratelimit-limit": str(limit),
            "x-ratelimit-reset": reset if isinstance(reset, str) else str(int(reset)),
        }
    return Reply(status, told, f'{{"message": "{message}"}}'.encode())


def dated(moment: float) -> dict[str, str]:
    return {"date": email.utils.formatdate(moment, usegmt=True)}

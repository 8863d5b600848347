"""What each token may still ask, as GitHub counts it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR = 3600
ANONYMOUS = ""
LIMITS = {"core": 5000, "search": 30, "code_search": 10}
WINDOWS = {"core": HOUR, "search": 60, "code_search": 60}
SERVES = {"search/code": "code_search"}


@dataclass
class Window:
    """What of one resource is used up until it starts anew."""

    limit: int
    used: int = 0
    reset: float = 0.0


@dataclass
class Access:
    """A token: what it may ask, and whether it is still good.

    Attributes:
        windows: per resource.
        revoked: whether it is refused from now on.
        refuses_with: the status of a used-up limit: 403 or 429.
    """

    windows: dict[str, Window]
    revoked: bool = False
    refuses_with: int = 403


@dataclass
class Limits:
    """All tokens, and the calls that come without one."""

    now: Callable[[], float]
    access: dict[str, Access] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.add(ANONYMOUS, core=60, search=10)

    def add(self, token: str, **limits: int) -> Access:
        """Know a token; limits are calls an hour, or a minute for searches."""
        numbers = {**LIMITS, **limits}
        made = Access({name: Window(number) for name, number in numbers.items()})
        self.access[token] = made
        return made

    def spend(self, token: str, resource: str, *, free: bool = False) -> tuple[bool, Window]:
        """Count one call.

        Returns:
            Whether it may be answered, and the window it was counted in.
        """
        with self.lock:
            window = self.access[token].windows[resource]
            if self.now() >= window.reset:
                window.used, window.reset = 0, int(self.now()) + WINDOWS[resource]
            if free:
                return True, window
            if window.used >= window.limit:
                return False, window
            window.used += 1
            return True, window

    def give_back(self, window: Window) -> None:
        """Take back the count of a call that turned out to be free."""
        with self.lock:
            window.used -= 1

    def exhaust(self, token: str, resource: str = "core", seconds: float = HOUR) -> None:
        """Use up what is left of a token until so many seconds from now."""
        window = self.access[token].windows[resource]
        window.used, window.reset = window.limit, int(self.now() + seconds)


def headers(window: Window, resource: str) -> dict[str, str]:
    """Say in headers what is left."""
    return {
        "x-ratelimit-limit": str(window.limit),
        "x-ratelimit-remaining": str(max(0, window.limit - window.used)),
        "x-ratelimit-reset": str(int(window.reset)),
        "x-ratelimit-used": str(window.used),
        "x-ratelimit-resource": resource,
    }

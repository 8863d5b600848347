"""What GitHub allows one credential, as its answers tell it."""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leakscan.crawl.github.answers import Reply
    from leakscan.crawl.github.credentials import Credential

POINTS = 900
"""Requests a minute, of which each GET counts as one point:
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api."""

MINUTE = 60.0

RESERVE = 0.1
"""Share of a budget that is kept for urgent requests: without feeds there is nothing to look at."""

SHORTEST_PAUSE, LONGEST_PAUSE = 60.0, 3600.0
"""Seconds to leave GitHub alone after a secondary limit that does not say how long."""

_LONGEST_WINDOW = 3700.0
"""Seconds; budgets are by the hour or the minute, so that a later reset is nonsense."""

_SAME_WINDOW = 5.0
"""Seconds that the end of a window may seem to move by."""

_SECONDARY = ("secondary rate limit", "abuse detection", "please wait a few minutes")


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of one kind of requests.

    Attributes:
        credential: its name.
        resource: what GitHub calls the kind, such as ``core`` or ``code_search``.
        resets_in: seconds until all of ``limit`` is there again.
        rests_for: seconds for which GitHub asked that this credential make no requests at all.
    """

    credential: str
    resource: str
    remaining: int
    limit: int
    resets_in: float
    rests_for: float = 0.0


@dataclass(slots=True)
class _Window:
    """One budget: what was left by the last answer, less what never got one since."""

    remaining: int
    limit: int
    resets_at: float
    lost: int = 0
    lost_at: float = -math.inf

    def left(self, now: float) -> int:
        return self.limit if now >= self.resets_at else self.remaining - self.lost


class Allowance:
    """Keeps account for one credential.  Times are by a clock that only grows, in seconds.

    Attributes:
        refused: why GitHub refuses the credential, if so.
    """

    def __init__(self, credential: Credential) -> None:
        self.credential = credential
        self.refused: str | None = None
        self._windows: dict[str, _Window] = {}
        self._under_way: Counter[str] = Counter()
        self._sent: deque[float] = deque()
        self._paused_until = self._struck_at = -math.inf
        self._pause = 0.0
        self._strikes = 0

    def left(self, resource: str, now: float, *, urgent: bool) -> int:
        """Return how many more requests may be sent now by the hourly budget."""
        window = self._windows.get(resource)
        if window is None:
            return self.credential.hourly
        reserve = 0 if urgent else int(window.limit * RESERVE)
        return window.left(now) - reserve - self._under_way[resource]

    def wait(self, resource: str, now: float, *, urgent: bool) -> float:
        """Return the seconds until a request may be sent; 0 if it may be now."""
        return self.limit(resource, now, urgent=urgent)[0]

    def limit(self, resource: str, now: float, *, urgent: bool) -> tuple[float, str]:
        """Return the same, and the name of the limit that asks for it."""
        waits = [(0.0, ""), (self._paused_until - now, "GitHub's secondary limit")]
        while self._sent and self._sent[0] <= now - MINUTE:
            self._sent.popleft()
        if len(self._sent) >= POINTS:
            waits.append((self._sent[0] + MINUTE - now, f"{POINTS} calls a minute"))
        if self.left(resource, now, urgent=urgent) <= 0:
            # Where all of a new window is under way, its answers must be waited for.
            wait = max(self._windows[resource].resets_at - now, 1.0)
            kept = "" if urgent else ", but for what is kept for feeds"
            name = self.credential.name
            waits.append((wait, f"GitHub's budget of {resource} calls of {name} is used up{kept}"))
        return max(waits)

    def begin(self, resource: str, now: float) -> None:
        """Write down that a request is being sent."""
        self._sent.append(now)
        self._under_way[resource] += 1

    def end(self, resource: str) -> None:
        """Write down that it is over."""
        self._under_way[resource] -= 1

    def lose(self, resource: str, now: float) -> None:
        """Write down that no answer came; GitHub may have counted the request all the same."""
        if window := self._windows.get(resource):
            window.lost += 1
            window.lost_at = now

    def learn(self, reply: Reply, resource: str, started: float, now: float, wall: float) -> None:
        """Take what is left from an answer's headers.

        Args:
            reply: the answer.
            resource: the kind of request.
            started: when the request was sent.
            now: the time.
            wall: the time in seconds since 1970, for a server that does not tell its own.
        """
        seen = _window(reply.headers, now - (wall if reply.sent_at is None else reply.sent_at), now)
        known = self._windows.get(resource)
        if seen is None or (known and seen.resets_at < known.resets_at - _SAME_WINDOW):
            return
        # Answers overtake each other; within a window, what is left only shrinks.
        if known and seen.resets_at <= known.resets_at + _SAME_WINDOW:
            seen.remaining = min(seen.remaining, known.remaining)
            if started <= known.lost_at:
                seen.lost, seen.lost_at = known.lost, known.lost_at
        self._windows[resource] = seen

    def use_up(self, resource: str, now: float) -> bool:
        """Leave the resource alone until its window ends; ``False`` if there is no window."""
        window = self._windows.get(resource)
        if window is None:
            return False
        window.remaining = 0
        window.resets_at = max(window.resets_at, now + 1.0)
        return True

    def pause(self, seconds: float | None, started: float, now: float) -> bool:
        """Leave GitHub alone; tell whether this is news, and not about the same as before.

        Args:
            seconds: how long GitHub asks for, if it says so.
            started: when the request was sent that met the limit.
            now: the time.
        """
        is_news = started > self._struck_at
        if is_news:
            self._strikes += 1
            self._struck_at = now
            doubled = SHORTEST_PAUSE * 2 ** min(self._strikes - 1, 10)
            self._pause = min(doubled, LONGEST_PAUSE)
        pause = self._pause if seconds is None else max(seconds, 1.0)
        self._paused_until = max(self._paused_until, now + pause)
        return is_news

    def succeed(self, now: float) -> None:
        """Forget about former limits if all has been well for as long as the last pause was."""
        if self._strikes and now > self._paused_until + self._pause:
            self._strikes = 0

    def budgets(self, now: float) -> tuple[Budget, ...]:
        """Return what is left, by resource."""
        return tuple(
            Budget(
                self.credential.name,
                resource,
                max(0, window.left(now)),
                window.limit,
                max(0.0, window.resets_at - now),
                max(0.0, self._paused_until - now),
            )
            for resource, window in sorted(self._windows.items())
        )


def is_used_up(reply: Reply) -> bool:
    """Tell whether an answer says that the budget of its resource is spent."""
    return reply.status in (403, 429) and reply.headers.get("x-ratelimit-remaining") == "0"


def is_secondary(reply: Reply) -> bool:
    """Tell whether an answer says that requests came too fast."""
    if reply.status not in (403, 429):
        return False
    message = reply.message.lower()
    asked = "retry-after" in reply.headers or reply.status == 429
    return asked or any(words in message for words in _SECONDARY)


def _window(headers: Mapping[str, str], offset: float, now: float) -> _Window | None:
    """Read the headers of a rate limit; ``offset`` turns the server's time into ours."""
    try:
        remaining, limit, reset = (
            int(float(headers[f"x-ratelimit-{name}"])) for name in ("remaining", "limit", "reset")
        )
    except (KeyError, ValueError, OverflowError):
        return None
    # A second more, since it is not told when within that second it ends.
    resets_at = min(reset + offset + 1.0, now + _LONGEST_WINDOW)
    return _Window(max(remaining, 0), max(limit, remaining, 1), resets_at)

"""A list of events, or of repositories, on a server of the loopback."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from event_samples import a_push

from leakscan.crawl.feeds.sources import feeds_of
from servers import Reply, Request, a_json

if TYPE_CHECKING:
    from leakscan.crawl.feeds.poll import Feed, Poll
    from leakscan.crawl.github.calls import GitHub

PAGE = 100


@dataclass
class Site:
    """A list of events, newest first, as GitHub serves it."""

    events: list[Any] = field(default_factory=list)
    interval: str | None = "60"
    links: bool = False
    broken_pages: set[int] = field(default_factory=set)
    asked: list[tuple[str, int, str | None]] = field(default_factory=list)

    def happen(self, *numbers: int) -> None:
        for number in numbers:
            self.events.insert(0, a_push(number))

    def reply(self, request: Request) -> Reply:
        url = urlsplit(request.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        page = int(query.get("page", 1))
        known = request.headers.get("if-none-match")
        self.asked.append((url.path, page, known))
        assert query["per_page"] == str(PAGE)
        if page in self.broken_pages:
            return 502, {}, b"<html>Bad gateway</html>"
        shown = self.events[(page - 1) * PAGE : page * PAGE]
        etag = f'W/"{hash(json.dumps(shown))}"'
        headers = {"etag": etag, **({"x_poll_interval": self.interval} if self.interval else {})}
        if self.links and self.events[page * PAGE :]:
            following = (
                f"http://{request.headers['host']}{url.path}?per_page={PAGE}&page={page + 1}"
            )
            headers["link"] = f'<{following}>; rel="next"'
        if known == etag:
            return a_json(None, 304, **headers)
        return a_json(shown, **headers)


def feed_of(github: GitHub, source: str = "events", interval: float | None = None) -> Feed:
    return feeds_of([source], github, ["q"], interval)[0]


def told(poll: Poll) -> list[int]:
    return [event.repository_id - 1000 for event in poll.events if not event.is_malformed]

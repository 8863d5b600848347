"""The two ways of reading a push: with git, and through the API."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from leakscan.crawl.github.answers import ApiMeter
from leakscan.crawl.looks.by_api import scan_push_by_api
from leakscan.git.wire import Meter
from leakscan.push import PushKind
from leakscan.sources.push import scan_push

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leakscan.crawl.github.calls import GitHub
    from leakscan.crawl.looks.follow import Spent
    from leakscan.crawl.pace import Pace
    from leakscan.detect import Detector
    from leakscan.git.wire import Limits, Wire
    from leakscan.push import Push
    from leakscan.sources.sighting import Sighting, Tally


@dataclass(frozen=True, slots=True)
class GitReader:
    """Reads pushes with git's own protocol.

    Attributes:
        site: the base of addresses, such as ``https://github.com``.
        detector: gives the detector of the calling thread.
        limits: what a push may cost.
        whole_bytes: in the place of ``limits.bytes`` for a repository that was made public.
        pace: of the git server.
    """

    site: str
    wire: Wire
    detector: Callable[[], Detector]
    limits: Limits
    whole_bytes: int
    pace: Pace
    via: str = "git"

    def read(self, push: Push, tally: Tally, spent: Spent) -> Iterator[Sighting]:
        """Yield what the push brought.

        Raises:
            TroubleError: it could not be read, or not to its end.
        """
        limits = self.limits
        if push.kind is PushKind.PUBLIC:
            limits = replace(limits, bytes=self.whole_bytes)
        meter = Meter()
        try:
            yield from scan_push(push, self.site, self.wire, self.detector(), limits, tally, meter)
        finally:
            spent.git_requests += meter.requests
            spent.received += meter.received


@dataclass(frozen=True, slots=True)
class ApiReader:
    """Reads pushes through the API of GitHub.

    Attributes:
        site: the base of addresses, such as ``https://github.com``.
        detector: gives the detector of the calling thread.
        limits: what a push may cost.
        pace: of the API.
    """

    site: str
    github: GitHub
    detector: Callable[[], Detector]
    limits: Limits
    pace: Pace
    via: str = "api"

    def read(self, push: Push, tally: Tally, spent: Spent) -> Iterator[Sighting]:
        """Yield what the push brought.

        Raises:
            TroubleError: it could not be read, or not to its end.
        """
        meter = ApiMeter()
        try:
            yield from scan_push_by_api(
                push, self.site, self.github, self.detector(), self.limits, tally, meter
            )
        finally:
            spent.api_requests += meter.requests
            spent.received += meter.received

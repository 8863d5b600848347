"""A small GitHub, and both ways of looking at what is pushed to it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from hub import Change, Hub, HubRepository, Pushed
from leakscan.crawl.github.answers import ApiMeter
from leakscan.crawl.github.calls import GitHub
from leakscan.crawl.github.credentials import FixedToken
from leakscan.crawl.github.governor import Governor
from leakscan.crawl.looks.by_api import scan_push_by_api
from leakscan.detect import Detector
from leakscan.git.wire import Limits, Meter, Wire
from leakscan.push import Push, PushKind
from leakscan.rules import load_rules, select_rules
from leakscan.sources.push import scan_push
from leakscan.sources.sighting import Sighting, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leakscan.model import Location

LIMITS = Limits(depth=20)


@dataclass
class Seen:
    """What one look found, and what it cost."""

    found: list[tuple[str, Location]]
    skipped: list[str]
    requests: int
    objects: int

    @property
    def places(self) -> set[tuple[str, str, str | None, str | None, int | None]]:
        """Secret, kind, commit, path and line of everything."""
        return {(secret, p.kind.value, p.commit, p.path, p.line) for secret, p in self.found}

    def at(self, secret: str) -> Location:
        """The one place of a secret."""
        (place,) = [place for found, place in self.found if found == secret]
        return place


@dataclass
class Stage:
    """A small GitHub, and both ways of looking at it."""

    hub: Hub
    github: GitHub
    wire: Wire
    detector: Detector

    def event(self, repository: HubRepository, pushed: Pushed) -> Push:
        return Push(
            PushKind.PUSH,
            "github.com",
            repository.id,
            repository.full_name,
            pushed.ref,
            pushed.before,
            pushed.head,
            datetime(2026, 1, 2, tzinfo=UTC),
            "events",
        )

    def created(self, repository: HubRepository, kind: PushKind, ref: str) -> Push:
        """An event that does not say where the ref stands."""
        event = self.event(repository, Pushed(ref, None, "", ()))
        return replace(event, kind=kind, head=None)

    def drawn(
        self, push: Push, limits: Limits, tally: Tally, meter: ApiMeter
    ) -> Iterator[Sighting]:
        return scan_push_by_api(
            push, self.hub.git_url, self.github, self.detector, limits, tally, meter
        )

    def by_api(self, push: Push, limits: Limits = LIMITS) -> Seen:
        tally, meter = Tally(), ApiMeter()
        return looked(self.drawn(push, limits, tally, meter), tally, meter)

    def by_git(self, push: Push, limits: Limits = LIMITS) -> Seen:
        tally, meter = Tally(), Meter()
        site, wire, detector = self.hub.git_url, self.wire, self.detector
        return looked(scan_push(push, site, wire, detector, limits, tally, meter), tally, meter)


def looked(sightings: Iterator[Sighting], tally: Tally, meter: ApiMeter | Meter) -> Seen:
    found = [(sighting.match.secret.reveal(), sighting.location) for sighting in sightings]
    skipped = [f"{skip.what}: {skip.why}" for skip in tally.skipped]
    return Seen(found, skipped, meter.requests, tally.objects)


@contextlib.contextmanager
def open_stage(folder: Path) -> Iterator[Stage]:
    """Set the stage in an empty folder."""
    detector = Detector(select_rules(load_rules(), ()))
    with Hub(folder) as hub:
        governor = Governor([FixedToken("env:A", hub.token())], 8)
        github, wire = GitHub(hub.url, governor, pytest.fail), Wire()
        yield Stage(hub, github, wire, detector)
        github.close()
        wire.close()


def begin(stage: Stage) -> HubRepository:
    """Make a repository with one commit that holds nothing."""
    made = stage.hub.repository("ada/app")
    lines = "".join(f"line {number}\n" for number in range(1, 41))
    stage.hub.push(made, Change({"README.md": "Nothing.\n", "long.txt": lines}, "Begin"))
    return made

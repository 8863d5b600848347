"""The pipeline of one scan: a source's sightings become findings, with coverage."""

from __future__ import annotations

import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from leakscan.model import (
    Confidence,
    Coverage,
    Finding,
    Kind,
    Location,
    Match,
    Rule,
    ScanResult,
    Secret,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from leakscan.sources.sighting import Early, Sighting, Tally


def collect(
    target: str,
    sightings: Iterable[Sighting],
    tally: Tally,
    rules: tuple[Rule, ...],
    *,
    key: Callable[[], bytes],
    least: Confidence = Confidence.MEDIUM,
    scope: str | None = None,
    early: Early | None = None,
) -> ScanResult:
    """Run a scan: draw the sightings and group them by secret.

    Args:
        target: what is scanned, for people.
        sightings: what a source yields; drawn to the end.
        tally: the source's, complete once the sightings are drawn.
        rules: the active rules.
        key: gives the fingerprint key; called only if there is something to sign.
        scope: what part of the target is looked at, in words; ``None`` for all.
        least: the lowest confidence to report; what lies below is counted.
        early: told of each sighting when it is drawn.
    """
    started = time.monotonic()
    seen: dict[tuple[str, str], tuple[Match, dict[Location, None]]] = {}
    for sighting in sightings:
        if early:
            early(sighting)
        match = sighting.match
        place = (match.rule, match.secret.reveal())
        best, places = seen.setdefault(place, (match, {}))
        if match.confidence.rank > best.confidence.rank:
            seen[place] = match, places
        places[sighting.location] = None
    coverage = Coverage(
        tally.objects, tally.bytes, time.monotonic() - started, tuple(tally.skipped)
    )
    shown = [item for item in seen.values() if item[0].confidence.rank >= least.rank]
    withheld = Counter(m.confidence for m, _ in seen.values() if m.confidence.rank < least.rank)
    sign = _signer(key) if shown else None
    by_id = {rule.id: rule for rule in rules}
    findings = [
        Finding(
            rule=by_id[match.rule],
            secret=match.secret,
            fingerprint=sign(match.rule, match.secret) if sign else "",
            confidence=match.confidence,
            checksum=match.checksum,
            issued=match.issued,
            reasons=match.reasons,
            locations=tuple(sorted(_without_echoes(places), key=_order)),
        )
        for match, places in shown
    ]
    findings.sort(key=lambda f: (-f.confidence.rank, _order(f.locations[0]), f.fingerprint))
    return ScanResult(target, tuple(findings), coverage, rules, dict(withheld), scope)


def _signer(key: Callable[[], bytes]) -> Callable[[str, Secret], str]:
    # Imported here: a clean scan does not need hashlib, nor a key.
    from leakscan.fingerprint import fingerprint

    return partial(fingerprint, key())


def _without_echoes(places: Iterable[Location]) -> list[Location]:
    """Drop files of a work tree that only repeat what a commit has at the same path and line."""
    committed = {(p.repository, p.path, p.line) for p in places if p.commit and p.current}
    in_files = (Kind.FILE, Kind.PATH, Kind.SYMLINK)
    return [
        p
        for p in places
        if p.commit or p.kind not in in_files or (p.repository, p.path, p.line) not in committed
    ]


def _order(place: Location) -> tuple[bool, float, str, str, int]:
    """Put what is still there first, then the oldest."""
    when = place.date.timestamp() if place.date else float("inf")
    return (place.current is False, when, place.kind, place.path or "", place.line or 0)

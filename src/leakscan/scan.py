"""The pipeline of one scan: a source's sightings become findings, with coverage."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from leakscan.model import (
    Confidence,
    Coverage,
    Finding,
    Kind,
    Location,
    Match,
    Means,
    Rule,
    ScanResult,
    Secret,
    Suppressed,
    Suppression,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leakscan.sources.sighting import Early, Sighting, Tally


Suppress = Callable[["Sighting"], Suppression | None]
"""Says what suppresses a sighting, if anything does."""

MOST_FAULTS = 3
"""Of the allow comments of one secret that are told."""


@dataclass(slots=True)
class _Seen:
    """What was seen of one secret.

    Attributes:
        best: the match of highest confidence.
        places: by what suppresses them; ``None`` for those that nothing does.
        faults: what is wrong with comments that were meant to suppress one of them.
    """

    best: Match
    places: dict[Suppression | None, dict[Location, None]] = field(default_factory=dict)
    faults: set[str] = field(default_factory=set)


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
    suppress: Suppress | None = None,
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
        early: told of each sighting that is not suppressed when it is drawn.
        suppress: asked about each sighting whose secret was not known before; ``None``
            suppresses nothing else, nor looks at what comments say.
    """
    started = time.monotonic()
    seen = _seen(sightings, early, suppress)
    coverage = Coverage(
        tally.objects, tally.bytes, time.monotonic() - started, tuple(tally.skipped)
    )
    levels = [secret.best.confidence for secret in seen]
    withheld = Counter(level for level in levels if level.rank < least.rank)
    shown = [secret for secret in seen if secret.best.confidence.rank >= least.rank]
    findings, suppressed = _grouped(shown, rules, key)
    return ScanResult(target, findings, coverage, rules, dict(withheld), scope, suppressed)


def _seen(
    sightings: Iterable[Sighting], early: Early | None, suppress: Suppress | None
) -> list[_Seen]:
    """Draw the sightings, and return what was seen of each secret."""
    seen: dict[tuple[str, str], _Seen] = {}
    for sighting in sightings:
        match = sighting.match
        secret = seen.setdefault((match.rule, match.secret.reveal()), _Seen(match))
        if match.confidence.rank > secret.best.confidence.rank:
            secret.best = match
        suppression = _suppression(sighting, suppress)
        secret.places.setdefault(suppression, {})[sighting.location] = None
        if early and suppression is None:
            early(sighting)
        if suppress and match.allow_fault and suppression is None:
            secret.faults.add(match.allow_fault)
    return list(seen.values())


def _suppression(sighting: Sighting, suppress: Suppress | None) -> Suppression | None:
    if sighting.known is not None:
        return Suppression(Means.KNOWN, sighting.known)
    return suppress(sighting) if suppress else None


def _grouped(
    seen: list[_Seen], rules: tuple[Rule, ...], key: Callable[[], bytes]
) -> tuple[tuple[Finding, ...], tuple[Suppressed, ...]]:
    """Return what was seen as findings, and as what is suppressed, each in its order."""
    if not seen:
        return (), ()
    sign = _signer(key)
    by_id = {rule.id: rule for rule in rules}
    findings: list[Finding] = []
    suppressed: list[Suppressed] = []
    for secret in seen:
        match = secret.best
        signed = sign(match.rule, match.secret)
        for suppression, places in secret.places.items():
            finding = Finding(
                rule=by_id[match.rule],
                secret=match.secret,
                fingerprint=signed,
                confidence=match.confidence,
                checksum=match.checksum,
                issued=match.issued,
                reasons=match.reasons,
                locations=tuple(sorted(_without_echoes(places), key=_order)),
            )
            if suppression:
                suppressed.append(Suppressed(finding, suppression))
            else:
                reasons = finding.reasons + _lacks(secret.faults, match.rule)
                findings.append(replace(finding, reasons=reasons))
    findings.sort(key=_rank)
    suppressed.sort(key=lambda s: (*_rank(s.finding), s.suppression.means, s.suppression.reason))
    return tuple(findings), tuple(suppressed)


def _lacks(faults: set[str], rule: str) -> tuple[str, ...]:
    """Put in words what is wrong with allow comments, and how to write one."""
    if not faults:
        return ()
    *others, last = sorted(faults)[:MOST_FAULTS]
    return (*others, f"{last}: leakscan: allow[{rule}] REASON")


def _rank(finding: Finding) -> tuple[int, tuple[bool, float, str, str, int, int], str]:
    """Put what is most certain first."""
    return (-finding.confidence.rank, _order(finding.locations[0]), finding.fingerprint)


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


def _order(place: Location) -> tuple[bool, float, str, str, int, int]:
    """Put what is still there first, then the oldest."""
    when = place.date.timestamp() if place.date else float("inf")
    at = (place.line or 0, place.column or 0)
    return (place.current is False, when, place.kind, place.path or "", *at)

"""The report as SARIF 2.1.0, for code-scanning services.  It never holds a secret."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, TextIO

from leakscan import __version__
from leakscan.model import Confidence, Finding, Location, Means, ScanResult, Suppression
from leakscan.report.documents import (
    Document,
    coverage_document,
    location_document,
    suppressed_document,
    withheld_document,
)
from leakscan.report.sarif_places import place_document, place_fingerprint
from leakscan.report.sarif_rules import rule_document
from leakscan.safe_text import safe_text
from leakscan.sources.placing import way_inside

if TYPE_CHECKING:
    from collections.abc import Iterator

# Code-scanning services refuse larger runs.
MAX_RESULTS = 25_000
MAX_NOTIFICATIONS = 1_000

Listed = tuple[Finding, Suppression | None]
"""A finding, with what suppresses it."""

_LEVELS = {Confidence.HIGH: "error", Confidence.MEDIUM: "warning", Confidence.LOW: "note"}
_NOTIFICATIONS = {
    "unread": "Something could not be read, so leaks may have been missed.",
    "left-out": "The report does not list everything that the scan found.",
}


def write(result: ScanResult, out: TextIO, *, show_suppressed: bool = False) -> None:
    """Write the result as one SARIF log with one run.

    Args:
        result: what the scan found.
        out: where it goes.
        show_suppressed: whether what is suppressed is listed, too, as such.
    """
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [_run(result, show_suppressed)],
    }
    json.dump(log, out, indent=2)
    out.write("\n")


def _run(result: ScanResult, show_suppressed: bool) -> Document:
    rules = {rule.id: rule for rule in result.rules}
    listed: list[Listed] = [(finding, None) for finding in result.findings]
    if show_suppressed:
        listed += [(item.finding, item.suppression) for item in result.suppressed]
    rules |= {finding.rule.id: finding.rule for finding, _ in listed}
    driver = {
        "name": "leakscan",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [rule_document(rule) for rule in rules.values()],
        "notifications": [
            {"id": name, "shortDescription": {"text": text}}
            for name, text in _NOTIFICATIONS.items()
        ],
    }
    invocation = {
        "executionSuccessful": result.coverage.complete,
        "toolExecutionNotifications": [*_unread(result), *_left_out(listed)],
    }
    coverage = coverage_document(result.coverage)
    del coverage["skipped"]  # the notifications tell
    return {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The scanned repository."}}},
        "results": list(islice(_results(listed, list(rules)), MAX_RESULTS)),
        "columnKind": "unicodeCodePoints",
        "properties": {
            "target": result.target,
            "withheld": withheld_document(result),
            "suppressed": suppressed_document(result),
            "coverage": coverage,
        },
    }


def _results(listed: list[Listed], rule_ids: list[str]) -> Iterator[Document]:
    """Yield one result a location, the surest first: a limit then cuts the doubtful.

    What is suppressed comes last.
    """
    seen: Counter[str] = Counter()
    for finding, suppression in sorted(listed, key=_rank):
        for location in finding.locations:
            fingerprint = place_fingerprint(finding, location)
            seen[fingerprint] += 1
            yield {
                "ruleId": finding.rule.id,
                "ruleIndex": rule_ids.index(finding.rule.id),
                "level": _LEVELS[finding.confidence],
                "message": {"text": _message(finding, location)},
                "locations": [place_document(location)],
                "partialFingerprints": {"leakscan/v1": f"{fingerprint}:{seen[fingerprint]}"},
                **({"suppressions": [_suppression(suppression)]} if suppression else {}),
                "properties": _properties(finding, location),
            }


def _rank(listed: Listed) -> tuple[bool, int]:
    finding, suppression = listed
    return (suppression is not None, -finding.confidence.rank)


def _suppression(suppression: Suppression) -> Document:
    return {
        "kind": "inSource" if suppression.means is Means.INLINE else "external",
        "status": "accepted",
        "justification": f"{suppression.means.value}: {safe_text(suppression.reason)}",
    }


def _message(finding: Finding, location: Location) -> str:
    where = f" in commit {location.commit[:12]}" if location.commit else ""
    since = {
        True: "; it is still there",
        False: "; it was removed later, but the history keeps it",
        None: "",
    }
    kind = f" ({location.kind.value})"
    inside = ""
    if within := way_inside(location.path):
        spot = (within, location.line, location.column)
        inside = f", inside of the file: {':'.join(str(part) for part in spot if part is not None)}"
    words = f"{finding.rule.name} leaked{where}{kind}{inside}{since[location.current]}."
    return _escaped(words)


def _properties(finding: Finding, location: Location) -> Document:
    """Return what SARIF has no words for, without what is unknown."""
    place = location_document(location)
    told_elsewhere = ("path", "line", "column")
    return {
        "confidence": finding.confidence.value,
        "checksum": finding.checksum.value,
        "reasons": list(finding.reasons),
        **({} if finding.issued is None else {"issued": finding.issued}),
        **{
            name: value
            for name, value in place.items()
            if value not in (None, []) and name not in told_elsewhere
        },
    }


def _unread(result: ScanResult) -> Iterator[Document]:
    skipped = result.coverage.skipped
    for skip in skipped[:MAX_NOTIFICATIONS]:
        yield _notification("unread", "error", f"{skip.what}: {skip.why}")
    if (more := len(skipped) - MAX_NOTIFICATIONS) > 0:
        yield _notification("unread", "error", f"{more:,} more things could not be read.")


def _left_out(listed: list[Listed]) -> Iterator[Document]:
    places = sum(len(finding.locations) for finding, _ in listed)
    if (more := places - MAX_RESULTS) > 0:
        text = f"{more:,} more places are left out, for a limit of {MAX_RESULTS:,} results."
        yield _notification("left-out", "warning", text)


def _notification(name: str, level: str, text: str) -> Document:
    index = list(_NOTIFICATIONS).index(name)
    return {
        "descriptor": {"id": name, "index": index},
        "level": level,
        "message": {"text": _escaped(text)},
    }


def _escaped(text: str) -> str:
    """Return the text without what has a meaning in SARIF: ``{0}`` and ``[text](link)``."""
    return safe_text(text).replace("{", "{{").replace("}", "}}").replace("](", "] (")

"""The parts of a result as plain JSON values, shared by every format for programs.

The order of keys is the order of the documentation (docs/json.md); it never varies.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from leakscan import __version__
from leakscan.model import Confidence, Coverage, Finding, Location, Means, ScanResult, Suppressed

SCHEMA = "leakscan/v1"

Document = dict[str, Any]


def report_document(result: ScanResult, findings: list[Document] | int) -> Document:
    """Return the whole report around its findings, or around their number."""
    return {
        "schema": SCHEMA,
        "tool": {"name": "leakscan", "version": __version__},
        "target": result.target,
        "scope": result.scope,
        "rules": [rule.id for rule in result.rules],
        "findings": findings,
        "withheld": withheld_document(result),
        "suppressed": suppressed_document(result),
        "coverage": coverage_document(result.coverage),
    }


def finding_document(finding: Finding, *, show_secrets: bool) -> Document:
    """Return one finding with all of its locations."""
    secret = finding.secret
    return {
        "rule": finding.rule.id,
        "severity": finding.rule.severity.value,
        "secret": secret.reveal() if show_secrets else secret.redacted(),
        "fingerprint": finding.fingerprint,
        "confidence": finding.confidence.value,
        "checksum": finding.checksum.value,
        "issued": finding.issued,
        "reasons": list(finding.reasons),
        "locations": [location_document(location) for location in finding.locations],
    }


def location_document(location: Location) -> Document:
    """Return one place where a secret was seen."""
    author = location.author
    return {
        "kind": location.kind.value,
        "repository": location.repository,
        "object": location.object,
        "commit": location.commit,
        "commits": list(location.commits),
        "path": location.path,
        "line": location.line,
        "column": location.column,
        "author": {"name": author.name, "email": author.email} if author else None,
        "date": location.date.isoformat() if location.date else None,
        "current": location.current,
        "url": location.url,
        "note": location.note,
    }


def withheld_document(result: ScanResult) -> Document:
    """Return how many candidates were below the wanted confidence, by level."""
    return {level.value: result.withheld[level] for level in Confidence if level in result.withheld}


def suppressed_document(result: ScanResult) -> Document:
    """Return how much was suppressed, by means: a secret counts once for each reason."""
    counted = Counter(item.suppression.means for item in result.suppressed)
    return {means.value: counted[means] for means in Means if counted[means]}


def suppressed_finding_document(item: Suppressed, *, show_secrets: bool) -> Document:
    """Return one suppressed finding, with what suppresses it."""
    suppression = {"means": item.suppression.means.value, "reason": item.suppression.reason}
    return finding_document(item.finding, show_secrets=show_secrets) | {"suppression": suppression}


def coverage_document(coverage: Coverage) -> Document:
    """Return what was read and what was not."""
    return {
        "complete": coverage.complete,
        "objects": coverage.objects,
        "bytes": coverage.bytes,
        "seconds": round(coverage.seconds, 3),
        "skipped": [
            {"what": skip.what, "why": skip.why, "sealed": skip.sealed} for skip in coverage.skipped
        ],
    }

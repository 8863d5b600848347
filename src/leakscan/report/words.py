"""The words of the verdict, and whether to colour them; without rich, which is slow to import."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, TextIO

from leakscan.model import Means
from leakscan.report.amounts import count, duration, size
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from leakscan.model import Coverage, ScanResult


def outcome(result: ScanResult) -> str:
    """Say what was found.  That there are no leaks, only a complete scan can tell."""
    within = f", looking only at {result.scope}" if result.scope else ""
    if result.findings:
        places = sum(len(finding.locations) for finding in result.findings)
        findings = count(len(result.findings), "finding")
        return f"{findings} in {count(places, 'place')}{within}"
    if result.coverage.complete and result.suppressed:
        return f"No leaks found but what is suppressed{within}"
    if result.coverage.complete:
        return f"No leaks found{within}"
    return f"Nothing found in what could be read{within}"


def amount_read(coverage: Coverage) -> str:
    """Say how much was read."""
    objects = count(coverage.objects, "object")
    return f"read {objects}, {size(coverage.bytes)} in {duration(coverage.seconds)}"


def completeness(coverage: Coverage) -> str:
    """Say whether that was all."""
    if coverage.complete:
        return "complete"
    return f"INCOMPLETE: {count(len(coverage.skipped), 'thing')} could not be read"


def summary(result: ScanResult) -> str:
    """Say it all in one line."""
    coverage = result.coverage
    return " · ".join((safe_text(outcome(result)), amount_read(coverage), completeness(coverage)))


def nothing_to_tell(result: ScanResult) -> bool:
    """Whether the verdict is the whole report."""
    told = (result.findings, result.withheld, result.coverage.skipped, result.suppressed)
    return not any(told)


def suppressed_amounts(result: ScanResult) -> str:
    """Say how much was suppressed, and how: ``3 suppressed (2 inline, 1 baseline)``."""
    counted = Counter(item.suppression.means for item in result.suppressed)
    parts = [f"{counted[means]:,} {means.value}" for means in Means if counted[means]]
    return f"{len(result.suppressed):,} suppressed ({', '.join(parts)})"


def wants_color(out: TextIO, color: bool | None) -> bool:
    """Obey the caller, then NO_COLOR, then FORCE_COLOR, then what ``out`` is."""
    if color is not None:
        return color
    if os.environ.get("NO_COLOR"):
        return False
    if force := os.environ.get("FORCE_COLOR"):
        return force != "0"
    return out.isatty() and os.environ.get("TERM") != "dumb"


def encodable_by(out: TextIO, text: str) -> str:
    """Return the text with what the encoding of ``out`` lacks spelled out."""
    encoding = getattr(out, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)

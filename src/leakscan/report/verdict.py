"""The end of the report for people: what is not shown, what was not read, and the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from leakscan.model import Confidence, Coverage, ScanResult
from leakscan.report.amounts import count, duration, size
from leakscan.report.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_SKIPS = 20


def verdict_lines(result: ScanResult, width: int | None) -> Iterator[Text]:
    """Yield the closing lines; the verdict comes last, in parts if the width is too small."""
    yield from _withheld(result.withheld)
    yield from _skips(result.coverage)
    parts = [_outcome(result), _read(result.coverage), _completeness(result.coverage)]
    verdict = Text(" · ").join(parts)
    yield from [verdict] if width is None or verdict.cell_len <= width else parts


def _withheld(withheld: Mapping[Confidence, int]) -> Iterator[Text]:
    for level in Confidence:
        if number := withheld.get(level, 0):
            candidates = count(number, f"{level.value}-confidence candidate")
            yield Text(f"{candidates} not shown (--min-confidence {level.value})", "dim")


def _skips(coverage: Coverage) -> Iterator[Text]:
    if coverage.complete:
        return
    yield Text("Not read:", "bold red")
    for skip in coverage.skipped[:MOST_SKIPS]:
        yield Text.assemble("  ", (safe_text(skip.what), "bold"), f": {safe_text(skip.why)}")
    if (more := len(coverage.skipped) - MOST_SKIPS) > 0:
        yield Text(f"  … and {more:,} more (use --format json)", "dim")
    yield Text()


def _read(coverage: Coverage) -> Text:
    return Text(
        f"read {count(coverage.objects, 'object')}, {size(coverage.bytes)}"
        f" in {duration(coverage.seconds)}"
    )


def _outcome(result: ScanResult) -> Text:
    """Say what was found.  That there are no leaks, only a complete scan can tell."""
    if result.findings:
        places = sum(len(finding.locations) for finding in result.findings)
        findings = count(len(result.findings), "finding")
        return Text(f"{findings} in {count(places, 'place')}", "bold red")
    if result.coverage.complete:
        return Text("No leaks found", "bold green")
    return Text("Nothing found in what could be read, but the scan is INCOMPLETE", "bold red")


def _completeness(coverage: Coverage) -> Text:
    if coverage.complete:
        return Text("complete", "green")
    unread = count(len(coverage.skipped), "thing")
    return Text(f"INCOMPLETE: {unread} could not be read", "bold red")

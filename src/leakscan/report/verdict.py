"""The end of the report for people: what is not shown, what was not read, and the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from leakscan.model import Confidence, Coverage, ScanResult
from leakscan.report.amounts import count
from leakscan.report.words import amount_read, completeness, outcome, suppressed_amounts
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_SKIPS = 20


def verdict_lines(
    result: ScanResult, width: int | None, *, show_suppressed: bool = False
) -> Iterator[Text]:
    """Yield the closing lines; the verdict comes last, in parts if the width is too small."""
    yield from _withheld(result.withheld)
    if result.suppressed:
        hint = "" if show_suppressed else ": --show-suppressed lists them"
        yield Text(suppressed_amounts(result) + hint, "dim")
    yield from _skips(result.coverage)
    parts = [_outcome(result), Text(amount_read(result.coverage)), _completeness(result.coverage)]
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


def _outcome(result: ScanResult) -> Text:
    good = not result.findings and result.coverage.complete
    return Text(safe_text(outcome(result)), "bold green" if good else "bold red")


def _completeness(coverage: Coverage) -> Text:
    return Text(completeness(coverage), "green" if coverage.complete else "bold red")

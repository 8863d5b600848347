"""The report for people: what leaked, where, what to do, and how much was read."""

from __future__ import annotations

import sys
import textwrap
from itertools import islice
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.text import Text

from leakscan.model import ChecksumVerdict, Finding, Rule, ScanResult, Severity, Suppressed
from leakscan.report.location_table import location_lines
from leakscan.report.verdict import verdict_lines
from leakscan.report.words import encodable_by, wants_color
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_LOCATIONS = 20

_MARGIN = "   "
_SEVERITY_STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
}


def write(
    result: ScanResult,
    out: TextIO,
    *,
    show_secrets: bool,
    color: bool | None,
    advise: bool = True,
    show_suppressed: bool = False,
) -> None:
    """Write the result; it fits a terminal's width, elsewhere lines are as long as they need.

    Args:
        result: what the scan found.
        out: where it goes.
        show_secrets: whether secrets are written whole.
        color: whether there are colours; ``None`` asks the environment and the stream.
        advise: whether to say what to do about leaked tokens.
        show_suppressed: whether to list what is suppressed.
    """
    console = Console(
        file=out,
        color_system="standard" if wants_color(out, color) else None,
        no_color=False,
        highlight=False,
    )
    width = console.width if out.isatty() else None
    lines = _report(result, width, show_secrets, advise=advise, show_suppressed=show_suppressed)
    with console.capture() as report:
        # Many lines at a time: a call of print takes rich longer than a line.
        while some := list(islice(lines, 1000)):
            console.print(Text("\n").join(some), soft_wrap=True)
    out.write(encodable_by(out, report.get()))


def _report(
    result: ScanResult,
    width: int | None,
    show_secrets: bool,
    *,
    advise: bool,
    show_suppressed: bool,
) -> Iterator[Text]:
    for number, finding in enumerate(result.findings, 1):
        yield _title(number, finding, show_secrets)
        yield from _evidence(finding, width)
        if finding.locations:
            yield Text()
        yield from _places(finding, result.target, width)
        yield Text()
    if advise:
        for rule in {finding.rule.id: finding.rule for finding in result.findings}.values():
            yield from _remediation(rule, width)
    if show_suppressed and result.suppressed:
        yield Text("Suppressed", "bold")
        for item in result.suppressed:
            yield from _suppressed(item, result.target, width, show_secrets)
            yield Text()
    yield from verdict_lines(result, width, show_suppressed=show_suppressed)


def _suppressed(
    item: Suppressed, target: str, width: int | None, show_secrets: bool
) -> Iterator[Text]:
    secret = item.finding.secret
    shown = safe_text(secret.reveal() if show_secrets else secret.redacted())
    yield Text(_MARGIN).append(shown, "magenta").append(f"  {safe_text(item.finding.rule.name)}")
    yield from _prose(f"{item.suppression.means.value}: {item.suppression.reason}", width)
    yield from _places(item.finding, target, width)


def _title(number: int, finding: Finding, show_secrets: bool) -> Text:
    rule, secret = finding.rule, finding.secret
    shown = secret.reveal() if show_secrets else secret.redacted()
    return Text("  ").join(
        [
            Text(f"{number}. ").append(safe_text(rule.name), "bold"),
            Text(safe_text(shown), "bold magenta"),
            Text(rule.severity.value, _SEVERITY_STYLES[rule.severity]),
        ]
    )


def _evidence(finding: Finding, width: int | None) -> Iterator[Text]:
    """Say why this is thought to be a token, and what checksum and issuer say of it."""
    confidence = f"{finding.confidence.value} confidence"
    reasons = f": {'; '.join(finding.reasons)}" if finding.reasons else ""
    yield from _prose(confidence + reasons, width)
    facts = []
    if finding.checksum is not ChecksumVerdict.UNKNOWN:
        facts.append(f"checksum {finding.checksum.value}")
    if finding.issued is not None:
        facts.append(f"{'issued' if finding.issued else 'not issued'} by {finding.rule.issuer}")
    if facts:
        yield from _prose(", ".join(facts), width)


def _places(finding: Finding, target: str, width: int | None) -> Iterator[Text]:
    shown = finding.locations[:MOST_LOCATIONS]
    if not shown:
        return
    room = None if width is None else width - len(_MARGIN)
    for line in location_lines(shown, target, room):
        yield Text(_MARGIN).append_text(line)
    if more := len(finding.locations) - len(shown):
        yield Text(f"{_MARGIN}… and {more:,} more (use --format json)", "dim")


def _remediation(rule: Rule, width: int | None) -> Iterator[Text]:
    if not rule.remediation:
        return
    yield Text(f"What to do about a leaked {safe_text(rule.name)}", "bold")
    for number, step in enumerate(rule.remediation, 1):
        yield from _prose(step, width, bullet=f"{number:>2}. ")
    yield Text()


def _prose(text: str, width: int | None, bullet: str = _MARGIN) -> Iterator[Text]:
    """Yield running text, broken between words where the width asks for it."""
    lines = textwrap.wrap(
        safe_text(text),
        width=width or sys.maxsize,
        initial_indent=bullet,
        subsequent_indent=" " * len(bullet),
        break_long_words=False,
        break_on_hyphens=False,
    )
    yield from map(Text, lines)

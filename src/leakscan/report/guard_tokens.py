"""How the guard lists tokens: those that stop something, and those that do not.

What a colour begins and ends is always there; who writes the lines takes it out where it is not
wanted.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from leakscan.model import Means
from leakscan.report.amounts import count
from leakscan.report.guard_places import place_in_words
from leakscan.report.lines import fitted
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from leakscan.model import Finding, Location, ScanResult, Skip, Suppressed

MOST_PLACES = 10
"""Of one token that are told."""

MOST = 20
"""Tokens, and things that could not be read, that are told."""

MOST_SUPPRESSED = 5
"""Places of tokens that stop nothing that are told."""

RED, BOLD, PLAIN = "\x1b[1;31m", "\x1b[1m", "\x1b[0m"

_KNOWN = "leakscan: known tokens stop nothing. What was ever pushed or shown to anybody has leaked."


def colored(sign: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield lines in a colour."""
    return (f"{sign}{line}{PLAIN}" for line in lines)


def more_line(
    number: int, width: int, listing: str, otherwise: str = "told once these are gone"
) -> Iterator[str]:
    """Yield how many are not told, if any, and how to see them.

    Args:
        number: how many these are.
        width: columns at most.
        listing: the command that lists all; empty if there is none.
        otherwise: what is said in its place.
    """
    if number > 0 and listing:
        yield from fitted(f"and {number:,} more; to see all:", width, "  ", "  ", listing)
    elif number > 0:
        yield f"  and {number:,} more, {otherwise}"


def token_lines(findings: Sequence[Finding], width: int, listing: str) -> Iterator[str]:
    """Yield the findings of one file after the other; a reason stands but once for many.

    Args:
        findings: what stops something.
        width: columns at most.
        listing: the command that lists all.
    """
    by_file: dict[str | None, list[Finding]] = {}
    for finding in findings:
        by_file.setdefault(finding.locations[0].path, []).append(finding)
    before = ""
    for finding in islice((it for group in by_file.values() for it in group), MOST):
        why = f"{finding.confidence.value} confidence: {safe_text('; '.join(finding.reasons))}"
        if why != before:
            yield ""
        yield from _finding(finding, width)
        if why != before:
            yield from fitted(why, width, "      ", "      ")
        before = why
        yield from _other_places(finding)
    yield from more_line(len(findings) - MOST, width, listing)


def _finding(finding: Finding, width: int) -> Iterator[str]:
    place = _where(finding, finding.locations[0])
    token = f"{finding.secret.redacted()}  {safe_text(finding.rule.name)}"
    if len(f"  {place}  {token}") <= width:
        yield f"  {BOLD}{place}{PLAIN}  {token}"
    else:
        yield from colored(BOLD, [f"  {place}"])
        yield f"      {token}"


def _where(finding: Finding, place: Location) -> str:
    """Say where one location is, and what is odd about it, such as how the token is written."""
    note = f" ({safe_text(place.note)})" if place.note else ""
    return place_in_words(finding, place) + note


def _other_places(finding: Finding) -> Iterator[str]:
    _first, *others = dict.fromkeys(_where(finding, it) for it in finding.locations)
    for other in others[: MOST_PLACES - 1]:
        yield f"      also {other}"
    if (more := len(others) + 1 - MOST_PLACES) > 0:
        yield f"      and in {count(more, 'more place')}"


def mention_lines(result: ScanResult, width: int, listed: bool, listing: str) -> Iterator[str]:
    """Yield what does not stop anything: tokens that were there before, and what is suppressed.

    Args:
        result: what was found.
        width: columns at most.
        listed: whether all of it is told.
        listing: the command that does so.
    """
    known = [item for item in result.suppressed if item.suppression.means is Means.KNOWN]
    others = [item for item in result.suppressed if item.suppression.means is not Means.KNOWN]
    lines = [line for item in known for line in _known(item, listed)]
    yield from _some(lines, width, listed, listing)
    if known:
        yield from fitted(_KNOWN, width)
    lines = [line for item in others for line in _suppressed(item)]
    yield from _some(lines, width, listed, listing)


def sealed_lines(sealed: Sequence[Skip], width: int, listed: bool, listing: str) -> Iterator[str]:
    """Yield what could not be looked into, which stops nothing: nobody can mend it."""
    lines = [f"not read: {safe_text(skip.what)} ({safe_text(skip.why)})" for skip in sealed]
    yield from _some(lines, width, listed, listing)


def _some(lines: Sequence[str], width: int, listed: bool, listing: str) -> Iterator[str]:
    for line in lines if listed else lines[:MOST_SUPPRESSED]:
        yield from fitted(f"leakscan: {line}", width, "", "  ")
    more = 0 if listed else len(lines) - MOST_SUPPRESSED
    yield from more_line(more, width, listing, "listed with --show-suppressed")


def _known(item: Suppressed, listed: bool) -> Iterator[str]:
    for location in item.finding.locations if listed else item.finding.locations[:1]:
        place = _where(item.finding, replace(location, author=None))
        reason = safe_text(item.suppression.reason)
        yield f"known {item.finding.secret.redacted()}, {place} ({reason})"


def _suppressed(item: Suppressed) -> Iterator[str]:
    why = f"{item.suppression.means.value}: {safe_text(item.suppression.reason)}"
    for location in item.finding.locations:
        place = _where(item.finding, replace(location, author=None))
        yield f"suppressed {item.finding.secret.redacted()}, {place} ({why})"

"""What the commands of the baseline say."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from leakscan.report.amounts import count
from leakscan.report.guard_places import place_in_words
from leakscan.report.presentable import presentable_line
from leakscan.report.words import encodable_by
from leakscan.safe_text import safe_text
from leakscan.suppress.baseline import shown_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from leakscan.model import Finding, Skip
    from leakscan.suppress.baseline import Baseline, Entry

MOST_TOLD = 20
"""Tokens, entries, and things that could not be read, that are named."""

UNSEEN = "Not seen in this clone, which does not fetch all branches; others may need them"

_SHORT = 12


def tell(*lines: str) -> None:
    """Write lines for people."""
    click.echo(encodable_by(sys.stdout, "\n".join(lines)))


def holding(baseline: Baseline, path: Path) -> str:
    """Say how many entries a baseline has, and where it is."""
    return f"{count(len(baseline.entries), 'entry', 'entries')} in {safe_text(str(path))}"


def tell_tokens(heading: str, findings: Sequence[Finding], target: str) -> None:
    """Name tokens under a heading, each with its first place; nothing where there are none.

    Args:
        heading: what they have in common.
        findings: the tokens; their texts hold no secret.
        target: what was scanned; a place elsewhere names its repository.
    """
    if findings:
        tell(heading, *_listed([_token(finding, target) for finding in findings]))


def tell_entries(heading: str, entries: Iterable[Entry]) -> None:
    """Name entries, whose tokens nobody can tell, under a heading; nothing where there are none."""
    if lines := [_entry(entry) for entry in entries]:
        tell(heading, *_listed(lines))


def tell_left_out(findings: Sequence[Finding], target: str) -> None:
    """Name the tokens that do not count, since they are not committed."""
    what = f"{count(len(findings), 'token')} that no commit on a branch or tag holds"
    is_left, it = ("is left", "it") if len(findings) == 1 else ("are left", "them")
    tell_tokens(f"{what} {is_left} out; --uncommitted takes {it} in:", findings, target)


def tell_unread(skipped: Sequence[Skip], so: str) -> None:
    """Say what could not be read, and what follows from that; nothing where all was read."""
    if skipped:
        lines = [f"leakscan: not read: {safe_text(f'{s.what}: {s.why}')}" for s in skipped]
        lines = lines[:MOST_TOLD]
        lines.append(f"leakscan: {count(len(skipped), 'thing')} could not be read: {so}")
        click.echo(encodable_by(sys.stderr, "\n".join(lines)), err=True)


def _listed(lines: Sequence[str]) -> list[str]:
    more = len(lines) - MOST_TOLD
    rest = [f"and {more:,} more"] if more > 0 else []
    return [f"  {line}" for line in (*lines[:MOST_TOLD], *rest)]


def _token(finding: Finding, target: str) -> str:
    """Say which token it is, and where: the place, the commit, and what is odd about these."""
    place = finding.locations[0]
    where = place_in_words(finding, place)
    if not place.path and not place.commit and place.object:
        where += f" of object {place.object[:_SHORT]}"
    if place.repository != target:
        where += f" in {safe_text(place.repository)}"
    note = f" ({safe_text(place.note)})" if place.note else ""
    return f"{safe_text(finding.secret.redacted())}  {where}{note}"


def _entry(entry: Entry) -> str:
    where = presentable_line(shown_path(entry) or "in no file")
    return f"{entry.digest[:_SHORT]}  {entry.rule}  {where}"

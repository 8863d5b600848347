"""The report as workflow commands of GitHub Actions, which shows them beside the code.

A command is one line: ``::error file=a.env,line=3::text``.  GitHub obeys any line that looks like
one, so every text is escaped: no path or reason can give a command of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TextIO

from leakscan.model import Confidence, Finding, Kind, Location, ScanResult
from leakscan.report.amounts import count
from leakscan.report.words import encodable_by, summary, suppressed_amounts
from leakscan.safe_text import safe_text
from leakscan.sources.placing import is_explained, outer_path, way_inside
from leakscan.surfaces import surface

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_SHOWN = 10
"""How many commands of each level GitHub shows of one step; the log holds the others."""

MOST_WRITTEN = 1_000
"""How many places are written of the findings, and how many of what is suppressed."""

_LEVELS = {Confidence.HIGH: "error", Confidence.MEDIUM: "error", Confidence.LOW: "warning"}
_COMMITTED = frozenset({Kind.BLOB, Kind.SYMLINK, Kind.PATH})
_PRESENT = frozenset({Kind.STAGED, Kind.FILE})


class Command(NamedTuple):
    """A workflow command.

    Attributes:
        level: ``error``, ``warning`` or ``notice``.
        lines: what it says.
        place: where a file shows it; ``None`` shows it beside the run only.
    """

    level: str
    title: str
    lines: list[str]
    place: Location | None = None


def write(result: ScanResult, out: TextIO, *, show_suppressed: bool = False) -> None:
    """Write a command for each place, the surest first, and the verdict as the last line.

    Args:
        result: what the scan found.
        out: where it goes.
        show_suppressed: whether what is suppressed is listed, as notices.
    """
    unread = [_unread(skip.what, skip.why) for skip in result.coverage.skipped]
    found = [_found(finding, place, result.target) for finding, place in _places(result.findings)]
    allowed = list(_allowed(result)) if show_suppressed else []
    # That a scan is incomplete is shown, however much it found.
    commands = unread[:1] + found[:MOST_WRITTEN] + unread[1:MOST_WRITTEN] + allowed[:MOST_WRITTEN]
    remarks = [*_left_out(unread + found + allowed, len(commands)), *_not_listed(result)]
    lines = [*map(command_line, commands), *map(_plain, remarks), _plain(summary(result))]
    out.writelines(encodable_by(out, line + "\n") for line in lines)


def _places(findings: tuple[Finding, ...]) -> list[tuple[Finding, Location]]:
    """Return the places, the surest first; of equals, the first place of each secret first."""
    numbered = [
        (-finding.confidence.rank, number, finding, location)
        for finding in findings
        for number, location in enumerate(finding.locations)
    ]
    numbered.sort(key=lambda item: item[:2])
    return [(finding, location) for _, _, finding, location in numbered]


def _found(finding: Finding, location: Location, target: str) -> Command:
    why = "; ".join([f"{finding.confidence.value} confidence", *finding.reasons])
    lines = [_place(finding, location, target), why, *finding.rule.remediation[:1]]
    title = f"{finding.rule.name} leaked"
    return Command(_LEVELS[finding.confidence], title, lines, _shown_at(location, target))


def _allowed(result: ScanResult) -> Iterator[Command]:
    for item in result.suppressed:
        finding, suppression = item.finding, item.suppression
        title = f"{finding.rule.name} suppressed ({suppression.means.value})"
        for location in finding.locations:
            lines = [_place(finding, location, result.target)]
            lines += [f"because: {suppression.reason}"] if suppression.reason else []
            yield Command("notice", title, lines, _shown_at(location, result.target))


def _unread(what: str, why: str) -> Command:
    return Command("error", "Not read: leaks may have been missed", [f"{what}: {why}"])


def _place(finding: Finding, location: Location, target: str) -> str:
    """Say in words which secret it is and where it stands: GitHub shows not all files."""
    parts = [f"{surface(location.kind)} {location.path or ''}".rstrip()]
    parts += [f"line {location.line}"] if location.line is not None else []
    parts += [f"commit {location.commit[:12]}"] if location.commit else []
    parts += [f"in {location.repository}"] if location.repository != target else []
    if location.note:
        parts.append(location.note)
    if location.current is False and not is_explained(location):
        parts.append("removed later, but the history keeps it")
    return f"{finding.secret.redacted()}: {', '.join(parts)}"


def _shown_at(location: Location, target: str) -> Location | None:
    """Return the place if it is in a file of this repository that is there now."""
    is_there = location.kind in _PRESENT or (location.kind in _COMMITTED and location.current)
    is_named = location.path and outer_path(location.path)
    return location if is_there and is_named and location.repository == target else None


def _left_out(commands: list[Command], written: int) -> Iterator[str]:
    """Say what GitHub does not show beside the code, and what is not even in the log."""
    levels = [command.level for command in commands]
    if any(levels.count(level) > MOST_SHOWN for level in set(levels)):
        yield f"GitHub shows {MOST_SHOWN} of each level beside the code; this log has more."
    if more := len(commands) - written:
        yield f"{count(more, 'more place')} not listed here: --format json lists all."


def _not_listed(result: ScanResult) -> Iterator[str]:
    """Count what is no finding."""
    for level, number in result.withheld.items():
        if number:
            candidates = count(number, f"{level.value}-confidence candidate")
            yield f"{candidates} not shown (--min-confidence {level.value})"
    if result.suppressed:
        yield suppressed_amounts(result)


def command_line(command: Command) -> str:
    """Return the command as GitHub reads it, on one line."""
    properties = {}
    if command.place:
        path = command.place.path or ""
        properties["file"] = outer_path(path)
        if command.place.line is not None and not way_inside(path):
            properties["line"] = str(command.place.line)
            if command.place.column is not None:
                properties["col"] = str(command.place.column)
    properties["title"] = command.title
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    text = "%0A".join(_data(line) for line in command.lines)
    return f"::{command.level} {written}::{text}"


def _data(text: str) -> str:
    return _plain(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _plain(text: str) -> str:
    """Return the text on one line, without the older mark of a command, obeyed in any place."""
    return safe_text(text).replace("##[", "## [")

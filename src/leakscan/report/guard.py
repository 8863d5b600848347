"""What a developer reads when the guard stops a commit or a push: what, why, and how to go on.

Written without rich, which takes longer to import than all that comes before.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from leakscan.model import Kind, Means
from leakscan.report.amounts import count
from leakscan.report.presentable import presentable
from leakscan.report.words import encodable_by, wants_color
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from leakscan.model import Finding, Location, ScanResult

MOST_PLACES = 10
"""Of one token that are told."""

MOST = 20
"""Tokens, and things that could not be read, that are told."""

_RED, _BOLD, _PLAIN = "\x1b[1;31m", "\x1b[1m", "\x1b[0m"


class Occasion(enum.Enum):
    """What was about to happen."""

    COMMIT = enum.auto()
    MESSAGE = enum.auto()
    PUSH = enum.auto()
    RECEIPT = enum.auto()
    FILES = enum.auto()


_STOPPED = {
    Occasion.COMMIT: "leakscan stopped this commit",
    Occasion.MESSAGE: "leakscan stopped this commit",
    Occasion.PUSH: "leakscan stopped this push",
    Occasion.RECEIPT: "This push was refused as a whole",
    Occasion.FILES: "leakscan looked at all tracked files",
}
_WOULD = {
    Occasion.COMMIT: "it would add",
    Occasion.MESSAGE: "its message holds",
    Occasion.PUSH: "it would bring",
    Occasion.RECEIPT: "it brings",
    Occasion.FILES: "they hold",
}
_SKIPPING = {
    Occasion.COMMIT: "`git commit --no-verify` commits it unread",
    Occasion.MESSAGE: "`git commit --no-verify` commits it unread",
    Occasion.PUSH: "`git push --no-verify` pushes it unread",
    Occasion.RECEIPT: "ask who runs this server",
    Occasion.FILES: "leave it out",
}


@dataclass(frozen=True, slots=True)
class Way:
    """How to go on when something was stopped.

    Attributes:
        occasion: what was about to happen.
        taking_out: says how to take tokens out of it that stand in some places.
    """

    occasion: Occasion
    taking_out: Callable[[Sequence[Location]], str]


def write(result: ScanResult, way: Way, out: TextIO, *, color: bool | None, listed: bool) -> None:
    """Write what stops a commit or a push, and what is worth a line though it does not.

    Nothing is written where there is nothing to tell.

    Args:
        result: what the guard found.
        way: how to go on.
        out: where it goes.
        color: whether there are colours; ``None`` asks the environment and the stream.
        listed: whether to list what is suppressed.
    """
    shown = presentable(result, show_secrets=False)
    lines = "".join(f"{line}\n" for line in _lines(shown, way, listed))
    if not wants_color(out, color):
        for sign in (_RED, _BOLD, _PLAIN):
            lines = lines.replace(sign, "")
    out.write(encodable_by(out, lines))


def _lines(result: ScanResult, way: Way, listed: bool) -> Iterator[str]:
    yield from _mentions(result, listed)
    if not result.findings and result.coverage.complete:
        return
    yield f"{_RED}{_STOPPED[way.occasion]}: {_why(result, way.occasion)}.{_PLAIN}"
    for finding in result.findings[:MOST]:
        yield ""
        yield from _finding(finding)
    yield from _more(len(result.findings) - MOST)
    if result.findings:
        yield ""
        yield from _what_to_do(result.findings, way)
    if not result.coverage.complete:
        yield ""
        yield f"{_BOLD}Not read:{_PLAIN}"
        for skip in result.coverage.skipped[:MOST]:
            yield f"  {safe_text(skip.what)}: {safe_text(skip.why)}"
        yield from _more(len(result.coverage.skipped) - MOST)
        yield f"What was not read may hold a token. Mend it; or else {_SKIPPING[way.occasion]}."


def _why(result: ScanResult, occasion: Occasion) -> str:
    tokens = f"{_WOULD[occasion]} {count(len(result.findings), 'token')}"
    unread = "not all of it could be read"
    if result.findings:
        return tokens if result.coverage.complete else f"{tokens}, and {unread}"
    return unread


def _more(number: int) -> Iterator[str]:
    if number > 0:
        yield f"  and {number:,} more (--format json)"


def _finding(finding: Finding) -> Iterator[str]:
    rule = safe_text(finding.rule.name)
    first, *others = finding.locations
    yield f"  {_BOLD}{_place(first)}{_PLAIN}  {finding.secret.redacted()}  {rule}"
    reasons = safe_text("; ".join(finding.reasons))
    yield f"      {finding.confidence.value} confidence: {reasons}"
    for other in others[: MOST_PLACES - 1]:
        yield f"      also {_place(other)}"
    if (more := len(finding.locations) - MOST_PLACES) > 0:
        yield f"      and in {count(more, 'more place')}"


def _place(place: Location) -> str:
    name = safe_text(place.path or place.kind.value.replace("-", " "))
    where = ":".join(str(part) for part in (name, place.line, place.column) if part is not None)
    if place.kind in (Kind.PATH, Kind.REF_NAME):
        where = f"the name {where}"
    commit = f" in commit {place.commit[:12]}" if place.commit else ""
    author = f" by {safe_text(place.author.name)}" if place.author else ""
    return where + commit + author


def _what_to_do(findings: Iterable[Finding], way: Way) -> Iterator[str]:
    found = list(findings)
    rules = {finding.rule.id: finding.rule for finding in found}
    yield f"{_BOLD}What to do{_PLAIN}"
    names = [word for rule in rules.values() for word in rule.context if word.isupper()]
    name = f", say {names[0]}," if names else ""
    steps = []
    if way.occasion is not Occasion.MESSAGE:
        steps += [
            f"Read it from an environment variable{name} that is set outside of the repository."
        ]
    steps += [way.taking_out([place for finding in found for place in finding.locations])]
    disable = next((rule.remediation[0] for rule in rules.values() if rule.remediation), "")
    steps += [f"If it was ever pushed or shown to anybody, it has leaked. {disable}".rstrip()]
    yield from (f"  {number}. {safe_text(step)}" for number, step in enumerate(steps, 1))
    yield f"No token? Say so on its line:  leakscan: allow[{next(iter(rules))}] REASON"


def _mentions(result: ScanResult, listed: bool) -> Iterator[str]:
    """Yield what does not stop anything: tokens that were there before, and what is suppressed."""
    known = [item for item in result.suppressed if item.suppression.means is Means.KNOWN]
    for item in known[: None if listed else 5]:
        place = _place(item.finding.locations[0])
        yield (
            f"leakscan: {item.finding.secret.redacted()} at {place} is"
            f" {safe_text(item.suppression.reason)}: it is not stopped. If that was ever pushed,"
            " it has leaked."
        )
    yield from _more(0 if listed else len(known) - 5)
    others = [item for item in result.suppressed if item.suppression.means is not Means.KNOWN]
    if not others:
        return
    if not listed:
        yield f"leakscan: {count(len(others), 'token')} suppressed (--show-suppressed lists them)"
    for item in others if listed else ():
        for location in item.finding.locations:
            yield (
                f"leakscan: suppressed {item.finding.secret.redacted()} at {_place(location)}"
                f" ({item.suppression.means.value}: {safe_text(item.suppression.reason)})"
            )

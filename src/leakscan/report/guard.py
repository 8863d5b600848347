"""What a developer reads when the guard stops a commit or a push: what, why, and how to go on.

Written without rich, which takes longer to import than all that comes before.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from leakscan.model import Kind
from leakscan.report.amounts import count
from leakscan.report.guard_steps import IN_FILES, NAMES, places_of
from leakscan.report.guard_tokens import (
    BOLD,
    MOST,
    MOST_SUPPRESSED,
    PLAIN,
    RED,
    colored,
    mention_lines,
    more_line,
    token_lines,
)
from leakscan.report.lines import fitted, width_of
from leakscan.report.presentable import redactor
from leakscan.report.words import encodable_by, summary, wants_color
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from leakscan.model import Finding, ScanResult

REMOTE = "remote: "
"""What git puts before each line that a server writes."""


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
    Occasion.RECEIPT: "This push was refused",
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
_OUT = "If it was ever pushed or shown to anybody, it has leaked."
_LEAKED = {
    Occasion.COMMIT: _OUT,
    Occasion.MESSAGE: _OUT,
    Occasion.PUSH: _OUT,
    Occasion.RECEIPT: (
        "Nobody could fetch it from here, but whoever runs this server may have seen it. If that"
        " is one too many, or it was ever shown elsewhere, it has leaked."
    ),
    Occasion.FILES: (
        "If it was ever committed, the history keeps it; if that was ever pushed, it has leaked."
    ),
}
_ONLY_COMMENTS = (
    "Allowlists and baselines of the repository do not count on this server; ask whoever runs it."
)


@dataclass(frozen=True, slots=True)
class Way:
    """How to go on when something was stopped.

    Attributes:
        occasion: what was about to happen.
        taking_out: says how to take tokens out of it, in steps as `report.guard_steps` has them.
        has_several: whether it is a push of several refs, which are refused together.
        by_hand: whether somebody asked, and wants an answer though there is nothing to tell.
    """

    occasion: Occasion
    taking_out: Callable[[Sequence[Finding]], Sequence[str]]
    has_several: bool = False
    by_hand: bool = False


def write(result: ScanResult, way: Way, out: TextIO, *, color: bool | None, listed: bool) -> None:
    """Write what stops a commit or a push, and what is worth a line though it does not.

    Nothing is written where there is nothing to tell, unless somebody asked.

    Args:
        result: what the guard found; its texts may be shown, and hold no secret.
        way: how to go on.
        out: where it goes.
        color: whether there are colours; ``None`` asks the environment and the stream.
        listed: whether to list all that is suppressed.
    """
    width = width_of(out)
    if way.occasion is Occasion.RECEIPT:
        width -= len(REMOTE)
    lines = "".join(f"{line}\n" for line in _lines(result, way, width, listed))
    if not wants_color(out, color):
        for sign in (RED, BOLD, PLAIN):
            lines = lines.replace(sign, "")
    out.write(encodable_by(out, lines))


def _lines(result: ScanResult, way: Way, width: int, listed: bool) -> Iterator[str]:
    yield from mention_lines(result, width, listed)
    if not result.findings and result.coverage.complete:
        if way.by_hand:
            yield summary(result)
        return
    together = " as a whole" if way.has_several and way.occasion is Occasion.RECEIPT else ""
    title = f"{_STOPPED[way.occasion]}{together}: {_why(result, way.occasion)}."
    yield from colored(RED, fitted(title, width))
    yield from token_lines(result.findings, width)
    if result.findings:
        yield ""
        yield from _what_to_do(result, way, width)
    if not result.coverage.complete:
        yield ""
        yield f"{BOLD}Not read:{PLAIN}"
        for skip in result.coverage.skipped[:MOST]:
            yield from fitted(f"{safe_text(skip.what)}: {safe_text(skip.why)}", width, "  ", "    ")
        yield from more_line(len(result.coverage.skipped) - MOST)
        unread = f"What was not read may hold a token. Mend it; or else {_SKIPPING[way.occasion]}."
        yield from fitted(unread, width)


def _why(result: ScanResult, occasion: Occasion) -> str:
    tokens = f"{_WOULD[occasion]} {count(len(result.findings), 'token')}"
    unread = "not all of it could be read"
    if result.findings:
        return tokens if result.coverage.complete else f"{tokens}, and {unread}"
    return unread


def _what_to_do(result: ScanResult, way: Way, width: int) -> Iterator[str]:
    found = result.findings
    rules = {finding.rule.id: finding.rule for finding in found}
    yield f"{BOLD}What to do{PLAIN}"
    before = []
    if places_of(found, IN_FILES - {Kind.SYMLINK}):
        names = [word for rule in rules.values() for word in rule.context if word.isupper()]
        name = f", say {names[0]}," if names else ""
        before += [f"Read it from an environment variable{name} set outside of the repository."]
    disable = next((rule.remediation[0] for rule in rules.values() if rule.remediation), "")
    last = f"{_LEAKED[way.occasion]} {disable}".rstrip()
    clean = redactor(result)
    for number, step in enumerate([*before, *way.taking_out(found), last], 1):
        first, *more = (safe_text(clean(line)) for line in step.split("\n"))
        yield from fitted(first, width, f"  {number}. ", "     ")
        for line in more:
            yield from fitted(line, width, "       ", "         ")
    yield from _allowing(found, way, len(before) + 1, width)


def _allowing(found: Sequence[Finding], way: Way, step: int, width: int) -> Iterator[str]:
    """Say what to do about what is no token."""
    has_line = [it for it in found if any(place.kind not in NAMES for place in it.locations)]
    is_pushed = way.occasion in (Occasion.PUSH, Occasion.RECEIPT)
    if has_line:
        later = f", as in step {step} (in a later commit it does not help)" if is_pushed else ""
        ids = ",".join(dict.fromkeys(it.rule.id for it in has_line))
        hint = f"No token? Say so on its line{later}:  leakscan: allow[{ids}] REASON"
        yield from fitted(hint, width)
    if way.occasion is Occasion.RECEIPT:
        yield from fitted(_ONLY_COMMENTS, width)
        return
    named = [it for it in found if any(place.kind in NAMES for place in it.locations)]
    if named:
        yield "No token, and no line to say so on? Then in .leakscan.toml:"
        yield "  [[allow]]"
        yield '  reason = "REASON"'
        shown = (it.secret.redacted().split("...") for it in named[:MOST_SUPPRESSED])
        patterns = (f"'{re.escape(head)}.+{re.escape(tail)}'" for head, tail in shown)
        yield f"  patterns = [{', '.join(patterns)}]"

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
from leakscan.report.guard_steps import IN_FILES, Step, has_line, places_of
from leakscan.report.guard_tokens import (
    BOLD,
    MOST,
    MOST_SUPPRESSED,
    PLAIN,
    RED,
    colored,
    mention_lines,
    more_line,
    sealed_lines,
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


@dataclass(frozen=True, slots=True)
class _Words:
    """What there is to say of what was about to happen.

    Attributes:
        stopped: that it does not.
        would: what it would do with tokens.
        skipping: how to have it happen though something was not read.
        leaked: when a token is out.
    """

    stopped: str
    would: str
    skipping: str
    leaked: str = "If it was ever pushed or shown to anybody, it has leaked."


class Occasion(enum.Enum):
    """What was about to happen."""

    COMMIT = _Words(
        "leakscan stopped this commit",
        "it would add",
        "`git commit --no-verify` commits it unread",
    )
    MESSAGE = _Words(
        "leakscan stopped this commit",
        "its message holds",
        "`git commit --no-verify` commits it unread",
    )
    PUSH = _Words(
        "leakscan stopped this push",
        "it would bring",
        "`git push --no-verify` pushes it unread",
    )
    RECEIPT = _Words(
        "This push was refused",
        "it brings",
        "ask who runs this server",
        "Nobody could fetch it from here, but whoever runs this server may have seen it. If that"
        " is one too many, or it was ever shown elsewhere, it has leaked.",
    )
    FILES = _Words(
        "leakscan looked at all tracked files",
        "they hold",
        "leave it out",
        "If it was ever committed, the history keeps it; if that was ever pushed, it has leaked.",
    )


_ONLY_COMMENTS = (
    "Allowlists and baselines of the repository do not count on this server; ask whoever runs it."
)


@dataclass(frozen=True, slots=True)
class Way:
    """How to go on when something was stopped.

    Attributes:
        occasion: what was about to happen.
        taking_out: says how to take tokens out of it.
        otherwise: says what to do if that is not needed, where that may be so.
        has_several: whether it is a push of several refs to a server, which refuses all of them.
        by_hand: whether somebody asked, and wants an answer though there is nothing to tell.
        heeds_comments: whether comments, allowlists and baselines count.
        again: the command that looks at the same once more; empty where none can.
    """

    occasion: Occasion
    taking_out: Callable[[Sequence[Finding]], Sequence[Step]]
    otherwise: Callable[[Sequence[Finding]], Step | None] = lambda _: None
    has_several: bool = False
    by_hand: bool = False
    heeds_comments: bool = True
    again: str = ""


def write(
    result: ScanResult, way: Way, out: TextIO, *, color: bool | None, show_suppressed: bool
) -> None:
    """Write what stops a commit or a push, and what is worth a line though it does not.

    Nothing is written where there is nothing to tell, unless somebody asked.

    Args:
        result: what the guard found; its texts may be shown, and hold no secret.
        way: how to go on.
        out: where it goes.
        color: whether there are colours; ``None`` asks the environment and the stream.
        show_suppressed: whether to list all that is suppressed.
    """
    width = width_of(out)
    if way.occasion is Occasion.RECEIPT:
        width -= len(REMOTE)
    lines = "".join(f"{line}\n" for line in _lines(result, way, width, show_suppressed))
    if not wants_color(out, color):
        for sign in (RED, BOLD, PLAIN):
            lines = lines.replace(sign, "")
    out.write(encodable_by(out, lines))


def _lines(result: ScanResult, way: Way, width: int, show_suppressed: bool) -> Iterator[str]:
    all_listed = _listing(result, way, "--show-suppressed")
    yield from mention_lines(result, width, show_suppressed, all_listed)
    sealed = [skip for skip in result.coverage.skipped if skip.sealed]
    yield from sealed_lines(sealed, width, show_suppressed, all_listed)
    unread = [skip for skip in result.coverage.skipped if not skip.sealed]
    if not result.findings and not unread:
        if way.by_hand:
            yield summary(result)
        return
    words = way.occasion.value
    together = " as a whole" if way.has_several else ""
    title = f"{words.stopped}{together}: {_why(result, words, is_whole=not unread)}."
    yield from colored(RED, fitted(title, width))
    listing = _listing(result, way, "--format json")
    yield from token_lines(result.findings, width, listing)
    if result.findings:
        yield ""
        yield from _what_to_do(result, way, width)
    if unread:
        yield ""
        yield f"{BOLD}Not read:{PLAIN}"
        for skip in unread[:MOST]:
            yield from fitted(f"{safe_text(skip.what)}: {safe_text(skip.why)}", width, "  ", "    ")
        yield from more_line(len(unread) - MOST, width, listing)
        advice = f"What was not read may hold a token. Mend it; or else {words.skipping}."
        yield from fitted(advice, width)


def _listing(result: ScanResult, way: Way, option: str) -> str:
    """Return the command that lists all, by an option; empty if none can be shown."""
    if not way.again:
        return ""
    return Step("", f"{way.again} {option}").shown(redactor(result)).typed


def _why(result: ScanResult, words: _Words, *, is_whole: bool) -> str:
    tokens = f"{words.would} {count(len(result.findings), 'token')}"
    unread = "not all of it could be read"
    if result.findings:
        return tokens if is_whole else f"{tokens}, and {unread}"
    return unread


def _what_to_do(result: ScanResult, way: Way, width: int) -> Iterator[str]:
    found = result.findings
    rules = {finding.rule.id: finding.rule for finding in found}
    yield f"{BOLD}What to do{PLAIN}"
    before = []
    if places_of(found, IN_FILES - {Kind.SYMLINK}):
        names = [word for rule in rules.values() for word in rule.context if word.isupper()]
        name = f", say {names[0]}," if names else ""
        text = f"Read it from an environment variable{name} set outside of the repository."
        before += [Step(text)]
    disable = next((rule.remediation[0] for rule in rules.values() if rule.remediation), "")
    last = Step(f"{way.occasion.value.leaked} {disable}".rstrip())
    clean = redactor(result)
    steps = [step.shown(clean) for step in (*before, *way.taking_out(found), last)]
    for number, step in enumerate(dict.fromkeys(steps), 1):
        yield from fitted(step.text, width, f"  {number}. ", "     ", step.typed)
        for detail in step.more:
            yield from fitted(detail.text, width, "       ", "         ", detail.typed)
    if otherwise := way.otherwise(found):
        shown = otherwise.shown(clean)
        yield from fitted(shown.text, width, typed=shown.typed)
    if way.heeds_comments:
        yield from _allowing(found, way, len(before) + 1, width)


def _allowing(found: Sequence[Finding], way: Way, step: int, width: int) -> Iterator[str]:
    """Say what to do about what is no token."""
    on_lines = [it for it in found if any(map(has_line, it.locations))]
    is_pushed = way.occasion in (Occasion.PUSH, Occasion.RECEIPT)
    if on_lines:
        later = f", as in step {step} (in a later commit it does not help)" if is_pushed else ""
        ids = ",".join(dict.fromkeys(it.rule.id for it in on_lines))
        hint = f"No token? Say so on its line{later}:"
        yield from fitted(hint, width, typed=f"leakscan: allow[{ids}] REASON")
    if way.occasion is Occasion.RECEIPT:
        yield from fitted(_ONLY_COMMENTS, width)
        return
    named = [it for it in found if not all(map(has_line, it.locations))]
    if named:
        yield "No token, and no line to say so on? Then in .leakscan.toml:"
        yield "  [[allow]]"
        yield '  reason = "REASON"'
        shown = (it.secret.redacted().split("...") for it in named[:MOST_SUPPRESSED])
        patterns = (f"'{re.escape(head)}.+{re.escape(tail)}'" for head, tail in shown)
        yield f"  patterns = [{', '.join(patterns)}]"

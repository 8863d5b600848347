"""The pushes that were left out, one by one, for people and for programs.

There may be a million of them: each is written as it comes.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from leakscan.cli.coverage_words import KINDS, WHY
from leakscan.cli.watch_retry import kept_since
from leakscan.ledger.fates import UNKNOWN
from leakscan.ledger.left_out import count_left_out
from leakscan.push import PushState
from leakscan.report.amounts import count
from leakscan.report.words import encodable_by
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import timedelta

    from leakscan.ledger.engine import Ledger
    from leakscan.ledger.left_out import LeftOut

_STATES = {
    PushState.SCANNED: ("partial", "scanned in part"),
    PushState.SKIPPED: ("skipped", "skipped"),
    PushState.FAILED: ("failed", "failed"),
    PushState.GAVE_UP: ("gave_up", "given up"),
}
"""States for programs, as in the sums, and for people."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was left out before the time that is looked at, and would be tried again as well.

    Attributes:
        number: of pushes.
        since: when feeds told of the first of them, or before.
    """

    number: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """What was left out in some time.

    Attributes:
        pushes: those that the ledger still has.
        by_hour: how many more, of which it has only sums.
    """

    pushes: Iterable[LeftOut]
    by_hour: int
    earlier: Earlier


def earlier(ledger: Ledger, until: datetime, keep: timedelta) -> Earlier:
    """Count what was left out before a time.

    Args:
        ledger: where it is.
        until: that time.
        keep: for how long the watch keeps pushes.

    Raises:
        LeakscanError: the ledger failed.
    """
    since = kept_since(keep)
    return Earlier(count_left_out(ledger, since, until), since)


def write_pushes(listed: Listed, out: TextIO) -> None:
    """Write a line for each, in characters that ``out`` can hold."""
    out.writelines(encodable_by(out, f"{line}\n") for line in _lines(listed, datetime.now(UTC)))


def write_document(document: Mapping[str, Any], listed: Listed, out: TextIO) -> None:
    """Write a JSON document with the list in it, each push on a line.

    Args:
        document: the other values, at least one.
        listed: what was left out.
        out: where to.
    """
    numbers = {"left_out_by_hour": listed.by_hour, "left_out_earlier": listed.earlier.number}
    others = json.dumps({**document, **numbers}, indent=2)
    out.write(others.removesuffix("\n}") + ',\n  "left_out": [')
    comma = ""
    for push in listed.pushes:
        out.write(f"{comma}\n    {json.dumps(push_document(push))}")
        comma = ","
    out.write("\n  ]\n}\n")


def push_document(push: LeftOut) -> dict[str, Any]:
    """Return one as plain JSON values."""
    values = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(push).items()
    }
    return values | {"state": _STATES[push.state][0], "trouble": push.trouble or UNKNOWN}


def _lines(listed: Listed, moment: datetime) -> Iterator[str]:
    number, by_hour, before = 0, listed.by_hour, listed.earlier
    for number, push in enumerate(listed.pushes, 1):
        if number == 1:
            yield "Left out, those told of last first (all times are UTC):"
        yield _line(push, moment)
    if not number and not by_hour:
        yield "Nothing was left out in this time that somebody may be able to read."
    if before.number:
        more = "were left out" if number else "were, however, left out"
        what = count(before.number, "push", "pushes")
        since = f"{before.since:%Y-%m-%dT%H:%M}"
        yield f"{what} of which feeds told earlier {more}: `--since {since}` lists them too."
    if number or before.number:
        yield (
            "`leakscan watch --once --retry` looks at them again, once what was wrong is mended."
        )
    if by_hour:
        more = f"{by_hour:,} more" if number else f"{by_hour:,}"
        were = "was" if by_hour == 1 else "were"
        yield f"{more} {were} left out longer ago than watch.keep, and only counted by the hour."


def _line(push: LeftOut, moment: datetime) -> str:
    trouble = push.trouble or UNKNOWN
    parts = [f"{_STATES[push.state][1]}: {push.why or WHY.get(trouble, trouble)}"]
    if push.due_at:
        is_due = push.due_at <= moment
        parts.append("again at once" if is_due else f"again at {push.due_at:%Y-%m-%d %H:%M:%S}")
    if push.findings:
        parts.append(count(push.findings, "finding"))
    kind = KINDS[push.kind][0] if push.kind in KINDS else push.kind
    head = (push.head or "no head")[:12]
    texts = push.repository, kind, push.ref or "all refs", head, "; ".join(parts)
    return safe_text("  ".join((f"{push.happened_at:%Y-%m-%d %H:%M}", *texts)))

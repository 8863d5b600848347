"""The pushes that were left out, one by one, for people and for programs.

There may be a million of them: each is written as it comes.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from leakscan.cli.coverage_words import WHY
from leakscan.ledger.fates import UNKNOWN
from leakscan.push import PushState
from leakscan.report.amounts import count
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from leakscan.ledger.left_out import LeftOut

_STATES = {
    PushState.SCANNED: ("partial", "scanned in part"),
    PushState.SKIPPED: ("skipped", "skipped"),
    PushState.FAILED: ("failed", "failed"),
    PushState.GAVE_UP: ("gave_up", "given up"),
}
"""States for programs, as in the sums, and for people."""


def write_pushes(pushes: Iterable[LeftOut], by_hour: int, out: TextIO) -> None:
    """Write a line for each.

    Args:
        pushes: those that the ledger still has.
        by_hour: how many more were left out, of which it has only sums.
        out: where to.
    """
    out.writelines(f"{line}\n" for line in _lines(pushes, by_hour, datetime.now(UTC)))


def write_document(
    document: Mapping[str, Any], pushes: Iterable[LeftOut], by_hour: int, out: TextIO
) -> None:
    """Write a JSON document with the list in it, each push on a line.

    Args:
        document: the other values, at least one.
        pushes: as for `write_pushes`.
        by_hour: likewise.
        out: where to.
    """
    others = json.dumps({**document, "left_out_by_hour": by_hour}, indent=2)
    out.write(others.removesuffix("\n}") + ',\n  "left_out": [')
    comma = ""
    for push in pushes:
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


def _lines(pushes: Iterable[LeftOut], by_hour: int, moment: datetime) -> Iterator[str]:
    number = 0
    for number, push in enumerate(pushes, 1):
        if number == 1:
            yield "Left out, the newest first:"
        yield _line(push, moment)
    if number:
        yield "`leakscan watch --retry` looks at them again, once what was wrong is mended."
    elif not by_hour:
        yield "Nothing was left out that somebody may be able to read."
    if by_hour:
        more = f"{by_hour:,} more" if number else f"{by_hour:,}"
        were = "was" if by_hour == 1 else "were"
        yield f"{more} {were} left out longer ago than watch.keep, and only counted by the hour."


def _line(push: LeftOut, moment: datetime) -> str:
    trouble = push.trouble or UNKNOWN
    parts = [f"{_STATES[push.state][1]}: {push.why or WHY.get(trouble, trouble)}"]
    if push.due_at:
        is_due = push.due_at <= moment
        parts.append("again at once" if is_due else f"again at {push.due_at:%Y-%m-%d %H:%M}")
    if push.findings:
        parts.append(count(push.findings, "finding"))
    head = (push.head or "no head")[:12]
    texts = push.repository, push.ref or "all refs", head, "; ".join(parts)
    return safe_text("  ".join((f"{push.happened_at:%Y-%m-%d %H:%M}", *texts)))

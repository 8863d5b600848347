"""Show what a response did, for people and for programs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from leakscan.respond.event import Event, Result
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

SCHEMA = "leakscan-response/v1"

_DONE = {"verify": "verified", "notify": "told the owner", "alert": "told the team"}
_NOT_DONE = {
    Result.LATER: "to be tried again",
    Result.LEFT: "to be tried again",
    Result.GAVE_UP: "given up",
    Result.DROPPED: "dropped",
    Result.LOST: "taken over by another process",
}
_WRONG = {Result.LATER, Result.LEFT, Result.GAVE_UP, Result.DROPPED}


def is_well(events: Sequence[Event]) -> bool:
    """Tell whether nothing has to be tried again, by us or by a person."""
    return not any(event.result in _WRONG for event in events)


def event_line(event: Event) -> str:
    """Return one event on one line."""
    parts = [f"{_what(event):<18}", f"#{event.entry.id:<4}", event.entry.redacted]
    if event.result is not Result.DONE:
        parts.append(f"{event.kind} ({event.responder}): {event.answer}")
    elif event.kind == "disable":
        parts.append(f"by {event.responder}")
    elif event.kind == "verify":
        parts.append(event.answer)
    if event.owner_email:
        parts.append(event.owner_email)
    return safe_text("  ".join(parts))


def summary_line(events: Sequence[Event], next_due: datetime | None) -> str:
    """Return what was done on one line, and when there is something to do next."""
    counts = Counter(
        _what(event) for event in events if event.kind != "notify" or not event.receipt
    )
    mails = len({event.receipt for event in events if event.receipt})
    parts = [f"{count} {what}" for what, count in counts.items()]
    parts += [f"{mails} {'mail' if mails == 1 else 'mails'} to owners"] if mails else []
    parts = parts or ["nothing was due"]
    parts += [f"next due {next_due:%Y-%m-%d %H:%M:%S} UTC"] if next_due else []
    return " · ".join(parts)


def event_document(event: Event) -> dict[str, Any]:
    """Return one event as plain JSON values."""
    return {
        "kind": event.kind,
        "responder": event.responder,
        "finding": event.entry.id,
        "fingerprint": event.entry.fingerprint,
        "rule": event.entry.rule,
        "secret": event.entry.redacted,
        "result": event.result.value,
        "answer": event.answer,
        "owner_email": event.owner_email,
        "message_id": event.receipt,
    }


def _what(event: Event) -> str:
    if event.result is not Result.DONE:
        return _NOT_DONE[event.result]
    return _DONE.get(event.kind) or event.answer.replace("_", " ")

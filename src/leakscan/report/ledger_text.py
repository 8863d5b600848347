"""What the ledger knows of findings, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from leakscan.ledger.duties import UNFINISHED
from leakscan.ledger.standing import Standing, standing
from leakscan.ledger.words import ActionKind, ActionState
from leakscan.report.plain import write_rendered
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from typing import TextIO

    from leakscan.ledger.words import Action, Entry, Sighting

MOST_PLACES = 50

_STYLES = {
    Standing.ATTENTION: "bold red",
    Standing.DISABLING: "yellow",
    Standing.DISABLED: "green",
    Standing.RESOLVED: "dim",
}


def write_list(rows: Iterable[tuple[Entry, Sequence[Action]]], out: TextIO) -> int:
    """Write a table of findings; return how many there are."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("ID", "STANDING", "SECRET", "RULE", "OWNER", "LAST SEEN"):
        table.add_column(heading, no_wrap=True, overflow="ignore")
    for entry, owed in rows:
        where = standing(entry, owed)
        table.add_row(
            str(entry.id),
            Text(where.value, _STYLES.get(where, "")),
            Text(safe_text(entry.redacted), "magenta"),
            Text(entry.rule),
            Text(safe_text(entry.owner_email or "")),
            Text(_day(entry.last_seen_at)),
        )
    if table.row_count:
        write_rendered([table], out)
    return table.row_count


def write_entry(
    entry: Entry,
    owed: Sequence[Action],
    places: Sequence[Sighting],
    place_count: int,
    out: TextIO,
    *,
    is_kept: bool,
) -> None:
    """Write all about one finding; ``is_kept``: whether its secret is still in the ledger."""
    lines: list[Text | Table] = [_title(entry, owed), _facts(entry, owed, is_kept=is_kept)]
    lines += [Text(), Text("Done and owed", "bold"), _actions(owed)] if owed else []
    lines += [Text(), Text("Seen in", "bold"), *map(_place, places)]
    if more := place_count - len(places):
        lines.append(Text(f"  … and {more:,} more (use --format json)", "dim"))
    write_rendered(lines, out)


def _title(entry: Entry, owed: Sequence[Action]) -> Text:
    where = standing(entry, owed)
    title = Text(f"#{entry.id}  ", "bold").append(safe_text(entry.redacted), "bold magenta")
    return title.append(f"  {where.value}", _STYLES.get(where, ""))


def _facts(entry: Entry, owed: Sequence[Action], *, is_kept: bool) -> Table:
    owner = " ".join(filter(None, (entry.owner_name, entry.owner_email)))
    checked = entry.verified and f"{entry.verified} at {_moment(entry.verified_at)}"
    closed = entry.resolved_at and (
        f"{_moment(entry.resolved_at)} by {entry.resolved_by}: {entry.resolution}"
    )
    wiped = f"wiped {_moment(entry.wiped_at)}" if entry.wiped_at else None
    kept = "kept, encrypted, for what is owed" if is_kept else wiped
    if is_kept and not any(
        action.kind is ActionKind.DISABLE or action.state in UNFINISHED for action in owed
    ):
        todo = f"`leakscan findings disable {entry.id}`, or `resolve {entry.id}`"
        kept = f"kept, encrypted, until a person decides: {todo}"
    facts = {
        "rule": entry.rule,
        "confidence": entry.confidence,
        "checksum": entry.checksum,
        "exposure": entry.exposure,
        "first seen": _moment(entry.first_seen_at),
        "last seen": _moment(entry.last_seen_at),
        "owner": owner,
        "token name": entry.token_name,
        "account": entry.account,
        "verified": checked,
        "disabled": entry.disabled_at and _moment(entry.disabled_at),
        "secret": kept,
        "resolved": closed,
        "fingerprint": entry.fingerprint,
    }
    table = Table.grid(padding=(0, 2))
    for name, value in facts.items():
        if value:
            table.add_row(Text(f"  {name}", "dim"), Text(safe_text(str(value))))
    return table


def _actions(owed: Sequence[Action]) -> Table:
    table = Table.grid(padding=(0, 2))
    for action in owed:
        tries = f"{action.attempts} {'try' if action.attempts == 1 else 'tries'}"
        when = action.due_at if action.state is ActionState.DUE else action.ended_at
        state = action.state.replace("_", " ")
        table.add_row(
            Text(f"  {action.kind}"),
            Text(safe_text(action.responder)),
            Text(f"{state} {_moment(when)}".rstrip()),
            Text(tries if action.attempts else "", "dim"),
            Text(safe_text(action.last_answer or "")),
        )
    return table


def _place(place: Sighting) -> Text:
    name = ":".join(
        str(part) for part in (place.path, place.line, place.column) if part is not None
    )
    text = Text("  ")
    if not name.startswith(place.repository):  # as a file that was scanned alone
        text.append(f"{safe_text(place.repository)}  ")
    text.append(safe_text(name), "bold")
    text.append(f"  {place.kind}", "cyan")
    if place.commit:
        text.append(f"  {place.commit[:12]}", "yellow")
    if place.note:
        text.append(f"\n    {safe_text(place.note)}", "dim")
    if place.url:
        text.append(f"\n    {safe_text(place.url)}", "blue")
    return text


def _day(moment: datetime) -> str:
    return moment.date().isoformat()


def _moment(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC") if moment else ""

"""The places of a finding as lines of text: a table, or stacked where that is too wide.

Nothing is ever cut or folded, so that a path or a link can be copied whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from leakscan.safe_text import safe_text
from leakscan.sources.placing import is_explained, outer_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leakscan.model import Location

_GAP = "  "
_HEADINGS = ("NOW", "PLACE", "KIND", "COMMIT", "DATE", "AUTHOR")
_NOW, _PLACE = 0, 1
_SHORT_ID = 12
_MOST_COMMITS = 5
_WIDEST_CELL = 60  # one long path must not push every other row out of sight

Cells = tuple[Text, ...]


def location_lines(locations: Sequence[Location], target: str, width: int | None) -> Iterator[Text]:
    """Yield the lines that show the locations.

    Args:
        locations: what to show, in this order.
        target: what was scanned; a location elsewhere names its repository.
        width: how many columns a line may have; ``None`` for any number.

    """
    rows = [_cells(location) for location in locations]
    details = [list(_details(location, target)) for location in locations]
    columns = [column for column, _ in enumerate(_HEADINGS) if any(row[column] for row in rows)]
    indent = max(row[_NOW].cell_len for row in rows) + len(_GAP)
    table = _aligned([tuple(Text(heading, "dim") for heading in _HEADINGS), *rows], columns)
    if width is None or all(line.cell_len <= width for line in table):
        yield table[0]
        lines = table[1:]
    else:
        room = width - indent
        details = [[*_facts(row, room), *more] for row, more in zip(rows, details, strict=True)]
        lines = _aligned(rows, [column for column in columns if column <= _PLACE])
    for line, more in zip(lines, details, strict=True):
        yield line
        for detail in more:
            yield Text(" " * indent).append_text(detail)


def _aligned(rows: Sequence[Cells], columns: Sequence[int]) -> list[Text]:
    """Return the given columns of the rows, each as wide as its widest cell."""
    widths = {
        column: min(_WIDEST_CELL, max(row[column].cell_len for row in rows)) for column in columns
    }
    lines = []
    for row in rows:
        line = Text()
        for column, width in widths.items():
            padding = " " * (width - row[column].cell_len)
            line.append_text(row[column]).append(padding + _GAP)
        line.rstrip()
        lines.append(line)
    return lines


def _now(location: Location) -> Text:
    """Say whether the secret is still there; what a note explains was not simply removed."""
    if location.current:
        return Text("still there", "bold red")
    gone = location.current is False and not is_explained(location)
    return Text("removed", "yellow") if gone else Text()


def _cells(location: Location) -> Cells:
    return (
        _now(location),
        Text(_place(location), "bold"),
        Text(location.kind.value, "cyan"),
        Text((location.commit or "")[:_SHORT_ID], "yellow"),
        Text(location.date.date().isoformat() if location.date else ""),
        Text(safe_text(str(location.author)) if location.author else ""),
    )


def _place(location: Location) -> str:
    """Return ``path:line:column``, as far as these are known."""
    name = location.path
    if location.commit is None and location.object and not outer_path(name or ""):
        name = location.object + (name or "")
    if name is not None:
        parts = (safe_text(name), location.line, location.column)
        return ":".join(str(part) for part in parts if part is not None)
    if location.line is not None:
        column = f", column {location.column}" if location.column is not None else ""
        return f"line {location.line}{column}"
    return location.kind.value


def _details(location: Location, target: str) -> Iterator[Text]:
    """Yield what is worth a line of its own."""
    if location.repository != target:
        yield Text(f"in {safe_text(location.repository)}", "dim")
    others = [commit for commit in location.commits if commit != location.commit]
    if others:
        shown = ", ".join(commit[:_SHORT_ID] for commit in others[:_MOST_COMMITS])
        more = len(others) - _MOST_COMMITS
        unshown = f" and {more:,} more commits" if more > 0 else ""
        yield Text(f"also introduced in {shown}{unshown}", "dim")
    if location.note:
        yield Text(safe_text(location.note), "dim")
    if location.url:
        yield Text(safe_text(location.url), "blue")


def _facts(row: Cells, room: int) -> list[Text]:
    """Return what a stacked row has no columns for, on one line if there is room."""
    _, _, kind, commit, date, author = row
    where = Text(" in ").join(part for part in (kind, commit) if part)
    parts = [part for part in (where, date, author) if part]
    line = Text(", ").join(parts)
    return [line] if line.cell_len <= room else [Text(", ").join(parts[:-1]), parts[-1]]

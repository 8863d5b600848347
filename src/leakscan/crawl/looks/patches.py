"""Search a patch, and say where in the old or the new file each match stands."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from leakscan.model import Match, Unread

if TYPE_CHECKING:
    from leakscan.detect import Detector

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


class Side(enum.Enum):
    """What a patch says of a line."""

    ADDED = "+"
    KEPT = " "
    REMOVED = "-"


@dataclass(frozen=True, slots=True)
class InPatch:
    """A match in a patch.

    Attributes:
        line: of the new file; of the old one for a line that was removed; ``None`` for a line
            that a hunk only quotes as its heading.
    """

    match: Match
    side: Side
    line: int | None


def search_patch(patch: str, detector: Detector) -> list[InPatch | Unread]:
    """Search all lines of a patch, with what it keeps and what it removes.

    With the matches comes what of it could not be read.

    Args:
        patch: hunks, without the lines that name the files.
        detector: what to search with.
    """
    lines = patch.split("\n")
    # Without the first column, so that columns are those of the file, and context its own.
    text = "\n".join([line[1:] for line in lines])
    found = detector.search_text(text.encode(errors="replace"))
    if not found:
        return []
    places = _places(lines)
    return [
        _in_patch(one, *places[one.line - 1]) if isinstance(one, Match) else one for one in found
    ]


def _in_patch(match: Match, side: Side, line: int | None) -> InPatch:
    return InPatch(match if line is None else replace(match, line=line), side, line)


def _places(lines: list[str]) -> list[tuple[Side, int | None]]:
    """Say of each line of a patch what became of it, and its number."""
    places: list[tuple[Side, int | None]] = []
    old = new = 0
    for line in lines:
        if hunk := _HUNK.match(line):
            old, new = int(hunk[1]), int(hunk[2])
            places.append((Side.KEPT, None))
        elif line.startswith("+"):
            places.append((Side.ADDED, new))
            new += 1
        elif line.startswith("-"):
            places.append((Side.REMOVED, old))
            old += 1
        elif line.startswith("\\"):  # "No newline at end of file"
            places.append((Side.KEPT, None))
        else:
            places.append((Side.KEPT, new))
            old, new = old + 1, new + 1
    return places

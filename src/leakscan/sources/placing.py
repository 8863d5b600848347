"""Places of what is inside of files, and in other spellings: composed, and taken apart again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from leakscan.detect.redaction import without_encoded
from leakscan.git.texts import readable
from leakscan.model import Match, Unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from leakscan.detect import Detector
    from leakscan.model import Location
    from leakscan.sources.sighting import Tally

Found = Match | Unread
"""What a detector finds in the content of a file."""

INSIDE = "!/"
"""Stands in a path between a container and what it holds, as in the URLs of Java's archives.

A folder whose name ends with ``!`` is taken for a container: that is rare, and makes a report name
the folder in the place of the file.
"""

_WRITTEN = "written in "


def placed(place: Location, match: Match) -> Location:
    """Return where a match stands.

    Args:
        place: the file, or other text, that holds it.
        match: it, with the way to it inside of that.
    """
    place = replace(place, line=match.line, column=match.column)
    if match.within:
        place = replace(place, path=inner_path(place.path or "", match.within))
    return named_place(place, match)


def named_place(place: Location, match: Match) -> Location:
    """Return where a match stands that has no line, such as in a name."""
    if match.spelling:
        note = f"{_WRITTEN}{match.spelling}"
        place = replace(place, note=f"{place.note}; {note}" if place.note else note)
    return place


def shown_name(name: bytes, detector: Detector) -> str:
    """Return a name for people, in which secrets that are encoded are redacted."""
    return readable(without_encoded(name, detector.search(name)))


def inner_path(path: str, within: str) -> str:
    """Return the path of what is inside of a file, for people; that of the file if it is itself."""
    return f"{path}{INSIDE}{within}" if within else path


def outer_path(path: str) -> str:
    """Return the path of the file itself; empty for what has none."""
    return path.partition(INSIDE)[0]


def way_inside(path: str | None) -> str | None:
    """Return the way inside of the file that a path names; ``None`` for the file itself."""
    _, sign, within = (path or "").partition(INSIDE)
    return within if sign else None


def containers(path: str) -> Iterator[str]:
    """Yield the path of a file, those of the containers that lead inside of it, and the whole."""
    at = path.find(INSIDE)
    while at >= 0:
        yield path[:at]
        at = path.find(INSIDE, at + len(INSIDE))
    yield path


def is_explained(place: Location) -> bool:
    """Whether a note says more than how the secret is written."""
    return bool(place.note) and not str(place.note).startswith(_WRITTEN)


def readable_parts(
    found: Iterable[Found], what: str, tally: Tally, whose: str = ""
) -> Iterator[Match]:
    """Yield the matches, and record what could not be read.

    Args:
        found: what was found in one file.
        what: the file, for people.
        tally: told what could not be read.
        whose: what is said behind the way inside, such as `` of commit 1a2b3c``.
    """
    for item in found:
        if isinstance(item, Match):
            yield item
        else:
            tally.seal(inner_path(what, item.within) + whose, item.why)

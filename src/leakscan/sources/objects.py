"""Searching objects that git reads for us: few, and wherever they are."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from leakscan.errors import TargetError
from leakscan.git.contents import HELD, objects_of
from leakscan.git.damage import DamagedError
from leakscan.model import Match
from leakscan.sources.placing import readable_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from leakscan.detect import Detector
    from leakscan.git.contents import GitObject
    from leakscan.sources.placing import Found
    from leakscan.sources.sighting import Tally

MOST_DAMAGED = 20
"""Objects that git may stop at before the rest is given up."""


def search_objects(
    oids: Sequence[str],
    detector: Detector,
    tally: Tally,
    name: Callable[[str], str],
    path: Callable[[str], str] | None = None,
) -> Iterator[tuple[GitObject, list[Match]]]:
    """Read objects, and yield each with what was found in it.

    Args:
        oids: hex ids, each once.
        detector: what to search with.
        tally: told what was read and what could not be.
        name: what to call an object that cannot be read, by its id.
        path: what to call one that holds something that cannot be read, if not the same.
    """
    left, stops = list(oids), 0
    while left:
        read, why = 0, "git does not give it"
        try:
            for item in objects_of(left):
                if item.type:
                    found = _searched(item, detector)
                    tally.read(item.size)
                    yield item, _matches(found, partial(path or name, item.oid), tally)
                else:
                    tally.skip(name(item.oid), "git has no such object")
                read += 1
        except (DamagedError, TargetError) as error:
            why = str(error)
            stops += 1
        if read == len(left):
            return
        tally.skip(name(left[read]), why)
        left = left[read + 1 :]
        if stops > MOST_DAMAGED and left:
            tally.skip(f"{len(left):,} more objects", "git cannot read too many of them")
            return


def _searched(item: GitObject, detector: Detector) -> Sequence[Found]:
    if item.size > HELD:
        return list(detector.search_stream(item.pieces))
    data = b"".join(item.pieces)
    return detector.search_blob(data) if item.type == "blob" else detector.search_text(data)


def _matches(found: Sequence[Found], name: Callable[[], str], tally: Tally) -> list[Match]:
    """Return the matches, and record what could not be read; only for that is a name sought."""
    matches = [item for item in found if isinstance(item, Match)]
    if len(matches) == len(found):
        return matches
    return list(readable_parts(found, name(), tally))


def read_whole(oids: Sequence[str]) -> dict[str, bytes]:
    """Return the contents of objects by their ids, as far as git gives them."""
    contents: dict[str, bytes] = {}
    if oids:
        with suppress(DamagedError, TargetError):
            for item in objects_of(oids):
                if item.type:
                    contents[item.oid] = b"".join(item.pieces)
    return contents

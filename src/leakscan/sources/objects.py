"""Searching objects that git reads for us: few, and wherever they are."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from leakscan.errors import TargetError
from leakscan.git.contents import HELD, objects_of
from leakscan.git.damage import DamagedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from leakscan.detect import Detector
    from leakscan.git.contents import GitObject
    from leakscan.model import Match
    from leakscan.sources.sighting import Tally

MOST_DAMAGED = 20
"""Objects that git may stop at before the rest is given up."""


def search_objects(
    oids: Sequence[str], detector: Detector, tally: Tally, name: Callable[[str], str]
) -> Iterator[tuple[GitObject, list[Match]]]:
    """Read objects, and yield each with what was found in it.

    Args:
        oids: hex ids, each once.
        detector: what to search with.
        tally: told what was read and what could not be.
        name: what to call an object that cannot be read, by its id.
    """
    left, stops = list(oids), 0
    while left:
        read, why = 0, "git does not give it"
        try:
            for item in objects_of(left):
                if item.type:
                    found = _searched(item, detector)
                    tally.read(item.size)
                    yield item, found
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


def _searched(item: GitObject, detector: Detector) -> list[Match]:
    if item.size <= HELD:
        return detector.search(b"".join(item.pieces))
    return list(detector.search_stream(item.pieces))


def read_whole(oids: Sequence[str]) -> dict[str, bytes]:
    """Return the contents of objects by their ids, as far as git gives them."""
    contents: dict[str, bytes] = {}
    if oids:
        with suppress(DamagedError, TargetError):
            for item in objects_of(oids):
                if item.type:
                    contents[item.oid] = b"".join(item.pieces)
    return contents

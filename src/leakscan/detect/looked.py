"""What comes of looking at a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from leakscan.model import Match


class Looked(NamedTuple):
    """What stands in a text.

    Attributes:
        found: every candidate.
        is_suspect: whether anything in it goes on as a token would.
        has_rare: whether anything stands in it that a rarely written token could begin with, go on
            how it may.
    """

    found: list[Match]
    is_suspect: bool = True
    has_rare: bool = False


class Unpacked(NamedTuple):
    """What stands in a container.

    Attributes:
        name: what it is called.
        found: every candidate in it.
    """

    name: str
    found: list[Match]


NOTHING = Looked([], is_suspect=False)

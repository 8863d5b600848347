"""What comes of looking at a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from leakscan.model import Match


class Looked(NamedTuple):
    """What stands in a text.

    Attributes:
        found: every candidate.
        is_encoded: whether anything seems to be encoded in it, be it a token or not.
    """

    found: list[Match]
    is_encoded: bool = False


class Unpacked(NamedTuple):
    """What stands in a container.

    Attributes:
        name: what it is called.
        found: every candidate in it.
    """

    name: str
    found: list[Match]


NOTHING = Looked([])

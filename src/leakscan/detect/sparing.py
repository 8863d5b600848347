"""Search the objects of a large repository, which hardly differ from one another.

What is common is looked for in all of them, since it takes next to no time; what is rare in files
that are new, or differ in what may be it from what is known.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from stringzilla import find

from leakscan.containers import may_be_container
from leakscan.detect.looked import NOTHING
from leakscan.gate import AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leakscan.detect.detector import Detector
    from leakscan.detect.looked import Looked
    from leakscan.gate import Gate
    from leakscan.model import Match, Unread


class SparingDetector:
    """Searches as a detector does, for what may stand where.

    Args:
        detector: what looks closer where something may stand.
        prefixes: how tokens begin.
    """

    def __init__(self, detector: Detector, prefixes: Sequence[bytes]) -> None:
        self._detector = detector
        self._prefixes = prefixes
        self._common = detector.known.common_gate()
        self._glance = self._common.look

    def search_message(self, data: bytes) -> Sequence[Match | Unread]:
        """Return what is common, and stands in a commit or a tag."""
        if len(data) <= AT_ONCE and not self._glance(data):
            return ()
        return self._detector.with_sealed(self._detector.look(data, self._common).found)

    def search_names(self, data: bytes) -> Sequence[Match | Unread]:
        """Return what stands in a folder, if a token stands there plainly.

        There are more of these data than of any others, and hardly anything is ever found in them.
        """
        for prefix in self._prefixes:
            if find(data, prefix) >= 0:
                return self._detector.with_sealed(self._detector.look_closely(data).found)
        return ()

    def search_file(self, data: bytes) -> tuple[Sequence[Match | Unread], bool]:
        """Return what stands in a file or in what it contains.

        Returns:
            It, and whether anything seems to be encoded, be it a token or not.
        """
        looked = self._detector.look(data)
        return self._contents(data, looked), looked.is_encoded

    def search_known_file(self, data: bytes) -> Sequence[Match | Unread]:
        """Do as `search_file` with what is made of files in which nothing looks like it."""
        if len(data) <= AT_ONCE and not self._glance(data):
            return self._contents(data, NOTHING)
        return self._contents(data, self._detector.look(data, self._common))

    def suspects(self, data: bytes) -> bool:
        """Tell whether anything seems to be encoded in a file."""
        looked = self._detector.look(data)
        self._detector.with_sealed(())  # which was told when it was searched
        return looked.is_encoded

    def brings_sign(self, delta: bytes) -> object:
        """Tell whether anything that is rare may stand in what a delta brings.

        Of a sign, the first bytes may be missing: where text is inserted, these may be what stood
        there before.
        """
        return self._ends.hits(delta)

    def _contents(self, data: bytes, looked: Looked) -> Sequence[Match | Unread]:
        if looked.found or may_be_container(data):
            return self._detector.with_contents(data, looked)
        return self._detector.with_sealed(looked.found)

    @cached_property
    def _ends(self) -> Gate:
        return self._detector.known.end_gate()

"""Search the objects of a pack, many of which hardly differ from one another.

What is common is looked for in all of each, since it takes next to no time; what is rare in files
that are stored whole, bring a sign, or are built on one that holds a sign.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from stringzilla import find

from leakscan.containers import may_hide
from leakscan.detect.looked import NOTHING
from leakscan.gate import AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
        self._first_look = self._common.first_look

    def prepare(self) -> None:
        """Get ready to search much."""
        self._ends.prepare()

    def search_message(self, data: bytes) -> Sequence[Match | Unread]:
        """Return what is common, and stands in a commit or a tag."""
        if len(data) <= AT_ONCE and not self._first_look(data):
            return ()
        return self._detector.with_sealed(self._detector.look(data, self._common).found)

    def search_names(self, data: bytes) -> Sequence[Match | Unread]:
        """Return what stands in a folder, if a token stands there plainly.

        There are more of these data than of any others, and hardly anything is ever found in them.
        """
        for prefix in self._prefixes:
            if find(data, prefix) >= 0:
                return self._detector.with_sealed(self._detector.search_closely(data))
        return ()

    def search_file(self, data: bytes) -> tuple[Sequence[Match | Unread], bool]:
        """Return what stands in a file or in what it contains.

        Returns:
            It, and whether what is built on it may hold a token that is rarely written so.
        """
        looked = self._detector.look(data)
        return self._contents(data, looked), looked.has_rare

    def search_known_file(self, data: bytes) -> Sequence[Match | Unread]:
        """Do as `search_file` with what is built on files in which nothing looks like it."""
        if len(data) <= AT_ONCE and not self._first_look(data):
            # As it nearly always is: there are no calls here that can be spared.
            return self._detector.with_contents(data, NOTHING) if may_hide(data) else ()
        return self._contents(data, self._detector.look(data, self._common))

    def suspects(self, data: bytes) -> bool:
        """Tell whether what is built on a file may hold a token that is rarely written so."""
        return self._detector.has_rare(data)

    @cached_property
    def brings_sign(self) -> Callable[[bytes], object]:
        """What tells whether anything that is rare may stand in what a delta brings.

        Of a sign, the first bytes may be missing (`Known.end_gate`): where text is inserted, these
        may be what stood there before.
        """
        return self._ends.hits

    @cached_property
    def _ends(self) -> Gate:
        return self._detector.known.end_gate()

    def _contents(self, data: bytes, looked: Looked) -> Sequence[Match | Unread]:
        if looked.is_suspect or may_hide(data):
            return self._detector.with_contents(data, looked)
        return ()

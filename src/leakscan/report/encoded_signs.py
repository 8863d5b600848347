"""Whether a text may hold an encoded secret: asked before anything is made ready to decode."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from leakscan.detect.known import known_of
from leakscan.gate import overlapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from leakscan.model import Rule

_FEW = 16
"""Texts up to which to look for one sign after the other is faster than to get ready for all."""


class EncodedSigns:
    """Tells whether a text holds anything that an encoded secret could begin with.

    Args:
        rules: whose secrets these are; of others than the default ones, finding out how they may
            be written takes a moment, unless they were searched for before.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        prefixes = {prefix.encode() for rule in rules for prefix in rule.prefixes}
        self._prefixes = tuple(sorted(prefixes))
        known = known_of(self._prefixes)
        # With the prefixes themselves: behind one, a token may be interrupted.
        self._signs = known.common + known.rare
        self._asked = 0

    def stand_in(self, text: bytes) -> bool:
        """Tell whether one stands in a text."""
        for prefix in self._prefixes:
            text = text.removesuffix(prefix)  # as in reasons, which name one
        self._asked += 1
        if self._asked > _FEW:
            return bool(self._search(text))
        return any(sign in text for sign in self._signs)

    @cached_property
    def _search(self) -> Callable[[bytes], Iterable[object]]:
        return overlapping(self._signs)

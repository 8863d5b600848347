"""What is known of how tokens are written, and the gates that look for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan import known_signs
from leakscan.gate import Gate
from leakscan.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leakscan.gate import Hit

_Literals = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """By what to tell from afar that a token may stand somewhere.

    Attributes:
        common, rare: literals that tokens begin with, plainly or in an encoding that people use,
            and in what hardly anybody writes, such as an encoding in another.
        ends: of what is rare, without the first bytes.
        around: what may stand around them.
    """

    common: _Literals
    rare: _Literals
    ends: _Literals
    around: Surroundings

    def common_gate(self) -> Gate:
        """Return what looks for what is common."""
        return Gate(self.common)

    def whole_gate(self) -> Gate:
        """Return what looks for everything."""
        return Gate(self.common + self.rare)

    def end_gate(self) -> Gate:
        """Return what looks for the ends of what is rare."""
        return Gate(self.ends)

    def is_worth_it(self, data: bytes, gate: Gate, hits: Iterable[Hit]) -> bool:
        """Tell whether a token may be written where any literal stands."""
        allow, literals = self.around.allow, gate.literals
        return any(allow(data, at, literals[which]) for which, at, _ in hits)

    def has_rare(self, hits: Iterable[Hit]) -> bool:
        """Tell whether any of what a gate has found is rare."""
        common = len(self.common)  # which stand first
        return any(which >= common for which, _, _ in hits)


def known_of(prefixes: _Literals) -> Known:
    """Return what is known.

    Args:
        prefixes: how tokens begin.
    """
    if prefixes == known_signs.PREFIXES:
        around = Surroundings(
            frozenset(known_signs.LOOSE),
            known_signs.BESIDE,
            known_signs.THEN,
            frozenset(known_signs.FREE),
        )
        return Known(known_signs.COMMON, known_signs.RARE, known_signs.ENDS, around)
    from leakscan.detect.encodings import ends, literals
    from leakscan.detect.neighbours import surroundings

    return Known(*literals(prefixes), ends(prefixes), surroundings(prefixes))

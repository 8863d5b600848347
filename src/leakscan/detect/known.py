"""What is known of how tokens are written, and the gates that look for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan import known_signs
from leakscan.gate import Gate, without_longer
from leakscan.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leakscan.gate import Hit

_Literals = tuple[bytes, ...]

_LONG, _LONGEST = 9, 12
"""Bytes of a literal from which on more of them may be missing."""


@dataclass(frozen=True, slots=True)
class Known:
    """By what to tell from afar that a token may stand somewhere.

    Attributes:
        common, rare: literals that tokens begin with, plainly or in an encoding that people use,
            and in what hardly anybody writes, such as an encoding in another.
        around: what may stand around them.
    """

    common: _Literals
    rare: _Literals
    around: Surroundings

    def common_gate(self) -> Gate:
        """Return what looks for what is common."""
        return Gate(self.common)

    def whole_gate(self) -> Gate:
        """Return what looks for everything."""
        return Gate(self.common + self.rare)

    def end_gate(self) -> Gate:
        """Return what looks for the ends of what is rare."""
        return Gate(_ends(self.rare))

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
        return Known(known_signs.COMMON, known_signs.RARE, around)
    from leakscan.detect.encodings import literals
    from leakscan.detect.neighbours import surroundings

    return Known(*literals(prefixes), surroundings(prefixes))


def _ends(literals: Iterable[bytes]) -> tuple[bytes, ...]:
    """Leave out the first bytes of literals, as many as another text may well have in common."""
    return tuple(without_longer({one[_common_bytes(one) :] for one in literals}))


def _common_bytes(literal: bytes) -> int:
    """Return how many that is: of an encoding in another, each byte takes several; four are left.

    A list of bytes has ``0x7`` in common with that of any text that begins with a letter from p on.
    """
    most = 2 if len(literal) < _LONG else 3 if len(literal) < _LONGEST else 4
    return max(0, min(most, len(literal) - 4))

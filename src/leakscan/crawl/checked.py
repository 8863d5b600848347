"""What was learnt when GitHub was asked for one of the things that a watch needs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Checked:
    """One of these things.

    Attributes:
        who: in the words of the configuration, such as ``org:acme``.
        is_well: whether it is as a watch needs it; ``None`` for what is only worth knowing.
        answer: what was learnt, on one line.
    """

    who: str
    is_well: bool | None
    answer: str

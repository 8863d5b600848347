"""Read single objects of packs, as attribution does once something has matched."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from leakscan.git.damage import DamagedError
from leakscan.git.inflate import inflate
from leakscan.git.pack import OFS_DELTA, TYPE_NAMES, Header, Pack
from leakscan.git.walk import apply_bounded

if TYPE_CHECKING:
    Place = tuple[Pack, int]

HELD = 32 << 20
"""Bytes of objects that are remembered: the next is often built on one of them."""


class Lookup:
    """Resolves objects through their chains of deltas, and remembers those it read last."""

    def __init__(self) -> None:
        self._recent: OrderedDict[Place, tuple[int, bytes]] = OrderedDict()
        self._held = 0

    def read(self, pack: Pack, rank: int) -> tuple[int, bytes]:
        """Return type and content of the object with a rank.

        Raises:
            DamagedError: its chain is broken or loops, or it cannot be inflated.
        """
        chain: list[Header] = []
        seen: set[int] = set()
        first = offset = pack.offset(rank)
        while (known := self._recent.get((pack, offset))) is None:
            if offset in seen or not 0 <= offset < pack.end:
                raise DamagedError("its chain of deltas leads nowhere")
            seen.add(offset)
            header = pack.header(offset)
            if header.type in TYPE_NAMES:
                known = header.type, inflate(pack.view[header.start : pack.end], header.size)
                break
            chain.append(header)
            offset = _base(pack, header)
        kind, content = known
        for header in reversed(chain):
            delta = inflate(pack.view[header.start : pack.end], header.size)
            content = apply_bounded(content, delta)
        self._remember((pack, first), kind, content)
        return kind, content

    def _remember(self, place: Place, kind: int, content: bytes) -> None:
        if place not in self._recent:
            self._held += len(content)
        self._recent[place] = kind, content
        self._recent.move_to_end(place)
        while self._held > HELD:
            _, (_, forgotten) = self._recent.popitem(last=False)
            self._held -= len(forgotten)


def _base(pack: Pack, header: Header) -> int:
    """Return where the base of a delta begins.

    Raises:
        DamagedError: it is not in the pack.
    """
    if isinstance(header.base, int) and header.type == OFS_DELTA:
        return header.base
    if isinstance(header.base, bytes) and (rank := pack.rank(header.base)) is not None:
        return pack.offset(rank)
    raise DamagedError("its delta base is not in its pack")

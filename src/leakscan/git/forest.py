"""The delta forest of a pack: which object is built on which, in the order to read them.

A delta makes an object out of another, so the objects of a pack form trees whose roots are
stored whole.  Walking a tree depth first resolves each object once with only its ancestors
in memory; visiting the smaller subtrees first, and dropping an ancestor when its last child
is built, leaves at most log2(n) of them alive.

The forest is stored flat, in that order, sorted by type: a scan is a loop over columns,
any range of which can be read on its own.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leakscan.git.damage import DamagedError
from leakscan.git.fork import MAX_TASKS
from leakscan.git.pack import TYPE_NAMES, Pack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    Column = array[int] | NDArray[Any]

VECTOR_THRESHOLD = 12_000
"""Objects from which on numpy, which takes 0.1 s to import, is faster."""

MAX_DEPTH = 4095
"""Longest chain of deltas that git itself makes or takes (pack.depth in git-config(1))."""

MAX_SIZE = 1 << 62
"""Sizes that an entry may claim without being plainly damaged; they fit a column."""

_PIECE = 1500
"""Objects of a piece of work, unless that makes too many pieces: enough to make forking cheap."""

LARGE = 8 << 20
"""Compressed bytes that keep a worker busy for a tenth of a second, if they are an archive's."""

_NEAR = 200
"""Objects that a piece of work may grow by to end where a tree ends."""


@dataclass(frozen=True, slots=True)
class Forest:
    """The objects of a pack, depth first, as columns of equal length.

    Attributes:
        start, stop: where the compressed data lies in the pack.
        size: what it inflates to.
        depth: number of deltas below it; 0 for a root.
        parent: position of its base in these columns; -1 for a root.
        last: 1 where no later object is built on the same base.
        rank: place in the pack's index.
        segments: for each type of object, the range of positions that holds all of it.
        orphans: ranks of objects that no root leads to: their base is missing, or is
            themselves, or the chain is too long.
    """

    start: Column
    stop: Column
    size: Column
    depth: Column
    parent: Column
    last: Column
    rank: Column
    segments: dict[int, range]
    orphans: Sequence[int]

    def ancestors(self, position: int) -> list[int]:
        """Return the positions of the bases of an object, root first."""
        chain: list[int] = []
        position = int(self.parent[position])
        while position >= 0:
            chain.append(position)
            position = int(self.parent[position])
        return chain[::-1]

    def families(self) -> Forest:
        """Return the forest without the roots that nothing is built on."""
        if len(self.depth) >= VECTOR_THRESHOLD:
            from leakscan.git.forest_vector import families_vectorised

            return families_vectorised(self)
        below = [*self.depth[1:], 0]
        kept = [at for at, depth in enumerate(self.depth) if depth or below[at]]
        place = {at: position for position, at in enumerate(kept)} | {-1: -1}
        return Forest(
            start=array("q", map(self.start.__getitem__, kept)),
            stop=array("q", map(self.stop.__getitem__, kept)),
            size=array("q", map(self.size.__getitem__, kept)),
            depth=array("H", map(self.depth.__getitem__, kept)),
            parent=array("i", [place[self.parent[at]] for at in kept]),
            last=array("B", map(self.last.__getitem__, kept)),
            rank=array("I", map(self.rank.__getitem__, kept)),
            segments={
                kind: range(bisect_left(kept, where.start), bisect_left(kept, where.stop))
                for kind, where in self.segments.items()
            },
            orphans=self.orphans,
        )

    def tasks(self) -> list[tuple[int, range]]:
        """Cut all positions into pieces for workers, each with the type of its objects."""
        step = max(_PIECE, 4 * len(self.depth) // MAX_TASKS)
        large = max(LARGE, 4 * self.packed(range(len(self.depth))) // MAX_TASKS)
        return [
            (kind, piece)
            for kind, where in self.segments.items()
            for piece in self.slices(where, step, large)
        ]

    def slices(self, where: range, step: int, large: int = LARGE) -> Iterator[range]:
        """Cut a range into pieces of about ``step`` objects, or fewer if they are large.

        A piece that begins within a tree costs resolving its ancestors again, so it is cut at a
        root if one is near.

        Args:
            where: positions.
            step: objects.
            large: compressed bytes that a piece may have, unless they are of one object.
        """
        low = where.start
        while low < where.stop:
            high = self._root_near(min(low + step, where.stop), where.stop)
            yield from self._halves(range(low, high), large)
            low = high

    def packed(self, where: range) -> int:
        """Return how many bytes the objects at some positions take in the pack."""
        piece = slice(where.start, where.stop)
        return sum(self.stop[piece].tolist()) - sum(self.start[piece].tolist())

    def _halves(self, where: range, large: int) -> Iterator[range]:
        """Halve a range until no part of it keeps a worker busy while the others are done."""
        middle = self._root_near(where.start + (len(where) + 1) // 2, where.stop)
        if middle == where.stop or self.packed(where) <= large:
            yield where
        else:
            yield from self._halves(range(where.start, middle), large)
            yield from self._halves(range(middle, where.stop), large)

    def _root_near(self, position: int, stop: int) -> int:
        near = min(position + _NEAR, stop)
        return next((at for at in range(position, near) if not self.depth[at]), position)


ONE_PLACE = "its index gives two objects one place"


def plant(pack: Pack) -> Forest:
    """Build the forest of a pack.

    Raises:
        DamagedError: the index is corrupt.
    """
    if pack.count >= VECTOR_THRESHOLD:
        from leakscan.git.forest_vector import plant_vectorised

        return plant_vectorised(pack)
    return plant_plainly(pack)


def plant_plainly(pack: Pack) -> Forest:
    """Build a forest object by object; the reference for `plant_vectorised`.

    Raises:
        DamagedError: the index is corrupt.
    """
    offsets = pack.offsets()
    ranks = sorted(range(pack.count), key=offsets.__getitem__)
    starts = [offsets[rank] for rank in ranks]
    place = {offset: at for at, offset in enumerate(starts)}
    if len(place) < len(starts):
        raise DamagedError(ONE_PLACE)
    # One that is damaged has no type, and so becomes an orphan.
    headers = [
        (0, 0, 0, None) if header is None or header[1] > MAX_SIZE else header
        for header in pack.headers(starts)
    ]
    kinds, sizes, begins, bases = zip(*headers, strict=True) if headers else ((), (), (), ())
    stops = [min(offset, pack.end) for offset in starts[1:]] + [pack.end]

    children: dict[int, list[int]] = {}
    roots: list[int] = []
    for at, base in enumerate(bases):
        if base is None:
            roots += (at,) if kinds[at] in TYPE_NAMES else ()
            continue
        rank = pack.rank(base) if isinstance(base, bytes) else None
        start = base if isinstance(base, int) else None if rank is None else offsets[rank]
        if start in place:
            children.setdefault(place[start], []).append(at)
    roots.sort(key=kinds.__getitem__)
    nodes, depths, parents, lasts = _depth_first(roots, children)
    firsts = [(kinds[nodes[at]], at) for at, depth in enumerate(depths) if not depth]
    return Forest(
        start=array("q", map(begins.__getitem__, nodes)),
        stop=array("q", map(stops.__getitem__, nodes)),
        size=array("q", map(sizes.__getitem__, nodes)),
        depth=depths,
        parent=parents,
        last=lasts,
        rank=array("I", map(ranks.__getitem__, nodes)),
        segments=segments(firsts, len(nodes)),
        orphans=[ranks[at] for at in sorted(set(range(len(starts))).difference(nodes))],
    )


def segments(roots: Iterable[tuple[int, int]], total: int) -> dict[int, range]:
    """Cut ``total`` positions into one range a type.

    Args:
        roots: type and position of each root, in order; the types ascend.
        total: number of positions.
    """
    first: dict[int, int] = {}
    for kind, position in roots:
        first.setdefault(kind, position)
    if not first:
        return {}
    ends = [*list(first.values())[1:], total]
    return {kind: range(start, end) for (kind, start), end in zip(first.items(), ends, strict=True)}


def _depth_first(
    roots: list[int], children: dict[int, list[int]]
) -> tuple[list[int], array[int], array[int], array[int]]:
    """Order a forest depth first, smaller subtrees first, level by level.

    Returns:
        By position: node, depth, position of its base (-1 for a root), and 1 where it is the last
        that is built on that.
    """
    levels = [roots]
    while levels[-1] and len(levels) <= MAX_DEPTH:
        levels.append([node for at in levels[-1] if at in children for node in children[at]])
    weight = _weigh(levels, children)
    position: dict[int, int] = {}
    total = 0
    for root in roots:
        position[root] = total
        total += weight.get(root, 1)
    depths, parents, lasts = (array(*of) * total for of in (("H", [0]), ("i", [-1]), ("B", [1])))
    for depth, level in enumerate(levels[:-1], 1):
        for at in level:
            if at not in children:
                continue
            below = children[at]
            if len(below) > 1:
                below = sorted(below, key=lambda node: weight.get(node, 1))
            base = position[at]
            place = base + 1
            for node in below:
                position[node], depths[place], parents[place] = place, depth, base
                lasts[place] = node == below[-1]
                place += weight.get(node, 1)
    nodes = [0] * total
    for node, place in position.items():
        nodes[place] = node
    return nodes, depths, parents, lasts


def _weigh(levels: list[list[int]], children: dict[int, list[int]]) -> dict[int, int]:
    """Count the objects of each subtree, within these levels, that is larger than one."""
    weight: dict[int, int] = {}
    for level in levels[-2::-1]:
        for at in level:
            if at in children:
                weight[at] = 1 + sum([weight.get(node, 1) for node in children[at]])
    return weight

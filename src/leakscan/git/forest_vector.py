"""`plant_plainly` for large packs: the same forest, computed with numpy column by column.

Nothing here costs Python time an object; memory is stated in bench/memory.md.
"""

from __future__ import annotations

import os
from typing import Any

# The linear algebra that numpy would start threads for is not used here; starting them
# costs time, and they would stand in the way of forking.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from leakscan.git.damage import DamagedError
from leakscan.git.forest import MAX_DEPTH, MAX_SIZE, ONE_PLACE, Forest, segments
from leakscan.git.pack import OFS_DELTA, REF_DELTA, Pack

Ints = NDArray[np.int64]

_PLACE = 32
"""Bits of a place in a column."""

_FITTING = (1 << 31) - 1
"""The largest number that can be put before those bits."""

BLOCK = 1 << 16
"""Entries whose headers are parsed at a time: bounds temporary columns and mapped pages."""


def plant_vectorised(pack: Pack) -> Forest:
    """Build the forest of a pack of any size.

    Raises:
        DamagedError: the index is corrupt.
    """
    offset, rank = _offsets(pack)
    count = len(offset)
    if (offset[1:] == offset[:-1]).any():
        raise DamagedError(ONE_PLACE)
    kind = np.zeros(count, np.uint8)
    size = np.zeros(count, np.int64)
    start = offset.copy()
    base = np.full(count, -1, np.int32)
    for low in range(0, count, BLOCK):
        block = slice(low, min(low + BLOCK, count))
        pack.expect(int(offset[low]), int(offset[block.stop - 1]))
        _parse_headers(pack, offset, block, kind, size, start, base, rank)
        pack.forget_pages()
    stop = np.minimum(np.append(offset[1:], pack.end), pack.end)
    del offset

    roots = np.flatnonzero((kind >= 1) & (kind <= 4))
    roots = roots[_argsort(kind[roots])]
    position, depth, parent, last = _depth_first(roots, base, count)
    # position[at] is where the object at `at` goes, -1 for orphans: invert it.
    placed = np.flatnonzero(position >= 0)
    at = np.empty(len(placed), np.int64)
    at[position[placed]] = placed
    starts = zip(kind[roots].tolist(), position[roots].tolist(), strict=True)
    return Forest(
        start=start[at],
        stop=stop[at],
        size=size[at],
        depth=depth[at],
        parent=parent[at],
        last=last[at],
        rank=rank[at],
        segments=segments(starts, len(placed)),
        orphans=rank[np.flatnonzero(position < 0)].tolist(),
    )


def families_vectorised(forest: Forest) -> Forest:
    """Do as `Forest.families`, column by column."""
    depth = np.asarray(forest.depth)
    kept = np.flatnonzero((depth > 0) | (np.append(depth[1:], 0) > 0))
    place = np.full(len(depth) + 1, -1, np.int32)  # the last one is that of no base, -1
    place[kept] = np.arange(len(kept), dtype=np.int32)
    ends = {kind: (where.start, where.stop) for kind, where in forest.segments.items()}
    return Forest(
        start=np.asarray(forest.start)[kept],
        stop=np.asarray(forest.stop)[kept],
        size=np.asarray(forest.size)[kept],
        depth=depth[kept],
        parent=place[np.asarray(forest.parent)[kept]],
        last=np.asarray(forest.last)[kept],
        rank=np.asarray(forest.rank)[kept],
        segments={kind: range(*np.searchsorted(kept, end).tolist()) for kind, end in ends.items()},
        orphans=forest.orphans,
    )


def _offsets(pack: Pack) -> tuple[Ints, NDArray[np.uint32]]:
    """Return the offsets of all entries, ascending, and their ranks in the index."""
    raw = np.frombuffer(pack.index, ">u4", pack.count, pack.offsets_at).astype(np.int64)
    large = np.flatnonzero(raw & 0x80000000)
    if len(large):
        wide = np.frombuffer(
            pack.index,
            ">u8",
            (len(pack.index) - 2 * pack.hash_size - pack.large_at) // 8,
            pack.large_at,
        )
        places = raw[large] & 0x7FFFFFFF
        if places.max() >= len(wide):
            raise DamagedError("its index points outside itself")
        raw[large] = wide[places].astype(np.int64)
    rank = _argsort(raw).astype(np.uint32)
    return raw[rank], rank


def _argsort(numbers: NDArray[Any]) -> Ints:
    """Do as numpy's stable one, several times as fast: numbers that differ are sorted as they are.

    Args:
        numbers: none negative.
    """
    if not len(numbers) or numbers.max() > _FITTING:
        return np.argsort(numbers, kind="stable")
    different = numbers.astype(np.int64) << _PLACE | np.arange(len(numbers))
    different.sort()
    return different & (1 << _PLACE) - 1


def _parse_headers(
    pack: Pack,
    offset: Ints,
    block: slice,
    kind: NDArray[np.uint8],
    size: Ints,
    start: Ints,
    base: NDArray[np.int32],
    rank: NDArray[np.uint32],
) -> None:
    """Parse the entry headers of one block of entries into the columns.

    One pass over the block for each further byte of the variable-length numbers.  Entries
    that claim nonsense keep type 0.
    """
    data = np.frombuffer(pack.data, np.uint8)
    limit = len(data) - 1
    at = offset[block].copy()
    good = (at >= 0) & (at < pack.end)
    byte = data[np.clip(at, 0, limit)]
    kinds = np.where(good, byte >> 4 & 7, 0).astype(np.uint8)
    sizes = (byte & 15).astype(np.int64)
    shift = 4
    more = np.flatnonzero((byte & 0x80 > 0) & good)
    at += 1
    while len(more) and shift < 62:
        byte = data[np.minimum(at[more], limit)]
        kinds[more[byte & 0x7F > MAX_SIZE >> shift]] = 0  # what follows would overflow
        sizes[more] |= (byte & 0x7F).astype(np.int64) << shift
        at[more] += 1
        shift += 7
        more = more[byte & 0x80 > 0]
    kinds[more] = 0
    kinds[(sizes > MAX_SIZE) | (sizes < 0)] = 0

    by_offset = np.flatnonzero(kinds == OFS_DELTA)
    if len(by_offset):
        distance, at[by_offset] = _distances(data, at[by_offset], limit)
        found = offset[block][by_offset] - distance
        base[block.start + by_offset] = _exact(offset, found)
    by_name = np.flatnonzero(kinds == REF_DELTA)
    if len(by_name):
        base[block.start + by_name] = _named_bases(pack, at[by_name], rank)
        at[by_name] += pack.hash_size
    kind[block], size[block], start[block] = kinds, sizes, at


def _distances(data: NDArray[np.uint8], at: Ints, limit: int) -> tuple[Ints, Ints]:
    """Parse the backward distances of OFS_DELTA entries; return them and where they end."""
    at = at.copy()
    byte = data[np.minimum(at, limit)]
    distance = (byte & 0x7F).astype(np.int64)
    at += 1
    more = np.flatnonzero(byte & 0x80)
    for _ in range(8):
        if not len(more):
            break
        byte = data[np.minimum(at[more], limit)]
        distance[more] = distance[more] + 1 << 7 | (byte & 0x7F)
        at[more] += 1
        more = more[byte & 0x80 > 0]
    distance[more] = 0  # longer than any pack: its base is then itself, so an orphan
    return distance, at


def _exact(offset: Ints, wanted: Ints) -> NDArray[np.int32]:
    """Return the places of ``wanted`` in sorted ``offset``; -1 where it is not there."""
    place = np.minimum(np.searchsorted(offset, wanted), len(offset) - 1)
    return np.where(offset[place] == wanted, place, -1).astype(np.int32)


def _named_bases(pack: Pack, at: Ints, rank: NDArray[np.uint32]) -> NDArray[np.int32]:
    """Return the places of the bases that REF_DELTA entries name; -1 where not in the pack."""
    place_of_rank = np.empty(len(rank), np.int32)
    place_of_rank[rank] = np.arange(len(rank), dtype=np.int32)
    names = [pack.data[a : a + pack.hash_size] for a in at.tolist()]
    ranks = [pack.rank(name) if len(name) == pack.hash_size else None for name in names]
    found = np.array([-1 if r is None else r for r in ranks], np.int64)
    return np.where(found < 0, -1, place_of_rank[found]).astype(np.int32)


def _depth_first(
    roots: Ints, base: NDArray[np.int32], count: int
) -> tuple[Ints, NDArray[np.uint16], NDArray[np.int32], NDArray[np.uint8]]:
    """Order a forest depth first, smaller subtrees first, level by level.

    Returns, by place: position (-1 for what no root leads to), depth, the position of the
    base (-1 for roots) and whether it is its base's last child; the last three by place too.
    """
    deltas = np.flatnonzero(base >= 0)
    grouped = deltas[_argsort(base[deltas])]
    first = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(base[deltas], minlength=count), out=first[1:])

    levels = [roots]
    while len(levels[-1]) and len(levels) <= MAX_DEPTH:
        levels.append(_children(levels[-1], grouped, first))
    weight = np.ones(count, np.int64)
    for level in reversed(levels[1:]):
        np.add.at(weight, base[level], weight[level])

    position = np.full(count, -1, np.int64)
    depth = np.zeros(count, np.uint16)
    last = np.ones(count, np.uint8)
    position[roots] = np.cumsum(weight[roots]) - weight[roots]
    for number, unsorted in enumerate(levels[1:], 1):
        if not len(unsorted):
            break
        by_weight = base[unsorted].astype(np.int64) << 32 | weight[unsorted]
        level = unsorted[np.argsort(by_weight, kind="stable")]
        parent = base[level]
        new_group = np.append(True, parent[1:] != parent[:-1])
        before = np.cumsum(weight[level]) - weight[level]
        group = np.cumsum(new_group) - 1
        position[level] = position[parent] + 1 + before - before[new_group][group]
        depth[level] = number
        last[level] = np.append(new_group[1:], True)
    parent_position = np.full(count, -1, np.int32)
    below = depth > 0
    parent_position[below] = position[base[below]]
    return position, depth, parent_position, last


def _children(level: Ints, grouped: Ints, first: Ints) -> Ints:
    """Return all children of the objects of one level, grouped by parent."""
    counts = first[level + 1] - first[level]
    total = int(counts.sum())
    if not total:
        return np.empty(0, np.int64)
    skipped = np.repeat(first[level] - (np.cumsum(counts) - counts), counts)
    return grouped[skipped + np.arange(total)]

"""Make the index of a pack (gitformat-pack(5)), which git's own program takes far longer for."""

from __future__ import annotations

import struct
import sys
from array import array
from collections import Counter
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING

from leakscan.git.damage import DamagedError
from leakscan.git.forest import VECTOR_THRESHOLD
from leakscan.git.fork import fork_map
from leakscan.git.ids import new_digest, object_digest, object_id
from leakscan.git.sift import FORKED
from leakscan.git.walk import Streamed, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leakscan.git.forest import Forest
    from leakscan.git.pack import Mapped, Pack

_MAGIC = b"\xfftOc\0\0\0\2"

_LARGE = 0x80000000


def numbered_index(offsets: Sequence[int], data: Mapped, hash_size: int) -> bytes:
    """Make an index whose ids are numbers, in the order of the pack: nobody knows the true ones.

    It serves to read a pack whose deltas name no base by its id.
    """
    if len(offsets) < VECTOR_THRESHOLD:
        names = b"".join([number.to_bytes(hash_size) for number in range(len(offsets))])
    else:
        import numpy as np

        numbers = np.arange(len(offsets), dtype=">u4").view(np.uint8).reshape(-1, 4)
        names = np.pad(numbers, ((0, 0), (hash_size - 4, 0))).tobytes()
    return _index([len(offsets)] * 256, names, offsets, data)


def true_index(
    pack: Pack, forest: Forest, jobs: int, heed: Callable[[int], None] = lambda _size: None
) -> bytes:
    """Make the index of a pack that has a numbered one.

    Args:
        pack: the pack.
        forest: its forest.
        jobs: worker processes.
        heed: told the bytes of each object that was read; what it raises ends the work, if there
            is one process.

    Raises:
        DamagedError: an object cannot be read.
    """
    if forest.orphans:
        raise DamagedError("a chain of delta bases leads nowhere")
    names = [b""] * pack.count
    size, tasks = pack.hash_size, forest.tasks()
    work = partial(_ids_of_piece, pack, forest, heed)
    for task, ids in fork_map(work, tasks, jobs if pack.count > FORKED else 1):
        where = tasks[task][1]
        if ids is None or len(ids) != size * len(where):
            raise DamagedError("an object cannot be read")
        for number, rank in enumerate(forest.rank[where.start : where.stop].tolist()):
            names[rank] = ids[number * size : (number + 1) * size]
    order = sorted(range(pack.count), key=names.__getitem__)
    offsets = pack.offsets()
    heads = Counter(name[0] for name in names)
    fanout = accumulate(heads[first] for first in range(256))
    joined = b"".join([names[rank] for rank in order])
    return _index(list(fanout), joined, [offsets[rank] for rank in order], pack.data)


def _ids_of_piece(
    pack: Pack, forest: Forest, heed: Callable[[int], None], task: tuple[int, range]
) -> bytes:
    """Return the ids of the objects at some positions, joined; too few if one cannot be read."""
    kind, where = task
    ids: list[bytes] = []
    for _, content, _ in resolve(pack, forest, where):
        if isinstance(content, bytes):
            heed(len(content))
            ids.append(object_id(kind, content, pack.hash_size))
        elif isinstance(content, Streamed):
            digest = object_digest(kind, content.size, pack.hash_size)
            try:
                for piece in content.chunks:
                    heed(len(piece))
                    digest.update(piece)
            except DamagedError:
                break
            ids.append(digest.digest())
        else:
            break
    pack.forget_pages()
    return b"".join(ids)


def _index(fanout: Sequence[int], names: bytes, offsets: Sequence[int], data: Mapped) -> bytes:
    """Put an index together.

    Args:
        fanout: by the first byte of an id, how many have that one or a lower one.
        names: the ids, ascending and joined.
        offsets: of each, where it begins.
        data: the pack.
    """
    hash_size = len(names) // len(offsets)
    large = [offset for offset in offsets if offset >= _LARGE]
    place = {offset: number for number, offset in enumerate(large)}
    small = array("I", (_LARGE | place[at] if at >= _LARGE else at for at in offsets))
    if sys.byteorder == "little":
        small.byteswap()
    content = b"".join(
        (
            _MAGIC,
            struct.pack(">256I", *fanout),
            names,
            # The check sums of entries, which git looks at only when it copies them to a pack.
            bytes(4 * len(offsets)),
            small.tobytes(),
            struct.pack(f">{len(large)}Q", *large),
            data[-hash_size:],
        )
    )
    digest = new_digest(hash_size)
    digest.update(content)
    return content + digest.digest()

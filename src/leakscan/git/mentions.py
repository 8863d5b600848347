"""Find every place where any of many object ids stands in a mass of raw data."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import hyperscan

if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable, Collection, Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

_TRIM = 2
"""Bytes of an id that a delta may have copied along with its neighbours by coincidence.

An id is searched for without its first and last bytes: the chance that still more of them
equal those of the id that it replaced is one in 2**24 an end and a replacement.
"""

_WINDOW = 8 << 20
"""Bytes searched at a time."""

_MANY = 1000
"""Ids from which on numpy is faster: hyperscan takes 17 us to compile each."""

_KEY = 0xFFFFF
"""Bits of an id that are looked up first; the table of them fits a processor's cache."""


class Wanted:
    """A set of object ids to search for.

    Args:
        oids: the ids.
        hash_size: bytes of each.
        in_pieces: whether the data come a little at a time, for which numpy is slow.
    """

    def __init__(self, oids: Collection[bytes], hash_size: int, *, in_pieces: bool = False) -> None:
        self._in_pieces = in_pieces
        self._length = hash_size - 2 * _TRIM
        self._oids: dict[bytes, list[bytes]] = {}
        for oid in oids:
            self._oids.setdefault(oid[_TRIM : hash_size - _TRIM], []).append(oid)

    def mentions(self, data: bytes | mmap.mmap, size: int) -> Iterator[tuple[int, bytes]]:
        """Yield where in the first ``size`` bytes each trimmed id ends, ascending, and the id."""
        for begin in range(0, size, _WINDOW):
            window = data[begin : min(size, begin + _WINDOW + self._length - 1)]
            for start in self._find(window):
                for oid in self._oids.get(window[start : start + self._length], ()):
                    yield begin + start + self._length, oid

    @cached_property
    def _find(self) -> Callable[[bytes], Iterable[int]]:
        """What says where in a window trimmed ids begin; perhaps where none does, too."""
        are_many = len(self._oids) > _MANY and not self._in_pieces
        return self.with_numpy() if are_many else self.with_hyperscan()

    def with_hyperscan(self) -> Callable[[bytes], Iterable[int]]:
        """Return what finds few ids."""
        database = hyperscan.Database()
        database.compile(
            expressions=[b"".join(b"\\x%02x" % byte for byte in core) for core in self._oids],
            flags=[hyperscan.HS_FLAG_DOTALL] * len(self._oids),
        )
        starts: list[int] = []

        def on_hit(_id: int, _start: int, end: int, _flags: int, _context: object) -> None:
            starts.append(end - self._length)

        def find(window: bytes) -> list[int]:
            starts.clear()
            database.scan(window, on_hit)
            return starts

        return find

    def with_numpy(self) -> Callable[[bytes], Iterable[int]]:
        """Return what finds many: four bytes are looked up in a table, then eight."""
        import numpy as np

        cores = np.frombuffer(b"".join(core[:8] for core in self._oids), "<u8")
        known = np.sort(cores)
        table = np.zeros(_KEY + 1, bool)
        table[cores & _KEY] = True

        def find(window: bytes) -> list[int]:
            last = len(window) - self._length
            if last < 0:
                return []
            starts = np.sort(np.concatenate([every_fourth(window, at, last) for at in range(4)]))
            eights = np.lib.stride_tricks.sliding_window_view(np.frombuffer(window, np.uint8), 8)
            keys = eights[starts].view("<u8").ravel()
            place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
            found: list[int] = starts[known[place] == keys].tolist()
            return found

        def every_fourth(window: bytes, first: int, last: int) -> NDArray[np.int64]:
            if first > last:
                return np.empty(0, np.int64)
            keys = np.frombuffer(window, "<u4", (last - first) // 4 + 1, first)
            known_keys = table.take((keys & _KEY).astype(np.intp), mode="wrap")
            return np.flatnonzero(known_keys) * 4 + first

        return find

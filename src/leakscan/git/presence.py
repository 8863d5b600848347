"""Is an object here?  Asked of millions of ids, answered without a Python object for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leakscan.git.forest import VECTOR_THRESHOLD

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from leakscan.git.pack import Pack

KEY = 8
"""Leading bytes of an id that stand for all of it: by chance no two objects share them."""

# git knows these trees without having them.
EMPTY_TREES = frozenset(
    bytes.fromhex(name)
    for name in (
        "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
        "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
    )
)


class Presence:
    """The ids of all objects of a repository.

    Args:
        packs: its packs.
        loose: ids of its loose objects.
    """

    def __init__(self, packs: Iterable[Pack], loose: Iterable[bytes]) -> None:
        self._few: set[bytes] = set(loose) | EMPTY_TREES
        self._many: list[NDArray[np.uint64]] = []
        for pack in packs:
            if pack.count < VECTOR_THRESHOLD:
                self._few.update(pack.oid(rank) for rank in range(pack.count))
            else:
                self._many.append(_keys(_names(pack)))

    def absent(self, oids: Iterable[bytes]) -> set[bytes]:
        """Return those of ``oids`` that no pack or loose object has."""
        absent = set(oids) - self._few
        if not self._many or not absent:
            return absent
        import numpy as np

        wanted = list(absent)
        keys = np.frombuffer(b"".join(oid[:KEY] for oid in wanted), ">u8").astype(np.uint64)
        missing = np.ones(len(wanted), bool)
        for known in self._many:
            place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
            missing &= known[place] != keys
        return {wanted[at] for at in np.flatnonzero(missing).tolist()}


def _names(pack: Pack) -> NDArray[Any]:
    """Return the sorted ids of a pack as rows of bytes."""
    import numpy as np

    size = pack.count * pack.hash_size
    return np.frombuffer(pack.index, np.uint8, size, pack.names_at).reshape(-1, pack.hash_size)


def _keys(names: NDArray[Any]) -> NDArray[np.uint64]:
    import numpy as np

    return np.ascontiguousarray(names[:, :KEY]).view(">u8").ravel().astype(np.uint64)

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
        hash_size: bytes of an object id.
    """

    def __init__(self, packs: Iterable[Pack], loose: Iterable[bytes], hash_size: int) -> None:
        self._hash_size = hash_size
        self._few: set[bytes] = set(loose) | EMPTY_TREES
        self._many: list[NDArray[np.uint64]] = []
        for pack in packs:
            if pack.count < VECTOR_THRESHOLD:
                self._few.update(pack.oids())
            else:
                self._many.append(_keys(_names(pack)))

    def absent(self, named: bytes) -> set[bytes]:
        """Return those of the ids joined in ``named`` that no pack or loose object has."""
        size = self._hash_size
        if not self._many:
            return {named[at : at + size] for at in range(0, len(named), size)} - self._few
        import numpy as np

        keys = _keys(np.frombuffer(named, np.uint8).reshape(-1, size))
        missing = np.sort(keys)  # neighbours are looked up in the same pages of memory
        for known in self._many:
            place = np.minimum(np.searchsorted(known, missing), len(known) - 1)
            missing = missing[known[place] != missing]
        places = (np.flatnonzero(np.isin(keys, missing)) * size).tolist() if len(missing) else ()
        return {named[at : at + size] for at in places} - self._few


def _names(pack: Pack) -> NDArray[Any]:
    """Return the sorted ids of a pack as rows of bytes."""
    import numpy as np

    size = pack.count * pack.hash_size
    return np.frombuffer(pack.index, np.uint8, size, pack.names_at).reshape(-1, pack.hash_size)


def _keys(names: NDArray[Any]) -> NDArray[np.uint64]:
    import numpy as np

    return np.ascontiguousarray(names[:, :KEY]).view(">u8").ravel().astype(np.uint64)

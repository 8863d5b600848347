"""Search objects that are built on one another: what is rare only in what each adds to its base.

A version of a file is mostly what the version before it was.  What can be looked for fast is looked
for in all of it.  Hundreds of rare spellings take longer, and are looked for in what the delta
brings; only where that holds a sign, or something was found in the base, all of it is searched.
A sign has several bytes, and git's deltas insert new text in one piece.  What is exotic is not
looked for where there are many objects.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from leakscan.git.damage import DamagedError
from leakscan.git.inflate import inflate
from leakscan.git.pack import BLOB, TREE
from leakscan.git.walk import LARGEST_IN_MEMORY, STREAMED, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from leakscan.git.forest import Forest
    from leakscan.git.pack import Pack
    from leakscan.git.walk import Content

Found = TypeVar("Found")
Found_co = TypeVar("Found_co", covariant=True)


class Searcher(Protocol[Found_co]):
    """What objects are searched with; what it finds must pickle.

    What is *known* is made of objects in which nothing rare was found, and takes less.
    """

    def search(self, data: bytes, *, exotic: bool = True) -> Sequence[Found_co]:
        """Search a commit, a tag or a tree, for what is exotic or not."""
        ...

    def search_known(self, data: bytes) -> Sequence[Found_co]:
        """Search a commit or a tag that is known."""
        ...

    def search_known_names(self, data: bytes) -> Sequence[Found_co]:
        """Search a tree that is known."""
        ...

    def search_blob(self, data: bytes, *, exotic: bool = True) -> Sequence[Found_co]:
        """Search the content of a file, for what is exotic or not."""
        ...

    def search_known_blob(self, data: bytes) -> Sequence[Found_co]:
        """Search the content of a file that is known."""
        ...

    def suspects(self, data: bytes, *, exotic: bool = True) -> bool:
        """Tell whether `search` and `search_blob` would look at data closer."""
        ...

    def search_container(self, data: bytes) -> Sequence[Found_co]:
        """Search what the content of a file may hide in which nothing is suspected."""
        ...

    def search_stream(self, chunks: Iterable[bytes]) -> Iterable[Found_co]:
        """Search the content of a file that is too large to hold."""
        ...

    def sign_test(self, *, exotic: bool) -> Callable[[bytes], bool]:
        """Return what tells whether data hold a sign of anything, or the last part of one."""
        ...


def searching(searcher: Searcher[Found], kind: int) -> Callable[..., Sequence[Found]]:
    """Return what searches objects of a type."""
    return searcher.search_blob if kind == BLOB else searcher.search


def _searching_known(searcher: Searcher[Found], kind: int) -> Callable[[bytes], Sequence[Found]]:
    if kind == BLOB:
        return searcher.search_known_blob
    return searcher.search_known_names if kind == TREE else searcher.search_known


def search_versions(
    pack: Pack,
    forest: Forest,
    task: tuple[int, range],
    searcher: Searcher[Found],
    *,
    streamed: int = LARGEST_IN_MEMORY,
    whole: bool = True,
) -> Iterator[tuple[int, Content, bytes | None, Sequence[Found]]]:
    """Resolve the objects at a range of positions, and search them.

    Args:
        pack: the pack.
        forest: its forest.
        task: type of the objects, and their positions.
        searcher: what to search with.
        streamed: as for `resolve`.
        whole: whether to search what is stored whole; else nothing was found in any of that.

    Yields:
        The position of each object, its content, the delta that made it, and what was found.
        What is not held as bytes is not searched.
    """
    kind, where = task
    resolved = resolve(pack, forest, where, streamed)
    found: Sequence[Found]
    is_large = len(forest.depth) > MANY
    if kind == TREE and is_large:
        search_names = searcher.search_known_names
        for position, content, delta in resolved:
            found = search_names(content) if isinstance(content, bytes) else ()
            yield position, content, delta, found
        return
    search = partial(searching(searcher, kind), exotic=not is_large)
    suspects = partial(searcher.suspects, exotic=not is_large)
    search_known, is_blob = _searching_known(searcher, kind), kind == BLOB
    holds_sign = searcher.sign_test(exotic=not is_large)
    depths = forest.depth[where.start : where.stop].tolist()
    # Depth of the nearest object in which something may stand and that what follows is built on.
    below = _depth_of_sign(pack, forest, where.start, holds_sign)
    for (position, content, delta), depth in zip(resolved, depths, strict=True):
        found = ()
        if depth <= below:
            below = _NOWHERE
        if not isinstance(content, bytes):
            below = min(below, depth)
        elif not depth:
            if suspects(content):
                below = depth
                found = search(content) if whole else ()
            elif whole and is_blob:
                found = searcher.search_container(content)
        elif below < depth:
            found = search(content)
        elif delta is None or holds_sign(delta):  # one that is too large is not given
            if suspects(content):
                below = depth
            found = search(content)
        else:
            found = search_known(content)
        yield position, content, delta, found


MANY = 20_000
"""Objects of one pack from which on nothing exotic is looked for, nor encoded tokens in names."""

_NOWHERE = 1 << 30
"""Deeper than any object."""


def _depth_of_sign(
    pack: Pack, forest: Forest, position: int, holds_sign: Callable[[bytes], bool]
) -> int:
    """Return the depth of the first object with a sign that the one at a position is built on."""
    for depth, at in enumerate(forest.ancestors(position)):
        size = int(forest.size[at])
        entry = pack.view[int(forest.start[at]) : int(forest.stop[at])]
        try:
            if size > STREAMED or holds_sign(inflate(entry, size)):
                return depth
        except DamagedError:
            return depth
    return _NOWHERE

"""Search objects that are built on one another: what is rare only in what each adds to its base.

A version of a file is mostly what the version before it was.  What can be looked for fast is looked
for in all of it.  The rare spellings take longer: where there are many objects, they are looked for
in what the delta brings, and only where that holds a sign, or the base may hold something, in all
of it.  Text is inserted in one piece, but for first bytes that happen to be those that stood there
before: of a sign, the last part will do.
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


if TYPE_CHECKING:
    _Resolved = tuple[int, Content, bytes | None]
    Searched = tuple[int, Content, bytes | None, Sequence[Found]]


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

    def suspects(self, data: bytes) -> bool:
        """Tell whether anything but what is exotic would be looked at closer."""
        ...

    def search_container(self, data: bytes) -> Sequence[Found_co]:
        """Search what the content of a file may hide in which nothing is suspected."""
        ...

    def search_stream(self, chunks: Iterable[bytes]) -> Iterable[Found_co]:
        """Search the content of a file that is too large to hold."""
        ...

    def sign_test(self) -> Callable[[bytes], object]:
        """Return what tells whether data hold the last part of a sign, but of what is exotic."""
        ...


def searching(searcher: Searcher[Found], kind: int) -> Callable[..., Sequence[Found]]:
    """Return what searches objects of a type."""
    return searcher.search_blob if kind == BLOB else searcher.search


def search_versions(
    pack: Pack,
    forest: Forest,
    task: tuple[int, range],
    searcher: Searcher[Found],
    *,
    streamed: int = LARGEST_IN_MEMORY,
    whole: bool = True,
) -> Iterator[Searched[Found]]:
    """Resolve the objects at a range of positions, and search them.

    Args:
        pack: the pack.
        forest: its forest.
        task: type of the objects, and their positions.
        searcher: what to search with.
        streamed: as for `resolve`.
        whole: whether to search what is stored whole; else nothing was found in any of that.

    Returns:
        The position of each object, its content, the delta that made it, and what was found.
        What is not held as bytes is not searched.
    """
    kind, where = task
    resolved = resolve(pack, forest, where, streamed)
    if len(forest.depth) <= MANY:
        return _search_all(forest, resolved, searching(searcher, kind), whole=whole)
    if kind == BLOB:
        return _search_new(pack, forest, where, searcher, resolved, whole=whole)
    known = searcher.search_known_names if kind == TREE else searcher.search_known
    return _search_all(forest, resolved, known, whole=whole)


def _search_all(
    forest: Forest,
    resolved: Iterator[_Resolved],
    search: Callable[[bytes], Sequence[Found]],
    *,
    whole: bool,
) -> Iterator[Searched[Found]]:
    """Search what is resolved, all of it in the same way."""
    for position, content, delta in resolved:
        found: Sequence[Found] = ()
        if isinstance(content, bytes) and (whole or forest.depth[position]):
            found = search(content)
        yield position, content, delta, found


def _search_new(
    pack: Pack,
    forest: Forest,
    where: range,
    searcher: Searcher[Found],
    resolved: Iterator[_Resolved],
    *,
    whole: bool,
) -> Iterator[Searched[Found]]:
    """Do as `search_versions` with files where there are many objects."""
    search, search_known = partial(searcher.search_blob, exotic=False), searcher.search_known_blob
    suspects, holds_sign = searcher.suspects, searcher.sign_test()
    depths = forest.depth[where.start : where.stop].tolist()
    # Depth of the nearest object in which something may stand and that what follows is built on.
    below = _depth_of_sign(pack, forest, where.start, holds_sign)
    found: Sequence[Found]
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
            elif whole:
                found = searcher.search_container(content)
        elif below < depth:
            found = search(content)
        elif delta is None or (
            len(delta) > LEAST and holds_sign(delta)
        ):  # large ones are not given
            if suspects(content):
                below = depth
            found = search(content)
        else:
            found = search_known(content)
        yield position, content, delta, found


MANY = 20_000
"""Objects of one pack from which on what is rare is looked for only in what is new of files, and
what is exotic not at all, nor encoded tokens in names."""

LEAST = 48
"""Bytes of a delta up to which it cannot bring an encoded token."""

_NOWHERE = 1 << 30
"""Deeper than any object."""


def _depth_of_sign(
    pack: Pack, forest: Forest, position: int, holds_sign: Callable[[bytes], object]
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

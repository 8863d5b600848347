"""Search objects that are built on one another: what is rare only in what each adds to its base.

A version of a file is mostly what the version before it was.  What can be looked for fast is looked
for in all of it.  The rare spellings take longer: they are looked for in what the delta brings, and
only where that holds a sign, or the base may hold something, in all of it.  Text is inserted in one
stretch, but for first bytes that happen to be those that stood there before: of a sign, the last
part will do.  A long stretch is cut into pieces of 127 bytes and a rest (gitformat-pack(5)): the
pieces are joined by leaving out what each begins with, and what stands around the last cut is
looked at without what stands in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol, TypeVar

from leakscan.git.damage import DamagedError
from leakscan.git.inflate import inflate
from leakscan.git.pack import BLOB, TREE
from leakscan.git.walk import STREAMED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from leakscan.git.forest import Forest
    from leakscan.git.pack import Pack
    from leakscan.git.walk import Content

Found = TypeVar("Found")
Found_co = TypeVar("Found_co", covariant=True)

MANY = 20_000
"""Objects of one pack from which on names and messages are searched sparingly, too."""

_NOWHERE = 1 << 30
"""Deeper than any object."""

_MOSTLY_NEW = 3
"""Lengths of its delta up to which an object is searched whole at once: that is as fast."""

_CUT = b"\x7f"
"""What the longest piece of an insert begins with, behind which another may follow; part of no
sign."""

_AROUND = 64
"""Bytes on either side of a cut that are looked at: more than the signs of a prefix of sixteen
characters take."""

_MOST_CUTS = 100
"""Cuts that are believed in any case; otherwise there is one in twice `_AROUND` bytes at most, and
what looks like one by chance."""

_stretches_around_last_cuts = re.compile(
    rb"(?s)%b(?=.{%d}[\x01-\x7e])(?=.{%d}(.{%d}))"
    % (_CUT, _CUT[0], _CUT[0] - _AROUND, 2 * _AROUND + 1)
).findall


class Searcher(Protocol[Found_co]):
    """What objects are searched with; what it finds must pickle."""

    def prepare(self) -> None:
        """Get ready to search much: what is forked then need not do so for itself."""
        ...

    def search_text(self, data: bytes) -> Sequence[Found_co]:
        """Search a commit, a tag or a tree."""
        ...

    def search_blob(self, data: bytes) -> Sequence[Found_co]:
        """Search the content of a file."""
        ...

    def search_stream(self, chunks: Iterable[bytes]) -> Iterable[Found_co]:
        """Search the content of a file that is too large to hold."""
        ...

    def sparing(self) -> SparingSearcher[Found_co]:
        """Return what to search files with of which there are many versions, and many objects."""
        ...


class SparingSearcher(Protocol[Found_co]):
    """What objects are searched with that hardly differ."""

    def search_message(self, data: bytes) -> Sequence[Found_co]:
        """Search a commit or a tag."""
        ...

    def search_names(self, data: bytes) -> Sequence[Found_co]:
        """Search a tree."""
        ...

    def search_file(self, data: bytes) -> tuple[Sequence[Found_co], bool]:
        """Search the content of a file; tell whether what is built on it may hold something."""
        ...

    def search_known_file(self, data: bytes) -> Sequence[Found_co]:
        """Search the content of a file that is built on such as hold nothing."""
        ...

    def suspects(self, data: bytes) -> bool:
        """Tell what `search_file` does, and search nothing."""
        ...

    @property
    def brings_sign(self) -> Callable[[bytes], object]:
        """What tells whether what a delta brings may hold something."""
        ...


def searching(searcher: Searcher[Found], kind: int) -> Callable[[bytes], Sequence[Found]]:
    """Return what searches objects of a type."""
    return searcher.search_blob if kind == BLOB else searcher.search_text


def version_search(
    pack: Pack,
    forest: Forest,
    task: tuple[int, range],
    searcher: Searcher[Found],
    *,
    whole: bool = True,
) -> Callable[[Content, bytes | None], Sequence[Found]]:
    """Return what searches the objects at a range of positions, as `resolve` yields them.

    Args:
        pack: the pack.
        forest: its forest.
        task: type of the objects, and their positions.
        searcher: what to search with.
        whole: whether to search what is stored whole; else nothing was found in any of that.

    Returns:
        A function to be called for one after the other, without leaving any out, with its content
        and the delta that made it.  It does not search what is not held as bytes.
    """
    kind, where = task
    depths = forest.depth[where.start : where.stop].tolist()
    sparing = searcher.sparing()
    if kind == BLOB:
        below = _depth_of_sign(pack, forest, where.start, sparing.brings_sign)
        return _file_search(sparing, depths, below, whole=whole)
    if len(forest.depth) <= MANY:
        return _one_by_one(searcher.search_text, depths, whole=whole)
    search = sparing.search_names if kind == TREE else sparing.search_message
    return _one_by_one(search, depths, whole=whole)


def _one_by_one(
    search: Callable[[bytes], Sequence[Found]], depths: Iterable[int], *, whole: bool
) -> Callable[[Content, bytes | None], Sequence[Found]]:
    if whole:
        return lambda content, _delta: search(content) if isinstance(content, bytes) else ()
    depth_of = iter(depths).__next__
    return lambda content, _delta: (
        search(content) if depth_of() and isinstance(content, bytes) else ()
    )


def _file_search(
    searcher: SparingSearcher[Found], depths: Iterable[int], below: int, *, whole: bool
) -> Callable[[Content, bytes | None], Sequence[Found]]:
    """Do as `version_search` with files.

    Args:
        searcher: what to search with.
        depths: of the objects.
        below: depth of the nearest object in which something may stand and that what follows is
            built on.
        whole: as for `version_search`.
    """
    depth_of = iter(depths).__next__
    brings_sign, suspects = searcher.brings_sign, searcher.suspects
    search_file, search_known = searcher.search_file, searcher.search_known_file

    def search(content: Content, delta: bytes | None) -> Sequence[Found]:
        nonlocal below
        depth = depth_of()
        if depth <= below:
            below = _NOWHERE
        found: Sequence[Found] = ()
        is_suspect = True
        if isinstance(content, bytes):
            if (
                depth
                and below == _NOWHERE
                and delta is not None  # of a large object it is not given
                and len(content) > _MOSTLY_NEW * len(delta)
                and not _may_bring(delta, brings_sign)
            ):
                return search_known(content)
            if depth or whole:
                found, is_suspect = search_file(content)
            else:
                is_suspect = suspects(content)
        if is_suspect:
            below = min(below, depth)
        return found

    return search


def _may_bring(delta: bytes, brings_sign: Callable[[bytes], object]) -> bool:
    """Tell whether a delta may bring something; it does if it has more cuts than there can be."""
    joined = delta.replace(_CUT, b"")  # which joins all pieces but a shorter one at the end
    if brings_sign(joined):
        return True
    cuts = len(delta) - len(joined)
    if not cuts:
        return False
    is_hostile = cuts > _MOST_CUTS + len(delta) // _AROUND
    return is_hostile or bool(brings_sign(_around_last_cuts(delta)))


def _around_last_cuts(delta: bytes) -> bytes:
    """Return what stands around the last cut of each insert, and perhaps something else."""
    padded = delta + bytes(_AROUND + 1)  # a cut may be the last byte but one
    joined = bytearray(b"".join(_stretches_around_last_cuts(padded)))
    del joined[_AROUND :: 2 * _AROUND + 1]
    return bytes(joined)


def _depth_of_sign(
    pack: Pack, forest: Forest, position: int, brings_sign: Callable[[bytes], object]
) -> int:
    """Return the depth of the first object with a sign that the one at a position is built on."""
    for depth, at in enumerate(forest.ancestors(position)):
        size = int(forest.size[at])
        entry = pack.view[int(forest.start[at]) : int(forest.stop[at])]
        try:
            if size > STREAMED or _may_bring(inflate(entry, size), brings_sign):
                return depth
        except DamagedError:
            return depth
    return _NOWHERE

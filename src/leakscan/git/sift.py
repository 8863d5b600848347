"""Search what a pack that has just arrived holds as deltas; what it holds whole was searched.

No id is known, so nothing can be said of an object but that something was found in it: then the
pack is indexed and read as any other.  Most hold nothing, and are done with here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from leakscan.git.fork import fork_map
from leakscan.git.versions import version_search
from leakscan.git.walk import resolve

if TYPE_CHECKING:
    from leakscan.git.census import Census, Counted
    from leakscan.git.forest import Forest
    from leakscan.git.pack import Pack
    from leakscan.git.versions import Searcher

FORKED = 3500
"""Objects from which on forking is worth its 6 ms."""


@dataclass(slots=True)
class Sifted:
    """What was read of the deltas of a pack.

    Attributes:
        objects, size: how many were searched, and bytes in them.
        is_plain: whether all could be read and nothing was found.
        counted: by the census, of a part.
    """

    objects: int = 0
    size: int = 0
    is_plain: bool = True
    counted: Counted | None = None


def sift(
    pack: Pack, forest: Forest, searcher: Searcher[object], census: Census, jobs: int
) -> Sifted:
    """Search every delta of a pack.

    Args:
        pack: the pack.
        forest: its forest.
        searcher: what to search with.
        census: told of every delta.
        jobs: worker processes.
    """
    total = Sifted(is_plain=not forest.orphans)
    families = forest.families()
    work = partial(_sift_piece, pack, families, searcher, census)
    jobs = jobs if len(families.depth) > FORKED else 1
    if jobs > 1:
        searcher.prepare()
    for _, part in fork_map(work, families.tasks(), jobs):
        if part is None or not part.is_plain:
            total.is_plain = False
            break
        total.objects += part.objects
        total.size += part.size
        if part.counted:
            census.extend(part.counted)
    return total


def _sift_piece(
    pack: Pack,
    forest: Forest,
    searcher: Searcher[object],
    census: Census,
    task: tuple[int, range],
) -> Sifted:
    """Search the deltas at some positions, up to the first that is not plain."""
    kind = task[0]
    part, own = Sifted(), census.new()
    search = version_search(pack, forest, task, searcher, whole=False)
    for position, content, delta in resolve(pack, forest, task[1]):
        found = search(content, delta)
        if not forest.depth[position]:
            continue
        if found or not isinstance(content, bytes):
            part.is_plain = False
            break
        part.objects += 1
        part.size += len(content)
        own.add(kind, content, delta)  # without a delta, as what is stored whole
    pack.forget_pages()
    part.counted = own.counted()
    return part

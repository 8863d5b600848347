"""Go through every object of a repository, on all processors.

The survey knows nothing of tokens: it is given something to search with, and brings back
what that found, how much was read, what could not be, and what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from leakscan.git.damage import DamagedError
from leakscan.git.fork import MAX_TASKS, fork_map
from leakscan.git.links import Lineages, Links
from leakscan.git.loose import read_loose
from leakscan.git.pack import BLOB, COMMIT, TAG, TREE
from leakscan.git.store import ObjectStore, PlantedPack, loose_path
from leakscan.git.versions import searching, version_search
from leakscan.git.walk import LARGEST_IN_MEMORY, STREAMED, Broken, Content, resolve

if TYPE_CHECKING:
    from pathlib import Path

    from leakscan.git.forest import Forest
    from leakscan.git.versions import Searcher

Found = TypeVar("Found")
Found_co = TypeVar("Found_co", covariant=True)

Progress = Callable[[int, int], None]
"""Told how many objects of how many have been read."""

LINK_CHECKED = 20_000
"""Trees of one pack up to which every tree is checked for naming missing objects.

In larger packs every commit and tag and each tree stored whole is checked, which is about
one version of every directory; checking the rest would cost as much as the scan.
"""

_SLICE = 1500
"""Objects a task, unless there are too many tasks: enough to make forking cheap."""

_TASKS = 16
"""Tasks that few objects are cut into, of `_FEWEST` at least, lest a process waits for another."""

_FEWEST = 300

_MAPPED = 16 << 20
"""Bytes of a pack that a process reads before it gives their pages back."""

_FORKED, _FORKED_BYTES = 3500, 2 << 20
"""Objects, and bytes of packs, from which on forking is worth its 6 ms."""

_NAMED = 16 << 20
"""Bytes of ids that are collected before it is looked up whether the objects are here."""

_READ_ORDER = (BLOB, TREE, COMMIT, TAG)
"""Longest tasks first, so that no processor waits for a long one at the end."""


@dataclass(frozen=True, slots=True)
class Hit(Generic[Found_co]):
    """What the search found in one object.

    Attributes:
        is_shadowed: whether who reads the id gets another object, as in a hostile repository.
    """

    oid: bytes
    type: int
    found: tuple[Found_co, ...]
    is_shadowed: bool = False


@dataclass(slots=True)
class Portion(Generic[Found]):
    """The result of a part of the survey.

    Attributes:
        objects: how many were read whole.
        size: bytes in them.
        hits: what was found.
        broken: object id and reason of each object that could not be read.
        missing: ids that objects name but the repository does not have, with the id and
            type of one that names them.
        lineages: what the commits name, if there are any.
    """

    objects: int = 0
    size: int = 0
    hits: list[Hit[Found]] = field(default_factory=list)
    broken: list[tuple[bytes, str]] = field(default_factory=list)
    missing: dict[bytes, tuple[bytes, int]] = field(default_factory=dict)
    lineages: Lineages | None = None

    def add(self, other: Portion[Found]) -> None:
        """Take in the result of another part."""
        self.objects += other.objects
        self.size += other.size
        self.hits += other.hits
        self.broken += other.broken
        self.missing |= other.missing
        if other.lineages:
            if self.lineages is None:
                self.lineages = other.lineages
            else:
                self.lineages.extend(other.lineages)


@dataclass(frozen=True, slots=True)
class _PackSlice:
    planted: PlantedPack
    type: int
    where: range

    def __len__(self) -> int:
        return len(self.where)


_Loose = tuple[bytes, "Path"]
"""The id of a loose object and an object directory that holds it."""


@dataclass(frozen=True, slots=True)
class _LooseSlice:
    found: Sequence[_Loose]

    def __len__(self) -> int:
        return len(self.found)


_Task = _PackSlice | _LooseSlice


class Survey(Generic[Found]):
    """One pass over the objects of a store.

    Args:
        store: the repository's objects.
        searcher: what to search each object with.
        jobs: worker processes.
    """

    def __init__(
        self,
        store: ObjectStore,
        searcher: Searcher[Found],
        *,
        jobs: int,
    ) -> None:
        self._store = store
        self._searcher = searcher
        self._jobs = jobs
        self._links = Links(store.hash_size)
        self._presence = store.presence
        self._mapped = 0

    @property
    def checks_all_links(self) -> bool:
        """Whether no pack is so large that some of its trees are not checked."""
        return all(
            len(planted.forest.segments.get(TREE, ())) <= LINK_CHECKED
            for planted in self._store.packs
        )

    def run(
        self,
        progress: Progress = lambda _done, _total: None,
        hear: Callable[[Sequence[Hit[Found]]], None] = lambda _hits: None,
    ) -> Portion[Found]:
        """Read everything, including what another process packs meanwhile.

        Args:
            progress: told how much has been read.
            hear: told of hits as soon as they are found; they are in the result, too.
        """
        total: Portion[Found] = Portion()
        packs: list[PlantedPack] = self._store.packs
        loose = self._loose()
        seen = set(loose)
        while packs or loose:
            self._read(packs, loose, total, progress, hear)
            packs = self._store.refresh()
            loose = [found for found in self._loose() if found not in seen]
            seen.update(loose)
        # What one round missed, a later one may have brought.
        absent = self._store.absent(total.missing)
        total.missing = {oid: by for oid, by in total.missing.items() if oid in absent}
        return total

    def _loose(self) -> list[_Loose]:
        """List the loose objects; one may lie in more than one place, each of which is read."""
        return [(oid, folder) for oid, folders in self._store.loose.items() for folder in folders]

    def _read(
        self,
        packs: Sequence[PlantedPack],
        loose: Sequence[_Loose],
        total: Portion[Found],
        progress: Progress,
        hear: Callable[[Sequence[Hit[Found]]], None],
    ) -> None:
        self._presence = self._store.presence
        tasks: list[_Task] = [*self._pack_slices(packs, total), *_loose_slices(loose)]
        size = total.objects + sum(len(task) for task in tasks)
        are_large = sum(map(_weight, packs)) > _FORKED_BYTES
        jobs = self._jobs if are_large or size - total.objects > _FORKED else 1
        if jobs > 1 and are_large:
            self._searcher.prepare()
        for low in range(0, len(tasks), MAX_TASKS):
            batch = tasks[low : low + MAX_TASKS]
            for index, portion in fork_map(self._do, batch, jobs):
                read = _lost(batch[index]) if portion is None else portion
                if read.hits:
                    hear(read.hits)
                total.add(read)
                progress(total.objects, size)

    def _pack_slices(
        self, packs: Sequence[PlantedPack], total: Portion[Found]
    ) -> Iterator[_PackSlice]:
        count = sum(planted.pack.count for planted in packs)
        step = max(min(_SLICE, count // _TASKS), _FEWEST, 2 * count // MAX_TASKS)
        for planted in packs:
            pack, forest = planted.pack, planted.forest
            total.broken += [
                (pack.oid(rank), "its entry is damaged, or its chain of delta bases leads nowhere")
                for rank in forest.orphans
            ]
            for kind in _READ_ORDER:
                if kind in forest.segments:
                    for where in forest.slices(forest.segments[kind], step):
                        yield _PackSlice(planted, kind, where)

    def _do(self, task: _Task) -> Portion[Found]:
        """Read one slice; runs in a worker."""
        if isinstance(task, _LooseSlice):
            return self._read_loose(task)
        portion = self._read_packed(task)
        self._mapped += task.planted.forest.packed(task.where)
        if self._mapped > _MAPPED:
            task.planted.pack.forget_pages()
            self._mapped = 0
        return portion

    def _read_packed(self, task: _PackSlice) -> Portion[Found]:
        pack, forest = task.planted.pack, task.planted.forest
        portion: Portion[Found] = Portion(objects=len(task))
        links, of_deltas = self._links_of(task.type, forest)
        named: list[bytes] = []
        namers: list[int] = []
        size = pending = 0
        streamed = STREAMED if task.type == BLOB else LARGEST_IN_MEMORY
        search = version_search(pack, forest, (task.type, task.where), self._searcher)
        for position, content, delta in resolve(pack, forest, task.where, streamed):
            found = search(content, delta)
            if isinstance(content, bytes):
                size += len(content)
                if links and (of_deltas or delta is None):
                    named.append(links(content, delta))
                    namers.append(position)
                    pending += len(named[-1])
                    if pending > _NAMED:
                        self._look_up(task, namers, named, portion)
                        named, namers, pending = [], [], 0
            else:
                oid = pack.oid(int(forest.rank[position]))
                found = self._read_unusual(oid, task.type, content, portion)
            if found:
                oid = pack.oid(int(forest.rank[position]))
                portion.hits.append(self._hit(oid, task.type, content, found))
        portion.size += size
        self._look_up(task, namers, named, portion)
        return portion

    def _look_up(
        self, task: _PackSlice, namers: list[int], named: list[bytes], portion: Portion[Found]
    ) -> None:
        """Take down what objects name, and what of it is missing.

        Args:
            task: the slice that they are part of.
            namers: their positions.
            named: of each what `_links_of` found in it.
            portion: where to.
        """
        if task.type == COMMIT and named:
            pack, forest = task.planted.pack, task.planted.forest
            named = self._links.of_commits(named)
            portion.lineages = portion.lineages or Lineages(self._store.hash_size)
            for position, ids in zip(namers, named, strict=True):
                portion.lineages.add(pack.oid(int(forest.rank[position])), ids)
        if absent := self._presence.absent(b"".join(named)):
            portion.missing |= self._namers(task, absent)

    def _hit(self, oid: bytes, kind: int, content: Content, found: Sequence[Found]) -> Hit[Found]:
        if kind == BLOB or not isinstance(content, bytes):  # which is not read again
            return Hit(oid, kind, tuple(found))
        return Hit(oid, kind, tuple(found), self._store.is_shadowed(oid, kind, content))

    def _read_unusual(
        self, oid: bytes, kind: int, content: Content, portion: Portion[Found]
    ) -> Sequence[Found]:
        """Search an object that is streamed, or note that it is broken."""
        if isinstance(content, bytes):
            portion.size += len(content)
            return searching(self._searcher, kind)(content)
        if isinstance(content, Broken):
            portion.objects -= 1
            portion.broken.append((oid, content.why))
            return ()
        found: list[Found] = []
        try:
            found += self._searcher.search_stream(content.chunks)
            portion.size += content.size
        except DamagedError as error:
            portion.objects -= 1
            portion.broken.append((oid, str(error)))
        return found

    def _links_of(
        self, kind: int, forest: Forest
    ) -> tuple[Callable[[bytes, bytes | None], bytes] | None, bool]:
        """Choose how the objects that objects of a type name are found.

        Returns:
            What finds them, if they name any, and whether to ask that of deltas, too.
        """
        if kind == BLOB:
            return None, False
        if kind == TREE:
            return self._links.new_in_tree, len(forest.segments[TREE]) <= LINK_CHECKED
        return self._links.head_of_commit if kind == COMMIT else self._links.of_tag, True

    def _namers(self, task: _PackSlice, absent: set[bytes]) -> dict[bytes, tuple[bytes, int]]:
        """Say which object names each of the absent ids; what none does was no id."""
        pack, forest = task.planted.pack, task.planted.forest
        namers: dict[bytes, tuple[bytes, int]] = {}
        for position, content, _ in resolve(pack, forest, task.where):
            if isinstance(content, bytes):
                named = self._links.split(self._links.all_of(task.type, content))
                for oid in absent.intersection(named):
                    namers.setdefault(oid, (pack.oid(int(forest.rank[position])), task.type))
        return namers

    def _read_loose(self, task: _LooseSlice) -> Portion[Found]:
        portion: Portion[Found] = Portion(objects=len(task))
        for oid, folder in task.found:
            try:
                kind, content = read_loose(loose_path(folder, oid))
            except FileNotFoundError:
                # It has been packed or pruned meanwhile; a new pack will be read.
                portion.objects -= 1
                continue
            except (DamagedError, OSError) as error:
                portion.objects -= 1
                portion.broken.append((oid, str(error)))
                continue
            found = self._read_unusual(oid, kind, content, portion)
            if found:
                portion.hits.append(self._hit(oid, kind, content, found))
            if isinstance(content, bytes):
                named = self._links.all_of(kind, content)
                if kind == COMMIT:
                    portion.lineages = portion.lineages or Lineages(self._store.hash_size)
                    portion.lineages.add(oid, named)
                portion.missing |= dict.fromkeys(self._presence.absent(named), (oid, kind))
        return portion


def _weight(planted: PlantedPack) -> int:
    return len(planted.pack.data)


def _loose_slices(found: Sequence[_Loose]) -> Iterator[_LooseSlice]:
    step = max(_SLICE // 4, 8 * len(found) // MAX_TASKS)
    for low in range(0, len(found), step):
        yield _LooseSlice(found[low : low + step])


def _lost(task: _Task) -> Portion[Found]:
    """Stand in for what a worker that died was reading."""
    if isinstance(task, _LooseSlice):
        oids: Iterable[bytes] = (oid for oid, _ in task.found)
    else:
        pack, forest = task.planted.pack, task.planted.forest
        oids = (pack.oid(int(forest.rank[position])) for position in task.where)
    why = "the worker that read it failed or was killed, perhaps for want of memory"
    return Portion(broken=[(oid, why) for oid in oids])

"""A pack that comes over the network: searched while it arrives, a repository only if it must be.

What holds no token, as nearly everything does, is never indexed and mostly touches no disk.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from leakscan.git.arrival import Arrived, receive
from leakscan.git.damage import DamagedError
from leakscan.git.forest import plant
from leakscan.git.indexing import numbered_index, true_index
from leakscan.git.layout import find_layout
from leakscan.git.pack import Pack
from leakscan.git.sift import Sifted, sift
from leakscan.git.spool import Spool, room
from leakscan.model import Location, Match
from leakscan.sources.leftovers import folder_for_arrivals
from leakscan.sources.placing import named_place
from leakscan.sources.repository import EARLY_KINDS
from leakscan.sources.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Set
    from types import TracebackType

    from leakscan.git.census import Census
    from leakscan.git.layout import Layout
    from leakscan.git.survey import Hit
    from leakscan.git.versions import Searcher
    from leakscan.sources.placing import Found

CUT_SHORT = "what the server sent could not be read to its end"
"""The note of a location of which no more is known than the object."""

_CONFIG = "[core]\n\tbare = true\n\trepositoryformatversion = 1\n"
_SHA256 = "[extensions]\n\tobjectformat = sha256\n"


class Reception:
    """Takes in one pack.

    Args:
        searcher: what to search with.
        census: makes what tells whether all is here.
        hash_size: bytes of an object id.
        jobs: worker processes.
        hear: told of what is found while the pack arrives.

    Attributes:
        arrived: what is known of the pack, as far as it has come.
    """

    def __init__(
        self,
        searcher: Searcher[Found],
        census: Callable[[int, int], Census],
        hash_size: int,
        jobs: int,
        hear: Callable[[Hit[Found]], None] = lambda _hit: None,
    ) -> None:
        self._searcher = searcher
        self._jobs = jobs
        self._hear = hear
        self._stack = ExitStack()
        self._spool = self._stack.enter_context(Spool(lambda: self._packs / "arriving"))
        self._made: Path | None = None
        self.arrived: Arrived[Found] = Arrived(hash_size, census)
        self._sifted = Sifted()

    def __enter__(self) -> Reception:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def objects(self) -> int:
        """How many objects were searched until now."""
        return self.arrived.objects + self._sifted.objects

    @property
    def size(self) -> int:
        """Bytes in them."""
        return self.arrived.size + self._sifted.size

    def take(self, chunks: Iterable[bytes]) -> None:
        """Read the pack to its end, and search what it holds whole.

        Raises:
            DamagedError: it is corrupt or cut short.
            TargetError: the disk is full.
        """
        receive(chunks, self._spool, self._searcher, self.arrived, self._hear)

    def is_clean(self, tips: Set[bytes]) -> bool:
        """Search the rest, and tell whether all of it was read and nothing found.

        Args:
            tips: commits and tags that must be here, and whatever else the census asks for.
        """
        arrived = self.arrived
        if arrived.hits or arrived.has_named_bases:
            return False
        try:
            if arrived.offsets:
                pack = self._numbered()
                self._sifted = sift(pack, plant(pack), self._searcher, arrived.census, self._jobs)
                if not self._sifted.is_plain:
                    return False
        except DamagedError:
            return False
        return arrived.census.is_whole(tips)

    def repository(
        self,
        refs: Mapping[bytes, str],
        head: bytes | None = None,
        shallow: Iterable[str] = (),
        heed: Callable[[int], None] = lambda _size: None,
    ) -> Layout:
        """Make a bare repository of the pack, to be read as any other.

        Args:
            refs: ids by name, in hex.
            head: what the file HEAD says.
            shallow: commits whose parents were left out, in hex.
            heed: as for `true_index`.

        Raises:
            TargetError: the disk is full.
        """
        with room():
            if self.arrived.offsets:
                spooled = self._spool.keep()
                name = f"pack-{self.arrived.data[-20:].hex()}.pack"
                self._index(spooled.rename(spooled.with_name(name)), heed)
            git_dir = self._packs.parent.parent
            (git_dir / "refs").mkdir()
            is_sha256 = self.arrived.hash_size == 32
            (git_dir / "config").write_text(_CONFIG + (_SHA256 if is_sha256 else ""))
            (git_dir / "HEAD").write_bytes((head or b"ref: refs/heads/main") + b"\n")
            lines = [
                oid.encode() + b" " + name.replace(b"\n", b" ") + b"\n"
                for name, oid in sorted(refs.items())
            ]
            (git_dir / "packed-refs").write_bytes(b"".join(lines))
            if limits := [f"{oid}\n" for oid in shallow]:
                (git_dir / "shallow").write_text("".join(limits))
        layout = find_layout(git_dir)
        assert layout  # noqa: S101 - it has just been made
        return layout

    def untold(self, name: str, told: Set[tuple[str, str]]) -> Iterator[Sighting]:
        """Yield what was found in a pack that could not be read to its end: only in which object.

        Args:
            name: what to call the repository in locations.
            told: rule and secret of all of which it is known where they stand.
        """
        for hit in self.arrived.hits:
            for match in (item for item in hit.found if isinstance(item, Match)):
                if hit.type in EARLY_KINDS and (match.rule, match.secret.reveal()) not in told:
                    kind = EARLY_KINDS[hit.type]
                    place = Location(kind, name, object=hit.oid.hex(), note=CUT_SHORT)
                    yield Sighting(match, named_place(place, match))

    @property
    def _packs(self) -> Path:
        """The folder for packs, made when it is first asked for."""
        if self._made is None:
            folder = self._stack.enter_context(folder_for_arrivals())
            self._made = Path(folder, "repository.git/objects/pack")
            self._made.mkdir(parents=True)
        return self._made

    def _numbered(self) -> Pack:
        arrived = self.arrived
        index = numbered_index(arrived.offsets, arrived.data, arrived.hash_size)
        return Pack(arrived.data, index, arrived.hash_size)

    def _index(self, path: Path, heed: Callable[[int], None]) -> None:
        """Index the pack; what is odd about it is left to git's own program."""
        if self.arrived.has_named_bases:
            return
        try:
            pack = self._numbered()
            index = true_index(pack, plant(pack), self._jobs, heed)
        except DamagedError:
            return
        path.with_suffix(".idx").write_bytes(index)

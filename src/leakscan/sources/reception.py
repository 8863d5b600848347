"""A pack that comes over the network: searched while it arrives, a repository only if it must be.

What holds no token, as nearly everything does, is never indexed and mostly touches no disk.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from leakscan.git.arrival import Arrived, receive
from leakscan.git.damage import DamagedError
from leakscan.git.forest import plant
from leakscan.git.indexing import numbered_index, true_index
from leakscan.git.layout import find_layout
from leakscan.git.pack import Pack
from leakscan.git.sift import sift
from leakscan.git.spool import Spool, room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Set
    from types import TracebackType

    from leakscan.detect import Detector
    from leakscan.git.layout import Layout
    from leakscan.git.survey import Hit
    from leakscan.model import Match

_CONFIG = "[core]\n\tbare = true\n\trepositoryformatversion = 1\n"
_SHA256 = "[extensions]\n\tobjectformat = sha256\n"


class Reception:
    """Takes in one pack.

    Args:
        detector: what to search with.
        hash_size: bytes of an object id.
        jobs: worker processes.
        hear: told of what is found while the pack arrives.

    Attributes:
        arrived: what is known of the pack, as far as it has come.
        objects, size: how many objects were searched until now, and bytes in them.
    """

    def __init__(
        self,
        detector: Detector,
        hash_size: int,
        jobs: int,
        hear: Callable[[Hit[Match]], None] = lambda _hit: None,
    ) -> None:
        self._hear = hear
        self._detector = detector
        self._jobs = jobs
        self._stack = ExitStack()
        self._spool = self._stack.enter_context(Spool(lambda: self._packs / "arriving"))
        self._made: Path | None = None
        self.arrived: Arrived[Match] = Arrived(hash_size)
        self.objects = self.size = 0

    def __enter__(self) -> Reception:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def take(self, chunks: Iterable[bytes]) -> None:
        """Read the pack to its end, and search what it holds whole.

        Raises:
            DamagedError: it is corrupt or cut short.
            TargetError: the disk is full.
        """
        receive(chunks, self._spool, self._detector, self.arrived, self._hear)
        self.objects, self.size = self.arrived.objects, self.arrived.size

    def is_clean(self, wanted: Set[bytes] | None) -> bool:
        """Search the rest, and tell whether all of it was read and nothing found.

        Args:
            wanted: commits and tags that must be here, with all that they are built on; ``None``
                for a pack that is built on what is elsewhere.
        """
        arrived = self.arrived
        if arrived.hits or arrived.has_named_bases:
            return False
        if not arrived.offsets:
            return not wanted
        try:
            pack = self._numbered()
            sifted = sift(pack, plant(pack), self._detector, self._jobs)
        except DamagedError:
            return False
        self.objects += sifted.objects
        self.size += sifted.size
        arrived.ancestry.extend(sifted.ids, sifted.named)
        return sifted.is_plain and (wanted is None or not arrived.ancestry.lacks(wanted))

    def repository(
        self, refs: Mapping[bytes, str], head: bytes | None = None, shallow: Iterable[str] = ()
    ) -> Layout:
        """Make a bare repository of the pack, to be read as any other.

        Args:
            refs: ids by name, in hex.
            head: what the file HEAD says.
            shallow: commits whose parents were left out, in hex.

        Raises:
            TargetError: the disk is full.
        """
        with room():
            if self.arrived.offsets:
                spooled = self._spool.keep()
                name = f"pack-{self.arrived.data[-20:].hex()}.pack"
                self._index(spooled.rename(spooled.with_name(name)))
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

    @property
    def _packs(self) -> Path:
        """The folder for packs, made when it is first asked for."""
        if self._made is None:
            folder = tempfile.TemporaryDirectory(prefix="leakscan-")
            self._made = Path(self._stack.enter_context(folder), "repository.git/objects/pack")
            self._made.mkdir(parents=True)
        return self._made

    def _numbered(self) -> Pack:
        arrived = self.arrived
        index = numbered_index(arrived.offsets, arrived.data, arrived.hash_size)
        return Pack(arrived.data, index, arrived.hash_size)

    def _index(self, path: Path) -> None:
        """Index the pack; what is odd about it is left to git's own program."""
        if self.arrived.has_named_bases:
            return
        try:
            pack = self._numbered()
            index = true_index(pack, plant(pack), self._jobs)
        except DamagedError:
            return
        path.with_suffix(".idx").write_bytes(index)

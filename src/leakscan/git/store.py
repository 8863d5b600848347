"""All objects of a repository: every pack and loose object, alternates included."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from leakscan.git.damage import DamagedError
from leakscan.git.forest import Forest, plant
from leakscan.git.lookup import Lookup
from leakscan.git.loose import loose_oids, read_loose
from leakscan.git.pack import Pack
from leakscan.git.presence import Presence
from leakscan.git.program import run_git
from leakscan.git.walk import Streamed
from leakscan.model import Skip

if TYPE_CHECKING:
    import tempfile
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from leakscan.git.layout import Layout


@dataclass(frozen=True, slots=True, eq=False)
class PlantedPack:
    """A pack with the order in which to read it."""

    pack: Pack
    forest: Forest

    @classmethod
    def open(cls, path: Path, index: Path, hash_size: int) -> PlantedPack:
        """Open a pack.

        Raises:
            DamagedError: the pack or its index is not what it claims to be.
            OSError: a file cannot be opened.
        """
        pack = Pack.open(path, index, hash_size)
        return cls(pack, plant(pack))

    @property
    def is_sound(self) -> bool:
        """Whether nothing speaks against pack and index so far."""
        return not self.pack.problems and not self.forest.orphans


class ObjectStore:
    """Finds objects by id, and lists what there is to read.

    Args:
        layout: the repository.

    Attributes:
        packs: all packs that can be read, largest first.
        loose: the object directories that hold each loose object, by its id.
        problems: packs that cannot be read at all.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.hash_size = layout.hash_size
        self.problems: list[Skip] = []
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._known: set[Path] = set()
        self.packs: list[PlantedPack] = []
        self.loose: dict[bytes, list[Path]] = {}
        self._presence: Presence | None = None
        self._lookup = Lookup()
        self.refresh()

    def __enter__(self) -> ObjectStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._scratch:
            self._scratch.cleanup()

    def refresh(self) -> list[PlantedPack]:
        """Open the packs that have appeared since the last look, and list loose objects.

        Returns:
            The new packs.
        """
        new: list[PlantedPack] = []
        for folder in self.layout.object_dirs:
            names = self._listed(folder / "pack")
            for path in (folder / "pack" / name for name in names if name.endswith(".pack")):
                if path in self._known:
                    continue
                self._known.add(path)
                planted = self._open(path)
                if planted:
                    new.append(planted)
        new.sort(key=lambda planted: -len(planted.pack.data))
        self.packs += new
        self.loose = {}
        for folder in self.layout.object_dirs:
            for oid in loose_oids(folder, self.hash_size, self._listed):
                self.loose.setdefault(oid, []).append(folder)
        self._presence = None
        return new

    @property
    def presence(self) -> Presence:
        """What tells quickly which objects are here, as of the last look."""
        if self._presence is None:
            packs = (planted.pack for planted in self.packs)
            self._presence = Presence(packs, self.loose, self.hash_size)
        return self._presence

    def absent(self, oids: Iterable[bytes]) -> set[bytes]:
        """Return those of the ids that no object here has."""
        named = b"".join(oids)
        return self.presence.absent(named) if named else set()

    def _listed(self, folder: Path) -> list[str]:
        """List a folder, sorted; note one that cannot be listed."""
        try:
            return sorted(path.name for path in folder.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []  # pruned meanwhile, or a file
        except OSError as error:
            problem = Skip(f"objects in {folder}", error.strerror or str(error))
            self.problems += [problem] if problem not in self.problems else []
            return []

    def _open(self, path: Path) -> PlantedPack | None:
        """Open a pack; where that shows damage, see whether a new index mends it."""
        opened: PlantedPack | None = None
        fault = ""
        try:
            opened = PlantedPack.open(path, path.with_suffix(".idx"), self.hash_size)
            if opened.is_sound:
                return opened
            fault = "; ".join(opened.pack.problems)
        except FileNotFoundError:
            fault = "it has no index"
        except (DamagedError, OSError) as error:
            fault = str(error)
        try:
            return PlantedPack.open(path, self._index(path), self.hash_size)
        except (DamagedError, OSError) as error:
            if fault:
                self.problems.append(Skip(f"pack {path.name}", f"{fault}, and {error}"))
            return opened

    def _index(self, path: Path) -> Path:
        """Have git index a pack into a scratch folder.

        Raises:
            DamagedError: it cannot, so the pack itself is damaged.
        """
        import tempfile

        self._scratch = self._scratch or tempfile.TemporaryDirectory(prefix="leakscan-")
        index = Path(self._scratch.name) / path.with_suffix(".idx").name
        name = "sha256" if self.hash_size == 32 else "sha1"
        done = run_git(
            "index-pack", f"--object-format={name}", "-o", index, path.absolute(),
            cwd=self._scratch.name,
        )  # fmt: skip
        if done.returncode:
            raise DamagedError("git cannot index it anew")
        return index

    def loose_of(self, wanted: int) -> Iterator[tuple[bytes, bytes]]:
        """Yield id and content of the loose objects of a type that can be read and held."""
        for oid, folder in ((oid, f) for oid, folders in self.loose.items() for f in folders):
            try:
                kind, content = read_loose(loose_path(folder, oid))
            except (DamagedError, OSError):
                continue  # the survey tells of these
            if kind == wanted and not isinstance(content, Streamed):
                yield oid, content

    def _packed(self, oid: bytes) -> Iterator[tuple[Pack, int]]:
        """Yield each pack that holds an object, and its rank there."""
        for planted in self.packs:
            rank = planted.pack.rank(oid)
            if rank is not None:
                yield planted.pack, rank

    def is_shadowed(self, oid: bytes, kind: int, content: bytes) -> bool:
        """Whether `read` gives something else than this copy of an object."""
        copies = len(self.loose.get(oid, ())) + sum(1 for _ in self._packed(oid))
        if copies < 2:
            return False
        try:
            return self.read(oid) != (kind, content)
        except DamagedError:
            return True

    def read(self, oid: bytes) -> tuple[int, bytes]:
        """Return type and content of one object, from the first of its copies that is sound.

        Raises:
            DamagedError: it is missing, cannot be read, or is too large to hold.
        """
        fault: Exception = DamagedError("it is missing")
        copies = [partial(self._lookup.read, pack, rank) for pack, rank in self._packed(oid)]
        copies += [partial(_held, loose_path(folder, oid)) for folder in self.loose.get(oid, ())]
        for copy in copies:
            try:
                return copy()
            except (DamagedError, OSError) as error:
                fault = error
        raise DamagedError(str(fault)) from fault


def loose_path(folder: Path, oid: bytes) -> Path:
    """Return the file of a loose object in an object directory."""
    name = oid.hex()
    return folder / name[:2] / name[2:]


def _held(path: Path) -> tuple[int, bytes]:
    """Read a loose object whole.

    Raises:
        DamagedError: it is damaged, or too large to hold.
        OSError: it cannot be read.
    """
    kind, content = read_loose(path)
    if isinstance(content, Streamed):
        raise DamagedError(f"it has {content.size} bytes, too many to hold")
    return kind, content

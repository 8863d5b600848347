"""Keep what arrives: in memory as long as it is little, then in a file."""

from __future__ import annotations

import contextlib
import mmap
import tempfile
from typing import TYPE_CHECKING

from leakscan.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import BufferedRandom
    from pathlib import Path
    from types import TracebackType

    from leakscan.git.pack import Mapped

IN_MEMORY = 8 << 20
"""Bytes that are held in memory: nearly every push, times the pushes that are in hand at once."""


class Spool:
    """Bytes that are written once, in order, and then read anywhere.

    Args:
        place: says in which file to put what does not stay in memory; its folder must be there.
        in_memory: bytes up to which there is no file.
    """

    def __init__(self, place: Callable[[], Path], in_memory: int = IN_MEMORY) -> None:
        self._place = place
        self._in_memory = in_memory
        self._held = bytearray()
        self._file: BufferedRandom | None = None
        self._path: Path | None = None
        self.size = 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file:
            with contextlib.suppress(OSError):  # what could not be written was told of before
                self._file.close()

    def write(self, piece: bytes) -> None:
        """Add a piece.

        Raises:
            TargetError: the disk is full.
        """
        self.size += len(piece)
        if self._file is None and self.size <= self._in_memory:
            self._held += piece
            return
        with room():
            self._to_file().write(piece)

    def contents(self) -> Mapped:
        """Return all that was written; a file is mapped, not read.

        Raises:
            TargetError: the disk is full.
        """
        if self._file is None:
            return bytes(self._held)
        with room():
            self._file.flush()
            return mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)

    def keep(self) -> Path:
        """Have it all in the file, and return its path.

        Raises:
            TargetError: the disk is full.
        """
        with room():
            self._to_file().flush()
        assert self._path  # noqa: S101 - there is one now
        return self._path

    def _to_file(self) -> BufferedRandom:
        if self._file is None:
            self._path = self._place()
            self._file = self._path.open("w+b")
            self._file.write(self._held)
            self._held = bytearray()
        return self._file


@contextlib.contextmanager
def room() -> Iterator[None]:
    """Say plainly that there is no room for what arrives.

    Raises:
        TargetError: in the place of what the operating system raises.
    """
    try:
        yield
    except OSError as error:
        raise TargetError(
            f"cannot keep what arrives in {tempfile.gettempdir()} ({error.strerror})",
            "make room, or name another folder with TMPDIR",
        ) from None

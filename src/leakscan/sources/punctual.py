"""Search for no longer than there is time: what is read may be made to take for ever."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Generic, TypeVar

from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from leakscan.git.versions import Searcher, SparingSearcher

Found = TypeVar("Found")

_STRETCH = 16 << 20
"""Bytes between two looks at the clock: some milliseconds' worth."""

_OBJECT = 1 << 10
"""Bytes that take as long to read as there is to do for each object, however small."""


class Punctual(Generic[Found]):
    """Searches as another searcher does, until the time is over.

    Args:
        searcher: the other one.
        seconds: from now on; 0 for no limit.
    """

    def __init__(self, searcher: Searcher[Found], seconds: float) -> None:
        self._searcher = searcher
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._unseen = 0

    def search_text(self, data: bytes) -> Sequence[Found]:
        """Search a commit, a tag or a tree.

        Raises:
            TroubleError: the time is over.
        """
        self.heed(len(data))
        return self._searcher.search_text(data)

    def search_blob(self, data: bytes) -> Sequence[Found]:
        """Search the content of a file.

        Raises:
            TroubleError: the time is over.
        """
        self.heed(len(data))
        return self._searcher.search_blob(data)

    def search_stream(self, chunks: Iterable[bytes]) -> Iterable[Found]:
        """Search one object in pieces.

        Raises:
            TroubleError: the time is over.
        """
        return self._searcher.search_stream(self._heeded(chunks))

    def sparing(self) -> SparingSearcher[Found]:
        """Return what to search many objects with, until the time is over."""
        return _PunctualSparing(self._searcher.sparing(), self.heed)

    def heed(self, size: int) -> None:
        """Note that an object of so many bytes was read.

        Raises:
            TroubleError: the time is over.
        """
        self._unseen += size + _OBJECT
        if self._unseen > _STRETCH:
            self._unseen = 0
            if self._seconds and time.monotonic() > self._end:
                what = f"what came takes more than {self._seconds:g} s to read"
                raise TroubleError(Trouble.TOO_LONG, what, "allow it more")

    def _heeded(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.heed(len(chunk))
            yield chunk


class _PunctualSparing(Generic[Found]):
    """Searches as another one does; each method raises `TroubleError` when the time is over."""

    def __init__(self, searcher: SparingSearcher[Found], heed: Callable[[int], None]) -> None:
        self._searcher = searcher
        self._heed = heed

    def search_message(self, data: bytes) -> Sequence[Found]:
        self._heed(len(data))
        return self._searcher.search_message(data)

    def search_names(self, data: bytes) -> Sequence[Found]:
        self._heed(len(data))
        return self._searcher.search_names(data)

    def search_file(self, data: bytes) -> tuple[Sequence[Found], bool]:
        self._heed(len(data))
        return self._searcher.search_file(data)

    def search_known_file(self, data: bytes) -> Sequence[Found]:
        self._heed(len(data))
        return self._searcher.search_known_file(data)

    def suspects(self, data: bytes) -> bool:
        self._heed(len(data))
        return self._searcher.suspects(data)

    def brings_sign(self, delta: bytes) -> object:
        return self._searcher.brings_sign(delta)

"""Search for no longer than there is time: what is read may be made to take for ever."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Generic, TypeVar

from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from leakscan.git.versions import Searcher, SparingSearcher

Found = TypeVar("Found")
Result = TypeVar("Result")

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

    def prepare(self) -> None:
        """Get ready to search much."""
        self._searcher.prepare()

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
        def heeded(search: Callable[[bytes], Result]) -> Callable[[bytes], Result]:
            def search_in_time(data: bytes) -> Result:
                heed(len(data))
                return search(data)

            return search_in_time

        self.search_message = heeded(searcher.search_message)
        self.search_names = heeded(searcher.search_names)
        self.search_file = heeded(searcher.search_file)
        self.search_known_file = heeded(searcher.search_known_file)
        self.suspects = heeded(searcher.suspects)
        self.brings_sign = searcher.brings_sign

"""Search for no longer than there is time: what is read may be made to take for ever."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Generic, TypeVar

from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from leakscan.git.survey import Searcher

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

    def search(self, data: bytes) -> Sequence[Found]:
        """Search one object.

        Raises:
            TroubleError: the time is over.
        """
        self.heed(len(data))
        return self._searcher.search(data)

    def search_stream(self, chunks: Iterable[bytes]) -> Iterable[Found]:
        """Search one object in pieces.

        Raises:
            TroubleError: the time is over.
        """
        return self._searcher.search_stream(self._heeded(chunks))

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

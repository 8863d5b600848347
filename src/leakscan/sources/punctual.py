"""Search for no longer than there is time: what is read may be made to take for ever."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Generic, TypeVar

from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from leakscan.git.versions import Searcher

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

    def search(self, data: bytes, *, exotic: bool = True) -> Sequence[Found]:
        """Search a commit, a tag or a tree.

        Raises:
            TroubleError: the time is over.
        """
        self.heed(len(data))
        return self._searcher.search(data, exotic=exotic)

    def search_known(self, data: bytes) -> Sequence[Found]:
        """Search a commit or a tag that is known.

        Raises:
            TroubleError: the time is over.
        """
        self.heed(len(data))
        return self._searcher.search_known(data)

    def search_known_names(self, data: bytes) -> Sequence[Found]:
        """Search a tree that is known.

        Raises:
            TroubleError: the time is over.
        """
        self.heed(len(data))
        return self._searcher.search_known_names(data)

    def search_blob(self, data: bytes, *, exotic: bool = True) -> Sequence[Found]:
        """Search the content of a file.

        Raises:
            TroubleError: the time is over.
        """
        self.heed(len(data))
        return self._searcher.search_blob(data, exotic=exotic)

    def search_known_blob(self, data: bytes) -> Sequence[Found]:
        """Search the content of a file that is known.

        Raises:
            TroubleError: the time is over.
        """
        self.heed(len(data))
        return self._searcher.search_known_blob(data)

    def suspects(self, data: bytes) -> bool:
        """Tell whether anything would be looked at closer.

        Raises:
            TroubleError: the time is over.
        """
        self.heed(len(data))
        return self._searcher.suspects(data)

    def search_container(self, data: bytes) -> Sequence[Found]:
        """Search what the content of a file may hide in which nothing is suspected.

        Raises:
            TroubleError: the time is over.
        """
        self.heed(0)
        return self._searcher.search_container(data)

    def sign_test(self) -> Callable[[bytes], object]:
        """Return what tells whether data hold a sign of anything."""
        return self._searcher.sign_test()

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

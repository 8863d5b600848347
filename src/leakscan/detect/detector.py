"""Search bytes for tokens, however they are written.

Everything is asked whether anything stands there that a token could begin with (gate.py), plainly or
encoded (encodings.py).  Nearly everywhere nothing does: clean content costs one call into C, and a scan
that meets nothing else never imports hyperscan nor compiles a pattern, which takes longer than scanning
a small repository.  Otherwise finder.py looks closer, and inside.py into containers.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from stringzilla import find

from leakscan import known_signs
from leakscan.containers import recognise
from leakscan.detect.gate import gate
from leakscan.model import Match, Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence

    from leakscan.detect.finder import Finder
    from leakscan.detect.inside import Inside
    from leakscan.model import Rule

LEFT_CONTEXT = 96
"""Bytes before a candidate that classification looks at."""

RIGHT_CONTEXT = 4
"""Bytes after a candidate that classification looks at."""

LINE_CONTEXT = 1000
"""Bytes on either side of a match in which a comment may allow it."""

MOST_TIMES_LONGER = 32
"""How much longer than a token what is written of it may be: twice ``\\u0072`` for ``r``."""

_NOTHING: list[Match] = []


class Detector:
    """Finds the tokens of a set of rules in bytes.

    One detector serves one thread: hyperscan's scratch space and the list of hits belong
    to it.  Forked processes may each go on with their own copy.

    Args:
        rules: the active rules.
        issued: the issuer's list of issued tokens, if there is one (see `DigestFile`).
    """

    def __init__(self, rules: Sequence[Rule], issued: Container[str] | None = None) -> None:
        self.rules = tuple(rules)
        longest = max(rule.max_length for rule in rules)
        self.overlap = longest * MOST_TIMES_LONGER + 2 * LINE_CONTEXT
        self._issued = issued
        self._prefixes = sorted({prefix.encode() for rule in rules for prefix in rule.prefixes})
        self._common, self._rare = _literals(self._prefixes)
        self._has_sign = gate(self._common)

    def search(self, data: bytes, *, is_new: bool = True) -> list[Match]:
        """Return every candidate in a text, of any confidence, by position.

        Args:
            data: what to search.
            is_new: whether to look for rare spellings, too; not needed where nothing rare was
                found (`holds_rare`) in what the data are made of.
        """
        if self._has_sign(data) or (is_new and self.holds_rare(data)):
            return self._finder.matches(data)
        return _NOTHING

    def search_blob(self, data: bytes, *, is_new: bool = True) -> Sequence[Match | Unread]:
        """Return every candidate in the contents of a file, and in what it contains.

        With them comes what of a container could not be read.

        Args:
            data: the contents.
            is_new: as in `search`.
        """
        found = self.search(data, is_new=is_new)
        container = recognise(data)
        if container is None or not (container.hides or found):
            return found
        return list(self._inside().open(data, container, found))

    def search_names(self, data: bytes, *, is_new: bool = True) -> list[Match]:
        """Return every candidate in the names that a folder holds.

        There are more of these data than of any others, and hardly anything is ever found in them.

        Args:
            data: names and what belongs to them.
            is_new: whether to look for encoded tokens, too (`holds_any`).
        """
        if is_new or any(find(data, prefix) >= 0 for prefix in self._prefixes):
            return self.search(data)
        return _NOTHING

    def holds_any(self, data: bytes) -> bool:
        """Tell whether anything stands there by which an encoded token is told."""
        return self._has_sign(data) or self.holds_rare(data)

    def search_stream(self, chunks: Iterable[bytes]) -> Iterator[Match | Unread]:
        """Yield every candidate in the contents of a file that is too large to hold.

        Args:
            chunks: its pieces of any size, in order.
        """
        return self._inside().search_stream(chunks)

    def search_bytes(self, chunks: Iterable[bytes]) -> Iterator[Match]:
        """Yield every candidate in a stream, whatever it may contain.

        Neighbouring chunks are searched with an overlap that no token or context outgrows,
        so that the result is that of `search` on the whole; only low-confidence candidates
        in the shadow of better ones may be reported in addition.

        Args:
            chunks: the stream in pieces of any size, in order.
        """
        window = b""
        base, line, column = 0, 1, 1  # of the window's first byte
        settled = 0  # every match that ends at or before this offset has been yielded
        for chunk in _and_then_none(chunks):
            window += chunk or b""
            limit = base + len(window) - (LINE_CONTEXT if chunk is not None else 0)
            for match in self.search(window):
                end = base + match.start + match.length
                if settled < end <= limit:
                    first = match.line == 1
                    yield replace(
                        match,
                        start=base + match.start,
                        line=match.line + line - 1,
                        column=match.column + column - 1 if first else match.column,
                    )
            settled = max(settled, limit)
            drop = max(0, len(window) - self.overlap)
            newlines = window.count(b"\n", 0, drop)
            line += newlines
            column = drop - window.rfind(b"\n", 0, drop) if newlines else column + drop
            base, window = base + drop, window[drop:]

    @cached_property
    def _finder(self) -> Finder:
        from leakscan.detect.finder import Finder

        return Finder(self.rules, self._prefixes, self._issued, self._unpacked)

    @cached_property
    def holds_rare(self) -> Callable[[bytes], bool]:
        """Tell whether anything stands in data by which a rare spelling is told."""
        return gate(self._rare)

    def _inside(self) -> Inside:
        from leakscan.detect.inside import Inside

        return Inside(self)

    def _unpacked(self, data: bytes) -> tuple[str, list[Match]]:
        """Search what was written as text; what cannot be read of it was no container."""
        container = recognise(data)
        if container is None:
            return "", []
        found = self._inside().open(data, container, ())
        return container.name, [item for item in found if isinstance(item, Match)]


def _literals(prefixes: Sequence[bytes]) -> tuple[Sequence[bytes], Sequence[bytes]]:
    """Return by what to tell that something may stand in data, and what is rare of that."""
    if tuple(prefixes) == known_signs.PREFIXES:
        return known_signs.COMMON, known_signs.RARE
    from leakscan.detect.encodings import literals

    return literals(prefixes)


def _and_then_none(chunks: Iterable[bytes]) -> Iterator[bytes | None]:
    yield from chunks
    yield None

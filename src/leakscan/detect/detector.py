"""Search bytes for tokens, however they are written.

Everything is asked whether anything stands there that a token could begin with (gate.py), plainly
or encoded (encodings.py).  Nearly everywhere nothing does: clean content costs one call into C, and
a scan that meets nothing else never imports hyperscan nor compiles a pattern, which takes longer
than scanning a small repository.  Otherwise finder.py looks closer, and inside.py into containers.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from stringzilla import find

from leakscan import known_signs
from leakscan.containers import may_be_container, recognise
from leakscan.gate import AT_ONCE, Gate, goes_on
from leakscan.model import Match, Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence

    from leakscan.detect.finder import Finder, Unpacked
    from leakscan.detect.inside import Inside
    from leakscan.gate import Beside, Hit
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
        prefixes = {prefix.encode() for rule in rules for prefix in rule.prefixes}
        self._prefixes = tuple(sorted(prefixes))
        self._literals, self._loose, self._beside = _known_of(self._prefixes)
        self._common = Gate(self._literals[0])
        self._find_common = self._common.search

    def search(self, data: bytes, *, exotic: bool = True) -> list[Match]:
        """Return every candidate in a text, of any confidence, by position.

        Args:
            data: the text.
            exotic: whether to heed what hardly anybody does, too.
        """
        gate = self._every if exotic else self._usual
        hits = gate.hits(data)
        return self._looked_at(data, gate, hits) if hits else _NOTHING

    def search_blob(self, data: bytes, *, exotic: bool = True) -> Sequence[Match | Unread]:
        """Return every candidate in the contents of a file, and in what it contains.

        With them comes what of a container could not be read.

        Args:
            data: the contents.
            exotic: as for `search`.
        """
        found = self.search(data, exotic=exotic)
        return self._opened(data, found) if found or may_be_container(data) else found

    def sign_test(self, *, exotic: bool) -> Callable[[bytes], object]:
        """Return what tells whether anything stands in data that a written token begins with.

        Args:
            exotic: whether to heed what hardly anybody does, too.
        """
        return (self._every if exotic else self._usual).search

    def search_known(self, data: bytes) -> list[Match]:
        """Do as `search` with a text that is made of others that hold no sign.

        What is common is looked for all the same, since it takes next to no time.
        """
        hits = self._find_common(data) if len(data) <= AT_ONCE else self._common.hits(data)
        return self._looked_at(data, self._common, hits) if hits else _NOTHING

    def search_known_blob(self, data: bytes) -> Sequence[Match | Unread]:
        """Do as `search_blob` with a file that is made of others that hold no sign."""
        hits = self._find_common(data) if len(data) <= AT_ONCE else self._common.hits(data)
        found = self._looked_at(data, self._common, hits) if hits else _NOTHING
        return self._opened(data, found) if found or may_be_container(data) else found

    def search_known_names(self, data: bytes) -> list[Match]:
        """Do as `search` with a folder that is made of others that hold no sign.

        There are more of these data than of any others, and hardly anything is ever found in them.
        """
        for prefix in self._prefixes:
            if find(data, prefix) >= 0:
                return self._finder.matches(data)
        return _NOTHING

    def _looked_at(self, data: bytes, gate: Gate, hits: Iterable[Hit]) -> list[Match]:
        """Search what holds signs, if what stands behind one of them goes on as a token would."""
        for which, at, _ in hits:
            if goes_on(data, at, gate.literals[which], self._loose, self._beside):
                return self._finder.matches(data)
        return _NOTHING

    def _opened(self, data: bytes, found: list[Match]) -> Sequence[Match | Unread]:
        container = recognise(data)
        if container is None or not (container.hides or found):
            return found
        return list(self._inside().open(data, container, found))

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
    def _every(self) -> Gate:
        return Gate(tuple(chain.from_iterable(self._literals)))

    @cached_property
    def _usual(self) -> Gate:
        return Gate(self._literals[0] + self._literals[1])

    def _inside(self) -> Inside:
        from leakscan.detect.inside import Inside

        return Inside(self)

    def _unpacked(self, data: bytes) -> Unpacked | None:
        """Search what was written as text; what cannot be read of it was no container."""
        container = recognise(data)
        if container is None or not container.hides:
            return None
        found = self._inside().open(data, container, ())
        return container.name, [item for item in found if isinstance(item, Match)]


_Known = tuple[tuple[tuple[bytes, ...], ...], frozenset[bytes], "Beside"]


def _known_of(prefixes: tuple[bytes, ...]) -> _Known:
    """Return by what to tell that something may stand in data, and what is known of its context."""
    if prefixes == known_signs.PREFIXES:
        by_rarity = known_signs.COMMON, known_signs.RARE, known_signs.EXOTIC
        return by_rarity, frozenset(known_signs.LOOSE), known_signs.BESIDE
    from leakscan.detect.encodings import beside, literals, loose

    return literals(prefixes), loose(prefixes), beside(prefixes)


def _and_then_none(chunks: Iterable[bytes]) -> Iterator[bytes | None]:
    yield from chunks
    yield None

"""Search bytes for tokens, however they are written.

Everything is asked whether anything stands there that a token could begin with (gate.py), plainly
or encoded (encodings.py).  Nearly everywhere nothing does: clean content costs one call into C, and
what is needed for more is loaded when it is.  Otherwise finder.py looks closer, and inside.py into
containers.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from leakscan.containers import recognise
from leakscan.detect.known import known_of
from leakscan.detect.looked import NOTHING, Looked, Unpacked
from leakscan.model import Match, Unread

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from leakscan.detect.finder import Finder
    from leakscan.detect.inside import Inside
    from leakscan.detect.sparing import SparingDetector
    from leakscan.gate import Gate, Hit
    from leakscan.model import Rule

LEFT_CONTEXT = 96
"""Bytes before a candidate that classification looks at."""

RIGHT_CONTEXT = 4
"""Bytes after a candidate that classification looks at."""

LINE_CONTEXT = 1000
"""Bytes on either side of a match in which a comment may allow it."""

_MOST_PLACES = 10_000
"""Places in a text that are remembered: a hostile one is full of them."""

MOST_TIMES_LONGER = 32
"""How much longer than a token what is written of it may be: twice ``\\u0072`` for ``r``."""


class Detector:
    """Finds the tokens of a set of rules in bytes.

    One detector serves one thread: hyperscan's scratch space and the lists of hits belong to
    its gates and its finder.  Forked processes may each go on with their own copy.

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
        self.known = known_of(self._prefixes)
        self._gate = self.known.whole_gate()
        self._open: Inside | None = None
        self._sealed: list[Unread] = []

    def search(self, data: bytes) -> list[Match]:
        """Return every candidate in a name or a line, of any confidence, by position.

        Args:
            data: the text.
        """
        found = self.look(data).found
        if self._open is None:
            self._take_sealed()  # a container that is written in a name hardly matters
        return found

    def search_text(self, data: bytes) -> Sequence[Match | Unread]:
        """Return every candidate in a text that is no file, and what could not be read of it.

        Args:
            data: the text.
        """
        return self.with_sealed(self.look(data).found)

    def search_blob(self, data: bytes) -> Sequence[Match | Unread]:
        """Return every candidate in the contents of a file, and in what it contains.

        With them comes what of a container could not be read.

        Args:
            data: the contents.
        """
        return self.with_contents(data, self.look(data))

    def prepare(self) -> None:
        """Get ready to search much: what is forked then need not do so for itself."""
        self._gate.prepare()
        self._sparing.prepare()

    def sparing(self) -> SparingDetector:
        """Return what to search with where there are many texts that hardly differ."""
        return self._sparing

    def look(self, data: bytes, gate: Gate | None = None) -> Looked:
        """Return every candidate in a text, and what else looks like one.

        Args:
            data: the text.
            gate: says whether there may be any; by default, one that looks for everything.
        """
        gate = gate or self._gate
        hits = gate.hits(data)
        if not hits:
            return NOTHING
        places = list(islice(hits, _MOST_PLACES))
        is_cut = len(places) == _MOST_PLACES
        has_rare = is_cut or self.known.has_rare(places)
        if not is_cut and not self.known.is_worth_it(data, gate, places):
            return Looked([], False, has_rare)
        are_all = gate is self._gate and not is_cut
        return Looked(self.search_closely(data, places if are_all else None), True, has_rare)

    def search_closely(self, data: bytes, hits: Sequence[Hit] | None = None) -> list[Match]:
        """Return every candidate in a text in which there may be any.

        Args:
            data: the text.
            hits: where that may be, if all such places are known.
        """
        with self._inside():
            return self._finder.matches(data, hits)

    def has_rare(self, data: bytes) -> bool:
        """Tell whether anything stands in a text that a rarely written token could begin with."""
        return self.known.has_rare(self._gate.hits(data))

    def with_contents(self, data: bytes, looked: Looked) -> Sequence[Match | Unread]:
        """Add to what was found in a file what is found in it as a container."""
        return self.with_sealed(self._opened(data, looked))

    def _opened(self, data: bytes, looked: Looked) -> Sequence[Match | Unread]:
        container = recognise(data, hiding=not looked.is_suspect)
        if container is None:
            return looked.found
        with self._inside() as inside:
            return list(inside.open(data, container, looked.found))

    def search_stream(self, chunks: Iterable[bytes]) -> Iterator[Match | Unread]:
        """Yield every candidate in the contents of a file that is too large to hold.

        Args:
            chunks: its pieces of any size, in order.
        """
        with self._inside() as inside:
            yield from inside.search_stream(chunks)
        yield from self._take_sealed()

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

        literals = self._gate.literals
        return Finder(
            self.rules, self._prefixes, self._issued, self._unpacked, self._seal, literals
        )

    def _seal(self, part: Unread) -> None:
        """Note what could not be read of what is encoded."""
        self._sealed.append(part)

    @cached_property
    def _sparing(self) -> SparingDetector:
        from leakscan.detect.sparing import SparingDetector

        return SparingDetector(self, self._prefixes)

    def with_sealed(self, found: Sequence[Match | Unread]) -> Sequence[Match | Unread]:
        """Add what could not be read of what is encoded."""
        return [*found, *self._take_sealed()] if self._sealed else found

    def _take_sealed(self) -> Iterable[Unread]:
        sealed, self._sealed = self._sealed, []
        return dict.fromkeys(sealed)

    @contextmanager
    def _inside(self) -> Iterator[Inside]:
        """Give what opens containers: one for all that are found in one blob, however deep."""
        if self._open is not None:
            yield self._open
            return
        from leakscan.detect.inside import Inside

        self._open = Inside(self)
        try:
            yield self._open
        finally:
            self._open = None

    def _unpacked(self, data: bytes) -> Unpacked | None:
        """Search what is written as text, if it is a container."""
        with self._inside() as inside:
            opened = inside.open_within(data)
        if opened is None:
            return None
        name, found = opened
        why = f"of {name} that is written as text: "
        self._sealed += [Unread("", why + one.why) for one in found if isinstance(one, Unread)]
        return Unpacked(name, [one for one in found if isinstance(one, Match)])


def _and_then_none(chunks: Iterable[bytes]) -> Iterator[bytes | None]:
    yield from chunks
    yield None

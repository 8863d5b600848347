"""Search bytes for tokens, however they are written.

Everything is asked whether anything stands there that a token could begin with (gate.py), plainly
or encoded (encodings.py).  Nearly everywhere nothing does: clean content costs one call into C, and
a scan that meets nothing else never imports hyperscan nor compiles a pattern, which takes longer
than scanning a small repository.  Otherwise finder.py looks closer, and inside.py into containers.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from stringzilla import find

from leakscan import known_signs
from leakscan.containers import may_be_container, recognise
from leakscan.gate import AT_ONCE, Gate, goes_on, without_longer
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
        self._literals, self._loose, self._beside, self._free = _known_of(self._prefixes)
        self._open: Inside | None = None
        self._sealed: list[Unread] = []
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
        return self._with_sealed(self._opened(data, self.search(data, exotic=exotic)))

    def sign_test(self) -> Callable[[bytes], object]:
        """Return what tells whether anything rare may stand in data.

        Of a sign, the first bytes may be missing: where text is inserted, these may be what stood
        there before.
        """
        return self._last_parts.hits

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
        if found or may_be_container(data):
            return self._with_sealed(self._opened(data, found))
        return self._with_sealed(found) if self._sealed else found

    def search_known_names(self, data: bytes) -> list[Match]:
        """Do as `search` with a folder that is made of others that hold no sign.

        There are more of these data than of any others, and hardly anything is ever found in them.
        """
        for prefix in self._prefixes:
            if find(data, prefix) >= 0:
                return self._finder.matches(data)
        return _NOTHING

    def suspects(self, data: bytes) -> bool:
        """Tell whether anything but what is exotic would be looked at closer."""
        hits = self._usual.hits(data)
        return bool(hits) and self._is_worth_it(data, self._usual, hits)

    def search_container(self, data: bytes) -> Sequence[Match | Unread]:
        """Search what a file may hide in which nothing is suspected."""
        return self._with_sealed(self._opened(data, [])) if may_be_container(data) else _NOTHING

    def _is_worth_it(self, data: bytes, gate: Gate, hits: Iterable[Hit]) -> bool:
        context = self._loose, self._beside, self._free
        return any(goes_on(data, at, gate.literals[which], *context) for which, at, _ in hits)

    def _looked_at(self, data: bytes, gate: Gate, hits: Iterable[Hit]) -> list[Match]:
        """Search what holds signs, if what stands behind one of them goes on as a token would."""
        if not self._is_worth_it(data, gate, hits):
            return _NOTHING
        with self._inside():
            return self._finder.matches(data)

    def _opened(self, data: bytes, found: list[Match]) -> Sequence[Match | Unread]:
        container = recognise(data) if found or may_be_container(data) else None
        if container is None or not (container.hides or found):
            return found
        with self._inside() as inside:
            return list(inside.open(data, container, found))

    def _with_sealed(self, found: Sequence[Match | Unread]) -> Sequence[Match | Unread]:
        """Add what could not be read of containers that are written as text."""
        if not self._sealed:
            return found
        sealed, self._sealed = self._sealed, []
        return [*found, *dict.fromkeys(sealed)]

    def search_stream(self, chunks: Iterable[bytes]) -> Iterator[Match | Unread]:
        """Yield every candidate in the contents of a file that is too large to hold.

        Args:
            chunks: its pieces of any size, in order.
        """
        with self._inside() as inside:
            yield from inside.search_stream(chunks)
        yield from self._with_sealed(())

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

    @cached_property
    def _last_parts(self) -> Gate:
        return Gate(_last_parts(self._literals[1]))

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
        return name, [one for one in found if isinstance(one, Match)]


def _last_parts(literals: Sequence[bytes]) -> tuple[bytes, ...]:
    """Leave out the first bytes of literals, up to two, if four are left."""
    return tuple(without_longer({one[max(0, min(2, len(one) - 4)) :] for one in literals}))


_Known = tuple[tuple[tuple[bytes, ...], ...], frozenset[bytes], "Beside", frozenset[bytes]]


def _known_of(prefixes: tuple[bytes, ...]) -> _Known:
    """Return by what to tell that something may stand in data, and what is known of its context."""
    if prefixes == known_signs.PREFIXES:
        by_rarity = known_signs.COMMON, known_signs.RARE, known_signs.EXOTIC
        loose, free = frozenset(known_signs.LOOSE), frozenset(known_signs.FREE)
        return by_rarity, loose, known_signs.BESIDE, free
    from leakscan.detect import encodings

    return (
        encodings.literals(prefixes),
        encodings.loose(prefixes),
        encodings.beside(prefixes),
        encodings.free(prefixes),
    )


def _and_then_none(chunks: Iterable[bytes]) -> Iterator[bytes | None]:
    yield from chunks
    yield None

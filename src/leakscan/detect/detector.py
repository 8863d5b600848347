"""Search bytes for tokens: for prefixes everywhere, for patterns only where there is one.

Where a prefix stands (prefixes.py), hyperscan searches for the patterns of all rules at once, and
each hit is confirmed by ``regex`` in a small window and then classified.  Clean content costs one
call into C, and a scan that meets no prefix, as most do, never imports hyperscan nor compiles a
pattern, which takes longer than scanning a small repository.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from leakscan.detect.prefixes import prefix_test

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    import hyperscan

    from leakscan.detect.confirm import Confirmer
    from leakscan.model import Match, Rule

LEFT_CONTEXT = 96
"""Bytes before a candidate that classification looks at."""

RIGHT_CONTEXT = 4
"""Bytes after a candidate that classification looks at."""

LINE_CONTEXT = 1000
"""Bytes on either side of a match in which a comment may allow it."""

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
        self.overlap = max(rule.max_length for rule in rules) + 2 * LINE_CONTEXT
        self._issued = issued
        self._has_prefix = prefix_test(prefix for rule in rules for prefix in rule.prefixes)
        self._hits: list[tuple[int, int]] = []

    def _on_hit(self, rule: int, _start: int, end: int, _flags: int, _context: object) -> None:
        self._hits.append((rule, end))

    def search(self, data: bytes) -> list[Match]:
        """Return every candidate in ``data``, of any confidence, by position."""
        if not self._has_prefix(data):
            return _NOTHING
        self._patterns.scan(data, self._on_hit)
        if not self._hits:
            return _NOTHING
        hits, self._hits = self._hits, []
        return self._confirmer.matches(data, hits)

    @cached_property
    def _patterns(self) -> hyperscan.Database:
        return compile_patterns(self.rules)

    @cached_property
    def _confirmer(self) -> Confirmer:
        from leakscan.detect.confirm import Confirmer

        return Confirmer(self.rules, self._issued)

    def search_stream(self, chunks: Iterable[bytes]) -> Iterator[Match]:
        """Yield every candidate in a stream too large to hold.

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
                end = base + match.start + len(match.secret)
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


def compile_patterns(rules: Sequence[Rule]) -> hyperscan.Database:
    """Compile the patterns of ``rules`` into one hyperscan database; ids are positions.

    Raises:
        hyperscan.HyperscanError: a pattern is not in hyperscan's language.
    """
    import hyperscan

    database = hyperscan.Database()
    database.compile(
        expressions=[rule.pattern.encode() for rule in rules],
        ids=list(range(len(rules))),
        flags=[0] * len(rules),
    )
    return database


def _and_then_none(chunks: Iterable[bytes]) -> Iterator[bytes | None]:
    yield from chunks
    yield None

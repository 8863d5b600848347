"""Search bytes for tokens: hyperscan over everything, ``regex`` around its hits.

Hyperscan searches all rules at once at memory speed but reports only where a match may
end, so each hit is confirmed by the backtracking engine in a small window and then
classified.  Clean content costs one call into C.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import hyperscan
import regex

from leakscan.detect.classify import LEFT_CONTEXT, RIGHT_CONTEXT, Classifier, Evidence
from leakscan.model import Confidence, Match, Rule, Secret
from leakscan.rules import checksum

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

_NOTHING: list[Match] = []


@dataclass(frozen=True, slots=True)
class _Confirmer:
    """The second stage of one rule."""

    rule: Rule
    pattern: regex.Pattern[bytes]
    classifier: Classifier


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
        self.overlap = max(rule.max_length for rule in rules) + LEFT_CONTEXT + RIGHT_CONTEXT
        self._issued = issued
        self._confirmers = [
            _Confirmer(rule, regex.compile(rule.pattern.encode()), Classifier(rule))
            for rule in rules
        ]
        self._prefilter = compile_prefilter(rules)
        self._scan = self._prefilter.scan
        self._hits: list[tuple[int, int]] = []

    def _on_hit(self, rule: int, _start: int, end: int, _flags: int, _context: object) -> None:
        self._hits.append((rule, end))

    def search(self, data: bytes) -> list[Match]:
        """Return every candidate in ``data``, of any confidence, by position."""
        self._scan(data, self._on_hit)
        return self._confirm(data) if self._hits else _NOTHING

    def search_stream(self, chunks: Iterable[bytes]) -> Iterator[Match]:
        """Yield every candidate in a stream too large to hold.

        Neighbouring chunks are searched with an overlap that no token or context outgrows,
        so that the result is that of `search` on the whole.

        Args:
            chunks: the stream in pieces of any size, in order.
        """
        window = b""
        base, line, column = 0, 1, 1  # of the window's first byte
        settled = 0  # every match that ends at or before this offset has been yielded
        for chunk in _and_then_none(chunks):
            window += chunk or b""
            limit = base + len(window) - (RIGHT_CONTEXT if chunk is not None else 0)
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

    def _confirm(self, data: bytes) -> list[Match]:
        hits, self._hits = self._hits, []
        matches: list[Match] = []
        for index, confirmer in enumerate(self._confirmers):
            ends = [end for rule, end in hits if rule == index]
            for low, high in _windows(ends, confirmer.rule.max_length):
                matches += self._classified(confirmer, data, low, high)
        matches.sort(key=lambda match: match.start)
        return _positioned(_without_shadows(matches), data)

    def _classified(
        self, confirmer: _Confirmer, data: bytes, low: int, high: int
    ) -> Iterator[Match]:
        """Confirm and classify the candidates between two offsets.

        Overlapping candidates are all looked at: a real token may begin inside a false one.
        """
        for found in confirmer.pattern.finditer(data, low, high, overlapped=True):
            start, end = found.span()
            groups = {name: (text or b"").decode() for name, text in found.groupdict().items()}
            secret = found.group().decode()
            seen = Evidence(
                secret=secret,
                body=groups.get("body") or secret,
                left=data[max(0, start - LEFT_CONTEXT) : start],
                right=data[end : end + RIGHT_CONTEXT],
                checksum=checksum.verify_match(confirmer.rule, groups),
                issued=None if self._issued is None else secret in self._issued,
            )
            confidence, reasons = confirmer.classifier.grade(seen)
            yield Match(
                rule=confirmer.rule.id,
                secret=Secret(secret),
                start=start,
                line=0,
                column=0,
                confidence=confidence,
                checksum=seen.checksum,
                issued=seen.issued,
                reasons=reasons,
            )


def compile_prefilter(rules: Sequence[Rule]) -> hyperscan.Database:
    """Compile the patterns of ``rules`` into one hyperscan database; ids are positions.

    Raises:
        hyperscan.HyperscanError: a pattern is not in hyperscan's language.
    """
    database = hyperscan.Database()
    database.compile(
        expressions=[rule.pattern.encode() for rule in rules],
        ids=list(range(len(rules))),
        flags=[0] * len(rules),
    )
    return database


def _windows(ends: list[int], length: int) -> Iterator[tuple[int, int]]:
    """Merge the windows of ``length`` bytes before each of ``ends`` (ascending)."""
    low = high = -1
    for end in ends:
        if end - length > high:
            if high >= 0:
                yield low, high
            low = max(0, end - length)
        high = end
    if high >= 0:
        yield low, high


def _without_shadows(matches: list[Match]) -> list[Match]:
    """Drop low-confidence candidates that overlap a better one of the same rule."""
    kept: list[Match] = []
    for match in matches:
        while (
            kept
            and _overlap(kept[-1], match)
            and kept[-1].confidence is Confidence.LOW
            and match.confidence is not Confidence.LOW
        ):
            kept.pop()
        shadowed = match.confidence is Confidence.LOW and any(
            _overlap(other, match) and other.confidence is not Confidence.LOW for other in kept[-1:]
        )
        if not shadowed:
            kept.append(match)
    return kept


def _overlap(one: Match, other: Match) -> bool:
    """Whether two matches of one rule, the first starting no later, share bytes."""
    return one.rule == other.rule and other.start < one.start + len(one.secret)


def _positioned(matches: list[Match], data: bytes) -> list[Match]:
    """Fill in line and column of matches sorted by position, in one pass over ``data``."""
    placed: list[Match] = []
    line, seen = 1, 0
    for match in matches:
        line += data.count(b"\n", seen, match.start)
        seen = match.start
        column = match.start - data.rfind(b"\n", 0, match.start)
        placed.append(replace(match, line=line, column=column))
    return placed


def _and_then_none(chunks: Iterable[bytes]) -> Iterator[bytes | None]:
    yield from chunks
    yield None

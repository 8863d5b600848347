"""The second stage of the detector: confirm hyperscan's hits and classify them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import regex

from leakscan.detect.allow import allowed
from leakscan.detect.classify import Classifier, Evidence
from leakscan.detect.detector import LEFT_CONTEXT, RIGHT_CONTEXT
from leakscan.model import Confidence, Match, Rule, Secret
from leakscan.rules import verify_match

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence


MAX_SAME = 1000
"""Places of one candidate in one object that are told, of low confidence or of better."""

MAX_LOW = 1000
"""Low-confidence candidates of one object that are kept: a file full of prefixes has millions."""


@dataclass(frozen=True, slots=True)
class _Stage:
    """What confirms the candidates of one rule."""

    rule: Rule
    pattern: regex.Pattern[bytes]
    classifier: Classifier


class Confirmer:
    """Turns hits into matches.

    Args:
        rules: the active rules; hits name them by position.
        issued: the issuer's list of issued tokens, if there is one.
    """

    def __init__(self, rules: Sequence[Rule], issued: Container[str] | None) -> None:
        self._issued = issued
        self._stages = [
            _Stage(rule, regex.compile(rule.pattern.encode()), Classifier(rule)) for rule in rules
        ]

    def candidates(
        self,
        data: bytes,
        hits: Sequence[tuple[int, int]],
        doubt: str | None,
        seams: Mapping[int, str | None],
    ) -> list[Match]:
        """Return the matches behind hits; in which line they stand is still to be settled.

        Args:
            data: what was searched.
            hits: position of the rule and offset of the end of each hit, ends ascending.
            doubt: why the data may not be what was meant, for people.
            seams: where something was left out, and why that may have been wrong.
        """
        matches: list[Match] = []
        told: Counter[tuple[str, str, bool]] = Counter()
        for index, stage in enumerate(self._stages):
            ends = [end for rule, end in hits if rule == index]
            for low, high in _windows(ends, stage.rule.max_length):
                for found in stage.pattern.finditer(data, low, high, overlapped=True):
                    # Overlapping candidates are all looked at: a real token may begin inside a
                    # false one.
                    match = self._classified(stage, found, doubt, seams)
                    key = (match.rule, match.secret.reveal(), match.confidence is Confidence.LOW)
                    told[key] += 1
                    if told[key] <= MAX_SAME:
                        matches.append(match)
        return matches

    def _classified(
        self,
        stage: _Stage,
        found: regex.Match[bytes],
        doubt: str | None,
        seams: Mapping[int, str | None],
    ) -> Match:
        data, (start, end) = found.string, found.span()
        groups = {name: _text(raw) for name, raw in found.groupdict().items()}
        secret = _text(found.group())
        if seams:
            doubts = [seams[at] for at in range(start + 1, end) if at in seams]
            doubt = doubt or next(filter(None, doubts), None)
        seen = Evidence(
            secret=secret,
            body=groups.get("body") or secret,
            left=b"" if start in seams else data[max(0, start - LEFT_CONTEXT) : start],
            right=b"" if end in seams else data[end : end + RIGHT_CONTEXT],
            checksum=verify_match(stage.rule, groups),
            issued=None if self._issued is None else secret in self._issued,
            ambiguous=doubt,
        )
        confidence, reasons = stage.classifier.grade(seen)
        return Match(
            rule=stage.rule.id,
            secret=Secret(secret),
            start=start,
            line=0,
            column=0,
            confidence=confidence,
            checksum=seen.checksum,
            issued=seen.issued,
            reasons=reasons,
        )


def _text(raw: bytes | None) -> str:
    """Decode a token; bytes that are not ASCII can only come from an operator's own rule."""
    return (raw or b"").decode("ascii", "backslashreplace")


def settled(matches: list[Match], data: bytes) -> list[Match]:
    """Return matches by position, with their lines; of those that say the same, the best.

    Args:
        matches: all candidates in the data.
        data: what was searched.
    """
    if len(matches) > MAX_LOW:
        matches = _without_the_many(matches)
    matches.sort(key=lambda match: match.start)
    plainest = _without_repetitions(matches)
    return _positioned(_without_shadows(_without_too_many(plainest)), data)


def _without_the_many(matches: list[Match]) -> list[Match]:
    low = [match for match in matches if match.confidence is Confidence.LOW]
    return [match for match in matches if match.confidence is not Confidence.LOW] + low[:MAX_LOW]


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


def _without_repetitions(matches: list[Match]) -> list[Match]:
    """Keep one of those that are the same secret in the same place, read in different ways."""
    kept: list[Match] = []
    last: dict[tuple[str, str], int] = {}
    for match in matches:
        key = (match.rule, match.secret.reveal())
        at = last.get(key)
        if at is not None and _overlap(kept[at], match):
            kept[at] = max(kept[at], match, key=_plainness)
        else:
            last[key] = len(kept)
            kept.append(match)
    return kept


def _plainness(match: Match) -> tuple[int, int, int]:
    return match.confidence.rank, -len(match.spelling or ""), -match.length


def _without_too_many(matches: list[Match]) -> list[Match]:
    """Keep up to `MAX_SAME` places of each candidate, be it written plainly or not."""
    told: Counter[tuple[str, str, bool]] = Counter()
    kept: list[Match] = []
    for match in matches:
        key = (match.rule, match.secret.reveal(), match.confidence is Confidence.LOW)
        told[key] += 1
        if told[key] <= MAX_SAME:
            kept.append(match)
    return kept


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
    return one.rule == other.rule and other.start < one.start + one.length


def _positioned(matches: list[Match], data: bytes) -> list[Match]:
    """Fill in where matches stand and what comments say of them; they are sorted by position."""
    placed: list[Match] = []
    line, seen, line_start = 1, 0, 0
    for match in matches:
        newlines = data.count(b"\n", seen, match.start)
        if newlines:
            line += newlines
            line_start = data.rfind(b"\n", seen, match.start) + 1
        seen = match.start
        reason, fault = allowed(match.rule, data, match.start, match.start + match.length)
        column = match.start - line_start + 1
        placed.append(replace(match, line=line, column=column, allowed=reason, allow_fault=fault))
    return placed

"""The second stage of the detector: confirm what begins like a token, and classify it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import regex

from leakscan.detect.allow import allowed
from leakscan.detect.detector import LEFT_CONTEXT, RIGHT_CONTEXT
from leakscan.model import Confidence, Match, Rule, Secret
from leakscan.rules import verify_match

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from leakscan.detect.classify import Classifier

    Seams = Mapping[int, str | None]


MAX_SAME = 1000
"""Places of one candidate in one object that are told, of low confidence or of better."""

MAX_LOW = 1000
"""Low-confidence candidates of one object that are kept: a file full of prefixes has millions."""


class _Stage:
    """What confirms the candidates of one rule; how to grade them is loaded with the first one."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.pattern = regex.compile(rule.pattern.encode())
        self._body = "body" if "body" in self.pattern.groupindex else 0

    @cached_property
    def classifier(self) -> Classifier:
        """What grades the candidates."""
        from leakscan.detect.classify import Classifier

        return Classifier(self.rule)

    @cached_property
    def alphabet(self) -> bytes:
        """The bytes that a well-formed body is made of."""
        known = regex.compile(self.rule.alphabet.encode())
        return bytes(code for code in range(256) if known.fullmatch(bytes([code])))

    def begins_at(self, starts: Mapping[bytes, Sequence[int]]) -> Sequence[int]:
        """Return where a prefix of the rule stands, in order."""
        known = [starts[one.encode()] for one in self.rule.prefixes]
        return known[0] if len(known) == 1 else sorted(set(chain.from_iterable(known)))

    def looks_low(self, found: regex.Match[bytes], seams: Seams) -> bool:
        """Whether only the issuer's list could make more of a candidate than low.

        Told in a fraction of the time that it takes to grade one.
        """
        if self.rule.checksum:
            return False
        if (found[self._body] or found[0]).translate(None, self.alphabet):
            return True
        from leakscan.detect.boundaries import boundary_doubts

        doubts = boundary_doubts(*_beside(found, seams), len(found[0]))
        return any(level is Confidence.LOW for level, _ in doubts)


class Confirmer:
    """Turns prefixes into matches.

    Args:
        rules: the active rules.
        issued: the issuer's list of issued tokens, if there is one.
    """

    def __init__(self, rules: Sequence[Rule], issued: Container[str] | None) -> None:
        self._issued = issued
        self._stages = [_Stage(rule) for rule in rules]

    def candidates(
        self,
        data: bytes,
        starts: Mapping[bytes, Sequence[int]],
        doubt: str | None,
        seams: Seams,
        most_low: int = MAX_LOW,
    ) -> list[Match]:
        """Return the matches that begin with prefixes; their lines are still to be settled.

        Args:
            data: what was searched.
            starts: of prefixes, where they stand, ascending.
            doubt: why the data may not be what was meant, for people.
            seams: where something was left out, and why that may have been wrong.
            most_low: matches of low confidence that are wanted; there may be more.
        """
        matches: list[Match] = []
        told: Counter[tuple[str, str, bool]] = Counter()
        low = 0
        for stage in self._stages:
            match_at, looks_low = stage.pattern.match, stage.looks_low
            for start in stage.begins_at(starts):
                # Overlapping candidates are all looked at: a real token may begin inside a false
                # one.
                found = match_at(data, start)
                if not found:
                    continue
                if low >= most_low and looks_low(found, seams) and not self._is_issued(found):
                    continue
                match = self._classified(stage, found, doubt, seams)
                is_low = match.confidence is Confidence.LOW
                key = (match.rule, match.secret.reveal(), is_low)
                told[key] += 1
                if told[key] <= MAX_SAME:
                    matches.append(match)
                    low += is_low
        return matches

    def _is_issued(self, found: regex.Match[bytes]) -> bool:
        return self._issued is not None and _text(found[0]) in self._issued

    def _classified(
        self,
        stage: _Stage,
        found: regex.Match[bytes],
        doubt: str | None,
        seams: Seams,
    ) -> Match:
        from leakscan.detect.classify import Evidence

        start, end = found.span()
        left, right = _beside(found, seams)
        groups = {name: _text(raw) for name, raw in found.groupdict().items()}
        secret = _text(found.group())
        if seams:
            doubts = [seams[at] for at in range(start + 1, end) if at in seams]
            doubt = doubt or next(filter(None, doubts), None)
        seen = Evidence(
            secret=secret,
            body=groups.get("body") or secret,
            left=left,
            right=right,
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


def _beside(found: regex.Match[bytes], seams: Seams) -> tuple[bytes, bytes]:
    """Return what stands before and behind a candidate, unless something was left out there."""
    data, (start, end) = found.string, found.span()
    return (
        b"" if start in seams else data[max(0, start - LEFT_CONTEXT) : start],
        b"" if end in seams else data[end : end + RIGHT_CONTEXT],
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

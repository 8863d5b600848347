"""How sure can one be that a candidate is a token?  Evidence in, confidence and reasons out.

A checksum or the issuer's own list proves a candidate.  Everything else only raises or
lowers confidence: no candidate is ever dropped here.
"""

from __future__ import annotations

from dataclasses import dataclass

import regex

from leakscan.detect.boundaries import boundary_doubts
from leakscan.detect.randomness import randomness_doubts
from leakscan.model import ChecksumVerdict, Confidence, Rule

_MALFORMED = "characters that this issuer is not known to use"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What classification may look at besides the rule.

    Attributes:
        secret, body: the candidate and its body, as text.
        left, right: up to a few bytes around it.
        checksum: what the rule's checksum says.
        issued: what the issuer's digest file says; ``None`` without one.
        ambiguous: why it may have been misread, for people: ``reversed``, ``put together from
            pieces over lines``; ``None`` if it surely is what was meant.
    """

    secret: str
    body: str
    left: bytes
    right: bytes
    checksum: ChecksumVerdict
    issued: bool | None
    ambiguous: str | None = None


class Classifier:
    """Grades the candidates of one rule."""

    def __init__(self, rule: Rule) -> None:
        self._well_formed = regex.compile(f"{rule.alphabet}*")
        self._placeholders = [regex.compile(p, regex.IGNORECASE) for p in rule.placeholders]
        allowed = "".join(chr(c) for c in range(33, 127) if self._well_formed.fullmatch(chr(c)))
        self._alphabet = frozenset(allowed)
        words = "|".join(regex.escape(word) for word in rule.context)
        self._context = regex.compile(words.encode(), regex.IGNORECASE) if words else None

    def grade(self, seen: Evidence) -> tuple[Confidence, tuple[str, ...]]:
        """Return the confidence and the reasons for it, most telling first."""
        if seen.issued:
            return Confidence.HIGH, ("in the issuer's list of issued tokens",)
        if seen.checksum is ChecksumVerdict.VALID:
            return Confidence.HIGH, ("checksum valid",)
        if not self._well_formed.fullmatch(seen.body) and seen.checksum is ChecksumVerdict.UNKNOWN:
            return Confidence.LOW, (_MALFORMED,)
        against = self._doubts(seen)
        in_context = bool(self._context and self._context.search(seen.left))
        worst = min((level for level, _ in against), key=lambda level: level.rank, default=None)
        reasons = tuple(why for _, why in sorted(against, key=lambda doubt: doubt[0].rank))
        if in_context:
            reasons += ("a word of the issuer's stands beside it",)
        if worst is None:
            return Confidence.HIGH, ("well formed, random and clearly delimited", *reasons)
        return worst, reasons

    def _doubts(self, seen: Evidence) -> list[tuple[Confidence, str]]:
        """Collect what speaks against the candidate, each with the confidence it leaves."""
        doubts: list[tuple[Confidence, str]] = []
        if seen.checksum is ChecksumVerdict.INVALID:
            doubts.append((Confidence.LOW, "checksum invalid"))
        if seen.issued is False:
            doubts.append((Confidence.MEDIUM, "not in the issuer's list of issued tokens"))
        if seen.ambiguous:
            doubts.append((Confidence.MEDIUM, f"may be a misreading: {seen.ambiguous}"))
        if any(pattern.search(seen.secret) for pattern in self._placeholders):
            doubts.append((Confidence.LOW, "looks like a placeholder"))
        if not self._well_formed.fullmatch(seen.body):
            doubts.append((Confidence.LOW, _MALFORMED))
        doubts += randomness_doubts(seen.body, self._alphabet)
        return doubts + boundary_doubts(seen.left, seen.right, len(seen.secret))

"""How sure can one be that a candidate is a token?  Evidence in, confidence and reasons out.

A checksum or the issuer's own list proves a candidate.  Everything else only raises or
lowers confidence: no candidate is ever dropped here.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from collections.abc import Set

from leakscan.model import ChecksumVerdict, Confidence, Rule

RANDOM_ENTROPY = 0.77
"""Share of the largest entropy that a body can have, below which it does not look random.

A body of n characters has at most log2(n) bits a character.  Of 300,000 random
37-character base62 bodies, half lie above 0.90 of that, 1 in 10,000 below 0.796, none
below 0.772 (tests/detect/test_classify.py measures again).
"""

WORD_ENTROPY = 0.62
"""The share below which a body is repetition rather than chance."""

_MALFORMED = "characters that this issuer is not known to use"

# What may stand directly before a token although its last character is a letter or digit:
# JSON and shell escapes, \u0022, \x22, percent-encoding, an ANSI colour sequence.
_ESCAPE_BEFORE = regex.compile(
    rb"(?:\\[abefnrtv0]|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|%[0-9A-Fa-f]{2}"
    rb"|\x1b\[[0-9;]*[A-Za-z])\Z"
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What classification may look at besides the rule.

    Attributes:
        secret, body: the candidate and its body, as text.
        left, right: up to a few bytes around it.
        checksum: what the rule's checksum says.
        issued: what the issuer's digest file says; ``None`` without one.
    """

    secret: str
    body: str
    left: bytes
    right: bytes
    checksum: ChecksumVerdict
    issued: bool | None


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
        if any(pattern.search(seen.secret) for pattern in self._placeholders):
            doubts.append((Confidence.LOW, "looks like a placeholder"))
        if not self._well_formed.fullmatch(seen.body):
            doubts.append((Confidence.LOW, _MALFORMED))
        doubts += _randomness_doubts(seen.body, self._alphabet)
        return doubts + _boundary_doubts(seen)


def _randomness_doubts(body: str, alphabet: Set[str]) -> list[tuple[Confidence, str]]:
    """Doubt bodies that chance would hardly have made of the characters of an alphabet."""
    doubts: list[tuple[Confidence, str]] = []
    different = min(len(body), len(alphabet))
    share = abs(entropy(body)) / math.log2(different) if different > 1 else 0.0
    if share < WORD_ENTROPY:
        doubts.append((Confidence.LOW, f"repetitive ({share:.2f} of the possible entropy)"))
    elif share < RANDOM_ENTROPY:
        doubts.append((Confidence.MEDIUM, f"not very random ({share:.2f} of the possible entropy)"))
    if "0" in alphabet and not any(c.isdigit() for c in body):
        # One random base62 body in 670 has no digit: (52/62)^37.
        doubts.append((Confidence.MEDIUM, "no digit in it"))
    if {"a", "A"} <= alphabet and body in (body.lower(), body.upper()):
        # (36/62)^37 is 2e-9: for a base62 issuer this is an identifier or a hex digest.
        doubts.append((Confidence.LOW, "letters of one case only"))
    return doubts


def _boundary_doubts(seen: Evidence) -> list[tuple[Confidence, str]]:
    """Doubt candidates that are glued to something else."""
    doubts: list[tuple[Confidence, str]] = []
    before, after = seen.left[-1:], seen.right[:1]
    if after.isalnum():
        doubts.append((Confidence.LOW, "part of a longer run of characters"))
    elif after in (b"_", b"-"):
        doubts.append((Confidence.MEDIUM, f"continued by {after.decode()!r}"))
    if before.isalnum() and not _ESCAPE_BEFORE.search(seen.left):
        doubts.append((Confidence.LOW, "directly preceded by a letter or digit"))
    elif before == b"_":
        doubts.append((Confidence.MEDIUM, "glued to an identifier"))
    return doubts


def entropy(text: str) -> float:
    """Shannon entropy of the characters of ``text``, in bits a character."""
    total = len(text)
    return -sum(n / total * math.log2(n / total) for n in Counter(text).values())

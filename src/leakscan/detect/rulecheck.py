"""Check that a rule does what it says: its pattern in both engines, its examples, its numbers.

`leakscan rules check` and the tests run it over every rule; a scan asks only whether it can
search with an operator's own.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import hyperscan
import regex

from leakscan.detect.detector import Detector
from leakscan.detect.finder import compiled
from leakscan.errors import RuleError
from leakscan.model import ChecksumVerdict, Confidence, Match, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CHARACTERS = [bytes([code]) for code in range(256)]


def check_rule(rule: Rule) -> list[str]:
    """List what is wrong with a rule, each as one line; an empty list means that it is sound.

    Examples are named by number and never quoted: somebody's may hold a real token.
    """
    fatal = list(_engines(rule)) or [*_ascii(rule), *_boundaries(rule)]
    return fatal or [*_length(rule), *_starts(rule), *_checksum(rule), *_examples(rule)]


def require_searchable(rules: Iterable[Rule]) -> None:
    """Refuse rules with which a search could not run, or would miss matches.

    Raises:
        RuleError: an expression is none, or matches can start with more than the prefixes, or
            be longer than ``max_length``.
    """
    for rule in rules:
        fault = next(chain(_engines(rule), _starts(rule), _longer(rule)), None)
        if fault:
            raise RuleError(f"rule {rule.id}: {fault}", "try `leakscan rules check` on its file")


def _engines(rule: Rule) -> Iterator[str]:
    """Yield why an expression is not in the language of the engine that will run it."""
    try:
        compiled([rule.pattern.encode()])
    except hyperscan.HyperscanError as error:
        yield f"pattern: hyperscan rejects it: {str(error).rstrip('.')}"
    expressions = [("pattern", rule.pattern), ("alphabet", rule.alphabet)]
    expressions += [("placeholders", text) for text in rule.placeholders]
    for key, text in expressions:
        try:
            regex.compile(text)
        except regex.error as error:
            yield f"{key}: {error} in {text!r}"


def _boundaries(rule: Rule) -> Iterator[str]:
    if regex.search(r"(?<!\\)(?:\\\\)*\\[bB]", rule.pattern):
        yield "pattern: it says \\b, which tokens behind an escape such as \\n would not satisfy"


def _length(rule: Rule) -> Iterator[str]:
    """Ask hyperscan whether a match can be as long as ``max_length``, and no longer.

    It refuses an expression that can never satisfy its ``min_length``.
    """
    if not _can_reach(rule, rule.max_length):
        yield f"max_length: {rule.max_length}, but no match is that long"
    else:
        yield from _longer(rule)


def _longer(rule: Rule) -> Iterator[str]:
    if _can_reach(rule, rule.max_length + 1):
        yield f"max_length: {rule.max_length}, but a match can be longer"


def _can_reach(rule: Rule, length: int) -> bool:
    # Flags, least and greatest offset, least length, edit and hamming distance.
    least = (hyperscan.HS_EXT_FLAG_MIN_LENGTH, 0, 0, length, 0, 0)
    try:
        hyperscan.Database().compile(expressions=[rule.pattern.encode()], ids=[0], ext=[least])
    except hyperscan.HyperscanError:
        return False
    return True


def _starts(rule: Rule) -> Iterator[str]:
    """Compare the prefixes with all the ways in which a match can begin.

    Every beginning is grown a byte at a time for as long as the pattern can still go on
    (a partial match): each must end up as one of the prefixes, and each prefix be reached.
    """
    pattern = regex.compile(rule.pattern.encode())
    prefixes = {prefix.encode() for prefix in rule.prefixes}
    reached: set[bytes] = set()
    growing = [b""]
    while growing:
        start = growing.pop()
        for text in (start + character for character in _CHARACTERS):
            if not pattern.fullmatch(text, partial=True):
                continue
            if text in prefixes:
                reached.add(text)
            elif any(prefix.startswith(text) for prefix in prefixes):
                growing.append(text)
            else:
                yield f"prefixes: a match can also start with {text.decode(errors='replace')!r}"
                return
    for prefix in sorted(prefixes - reached):
        yield f"prefixes: no match starts with {prefix.decode()!r}"


def _ascii(rule: Rule) -> Iterator[str]:
    """Try a byte that is no text in every place of the matches in the examples."""
    pattern = regex.compile(rule.pattern.encode())
    for text in rule.examples.positive:
        for found in pattern.finditer(text.encode()):
            whole = found.group()
            for at in range(len(whole)):
                if pattern.fullmatch(whole[:at] + b"\xff" + whole[at + 1 :]):
                    yield "pattern: a match can hold bytes that are not ASCII: name the characters"
                    return


def _checksum(rule: Rule) -> Iterator[str]:
    if rule.checksum is None and "(?P<checksum>" in rule.pattern:
        yield "checksum: the pattern has a group for it, but the rule states none"


def _examples(rule: Rule) -> Iterator[str]:
    """Run every example through a detector that has this rule alone."""
    detector = Detector([rule])
    for sort, texts in (("positive", rule.examples.positive), ("negative", rule.examples.negative)):
        if not texts:
            yield f"examples.{sort}: none"
        for number, text in enumerate(texts, start=1):
            best = max(detector.search(text.encode()), key=_rank, default=None)
            where = f"examples.{sort}: number {number}"
            if sort == "negative":
                if best and _rank(best) >= Confidence.MEDIUM.rank:
                    yield f"{where} is reported with {best.confidence} confidence{_why(best)}"
            elif best is None:
                yield f"{where} is not found{_why_not(rule, text)}"
            elif _rank(best) < Confidence.MEDIUM.rank:
                yield f"{where} has only {best.confidence} confidence{_why(best)}"
            elif rule.checksum and best.checksum is not ChecksumVerdict.VALID:
                yield f"{where}: its checksum is {best.checksum}"


def _why_not(rule: Rule, text: str) -> str:
    for prefix in rule.prefixes:
        if prefix in text:
            return f": {prefix} stands in it, but the pattern does not match there"
    return ": no prefix stands in it"


def _rank(match: Match) -> int:
    return match.confidence.rank


def _why(match: Match) -> str:
    return f" ({'; '.join(match.reasons)})" if match.reasons else ""

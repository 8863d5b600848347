"""A scan result whose every text may be shown.

A leak may sit in the very words that say where it is: a file or a branch named after a
token, an author called one.  So redaction covers all texts of a result, not only the
field that holds the secret, and it happens once, before any format sees the result.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from leakscan.detect.redaction import without_encoded
from leakscan.model import (
    Finding,
    Location,
    Person,
    Rule,
    ScanResult,
    Secret,
    Suppressed,
)
from leakscan.safe_text import encodable, safe_text

if TYPE_CHECKING:
    from leakscan.detect import Detector

Clean = Callable[[str], str]


def presentable(
    result: ScanResult, *, show_secrets: bool, encoded: Sequence[Rule] | None = None
) -> ScanResult:
    """Return the result with texts that can be encoded and, unless shown, hold no secret.

    `Finding.secret` itself stays whole; a format that prints it decides how.

    Args:
        result: what was found.
        show_secrets: whether texts may hold secrets.
        encoded: the rules whose secrets are redacted where they stand encoded, too; by default
            those of the result.
    """
    clean = _cleaner((), ()) if show_secrets else redactor(result, encoded)
    skipped = tuple(
        replace(skip, what=clean(skip.what), why=clean(skip.why))
        for skip in result.coverage.skipped
    )
    return replace(
        result,
        target=clean(result.target),
        scope=_maybe(result.scope, clean),
        findings=tuple(_clean_finding(finding, clean) for finding in result.findings),
        coverage=replace(result.coverage, skipped=skipped),
        suppressed=tuple(_clean_suppressed(item, clean) for item in result.suppressed),
    )


def redactor(result: ScanResult, encoded: Sequence[Rule] | None = None) -> Clean:
    """Return a function that takes what a result found, or looks like it, out of a text.

    Args:
        result: what was found.
        encoded: as in `presentable`.
    """
    everything = (*result.findings, *(item.finding for item in result.suppressed))
    clean = _cleaner((finding.secret for finding in everything), result.rules)
    return _decoding(clean, result.rules if encoded is None else encoded)


def presentable_line(text: str) -> str:
    """Return a text on one line, without what looks like a secret to a shipped rule.

    Where they stand encoded, too, secrets of the default rules are redacted.
    """
    from leakscan.rules import load_rules

    rules = load_rules()
    clean = _decoding(_cleaner((), rules), [rule for rule in rules if rule.default])
    return safe_text(clean(text))


def _cleaner(secrets: Iterable[Secret], rules: Sequence[Rule]) -> Clean:
    """Return a function that redacts the secrets in a text, as they are or percent-encoded.

    What looks like a secret to one of the rules is redacted too: it may be one that was not
    reported, in the name of something that could not be read.
    """
    patterns = [rule.pattern for rule in rules]
    redacted = {
        spelling: secret.redacted()
        for secret in secrets
        for spelling in (
            encodable(secret.reveal()),
            quote(secret.reveal(), safe="", errors="replace"),
        )
        if spelling
    }
    # All but a few are spelled as a pattern says; longest first, for one may begin another.
    odd = sorted((s for s in redacted if not _fits(s, patterns)), key=len, reverse=True)
    suspects = [(prefix, rule.pattern) for rule in rules for prefix in rule.prefixes]
    suspects += [(spelling, re.escape(spelling)) for spelling in odd]

    @cache  # a name or an address stands in many places
    def clean(text: str) -> str:
        text = encodable(text)
        for sign, pattern in suspects:
            if sign in text:
                text = _redact(text, pattern, redacted)
        return text

    return clean


def _decoding(clean: Clean, rules: Sequence[Rule]) -> Clean:
    """Return a function that redacts what is encoded, too.

    A source redacts names in the places that it tells of them.  The same names stand in reasons,
    in addresses, in what could not be read, and nobody searches the name of the target.  Few texts
    hold a sign of that, and making ready to decode takes a moment.
    """
    if not rules:
        return clean
    from leakscan.report.encoded_signs import EncodedSigns

    signs = EncodedSigns(rules)

    @cache
    def detector() -> Detector:
        from leakscan.detect import Detector

        return Detector(rules)

    @cache
    def clean_of_encoded(text: str) -> str:
        shown = clean(text)
        data = shown.encode()
        if not signs.stand_in(data):
            return shown
        return without_encoded(data, detector().search(data)).decode(errors="replace")

    return clean_of_encoded


def _fits(text: str, patterns: Iterable[str]) -> bool:
    import regex

    return any(regex.fullmatch(pattern, text) for pattern in patterns)


def _redact(text: str, pattern: str, known: Mapping[str, str]) -> str:
    """Redact what matches; of matches that overlap, rather those that are known secrets."""
    import regex

    found = [match.span() for match in regex.finditer(pattern, text, overlapped=True)]
    found.sort(key=lambda span: text[slice(*span)] not in known)
    chosen: list[tuple[int, int]] = []
    for span in found:
        at = bisect_left(chosen, span)
        after = at == len(chosen) or span[1] <= chosen[at][0]
        if after and (not at or chosen[at - 1][1] <= span[0]):
            chosen.insert(at, span)
    pieces, done = [], 0
    for begin, end in chosen:
        pieces += [text[done:begin], Secret(text[begin:end]).redacted()]
        done = end
    return "".join(pieces) + text[done:]


def _clean_finding(finding: Finding, clean: Clean) -> Finding:
    return replace(
        finding,
        reasons=tuple(map(clean, finding.reasons)),
        locations=tuple(_clean_location(location, clean) for location in finding.locations),
    )


def _clean_suppressed(item: Suppressed, clean: Clean) -> Suppressed:
    suppression = replace(item.suppression, reason=clean(item.suppression.reason))
    return Suppressed(_clean_finding(item.finding, clean), suppression)


def _clean_location(location: Location, clean: Clean) -> Location:
    author = location.author
    return replace(
        location,
        repository=clean(location.repository),
        path=_maybe(location.path, clean),
        author=author and Person(clean(author.name), clean(author.email)),
        url=_maybe(location.url, clean),
        note=_maybe(location.note, clean),
    )


def _maybe(text: str | None, clean: Clean) -> str | None:
    return None if text is None else clean(text)

"""A scan result whose every text may be shown.

A leak may sit in the very words that say where it is: a file or a branch named after a
token, an author called one.  So redaction covers all texts of a result, not only the
field that holds the secret, and it happens once, before any format sees the result.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from urllib.parse import quote

from leakscan.model import Finding, Location, Person, Rule, ScanResult, Secret, Skip
from leakscan.report.safe_text import encodable

Clean = Callable[[str], str]


def presentable(result: ScanResult, *, show_secrets: bool) -> ScanResult:
    """Return the result with texts that can be encoded and, unless shown, hold no secret.

    `Finding.secret` itself stays whole; a format that prints it decides how.
    """
    secrets = () if show_secrets else (finding.secret for finding in result.findings)
    clean = _cleaner(secrets, () if show_secrets else result.rules)
    skipped = tuple(Skip(clean(skip.what), clean(skip.why)) for skip in result.coverage.skipped)
    return replace(
        result,
        target=clean(result.target),
        findings=tuple(_clean_finding(finding, clean) for finding in result.findings),
        coverage=replace(result.coverage, skipped=skipped),
    )


def _cleaner(secrets: Iterable[Secret], rules: Iterable[Rule]) -> Clean:
    """Return a function that redacts the secrets in a text, as they are or percent-encoded.

    What looks like a secret to one of the rules is redacted too: it may be one that was not
    reported, in the name of something that could not be read.
    """
    suspects = [(prefix, rule.pattern) for rule in rules for prefix in rule.prefixes]

    def careful(text: str) -> str:
        for prefix, pattern in suspects:
            if prefix in text:
                text = re.sub(pattern, lambda found: Secret(found[0]).redacted(), text)
        return text

    redacted = {
        spelling: secret.redacted()
        for secret in secrets
        for spelling in (
            encodable(secret.reveal()),
            quote(secret.reveal(), safe="", errors="replace"),
        )
        if spelling
    }
    if not redacted:
        return lambda text: careful(encodable(text))
    # Longest first: a secret may begin with another one.
    spellings = sorted(redacted, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, spellings)))

    def clean(text: str) -> str:
        return careful(pattern.sub(lambda found: redacted[found[0]], encodable(text)))

    return clean


def _clean_finding(finding: Finding, clean: Clean) -> Finding:
    return replace(
        finding,
        reasons=tuple(map(clean, finding.reasons)),
        locations=tuple(_clean_location(location, clean) for location in finding.locations),
    )


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

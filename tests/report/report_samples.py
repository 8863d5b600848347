"""Scan results to report: one that tells a story, and a strategy for any other."""

from __future__ import annotations

import io
import random
import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from leakscan.model import (
    ChecksumVerdict,
    Confidence,
    Coverage,
    Finding,
    Kind,
    Location,
    Means,
    Person,
    Rule,
    ScanResult,
    Secret,
    Severity,
    Skip,
    Suppressed,
    Suppression,
)
from leakscan.report import ReportOptions, write_report

TARGET = "https://github.com/acme/app"
ADA = Person("Ada Lovelace", "ada@example.com")
GRACE = Person("Grace Hopper", "grace@example.com")

RULE = Rule(
    id="replicate-api-token",
    name="Replicate API token",
    description="A token that acts for a Replicate account.",
    issuer="Replicate",
    prefixes=("r8_",),
    pattern=r"(?P<prefix>r8_)(?P<body>[A-Za-z0-9]{37})",
    max_length=40,
    alphabet="[A-Za-z0-9]",
    severity=Severity.CRITICAL,
    references=("https://replicate.com/docs/topics/security/api-tokens",),
    remediation=(
        "Disable the token at https://replicate.com/account/api-tokens before anything else.",
        "Create a new token and put it where the program reads it, outside the repository.",
        "Look through the account's predictions and billing for use that was not yours.",
    ),
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def written(result: ScanResult, format: str, out: io.StringIO | None = None, **options: Any) -> str:
    """Return a report as text; options are those of `ReportOptions`."""
    out = out or io.StringIO()
    write_report(result, out, ReportOptions(format=format, **options))
    return out.getvalue()


def as_ascii(result: ScanResult, **options: Any) -> bytes:
    """Return a report for people in an encoding that lacks most characters."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    write_report(result, out, ReportOptions(**options))
    out.flush()
    return raw.getvalue()


def make_secret(seed: int = 7) -> Secret:
    body = random.Random(seed).choices(string.ascii_letters + string.digits, k=37)  # noqa: S311
    return Secret("r8_" + "".join(body))


def make_id(seed: int) -> str:
    return f"{random.Random(seed).getrandbits(160):040x}"  # noqa: S311


def make_location(seed: int = 1, **fields: object) -> Location:
    commit = make_id(seed)
    usual = Location(
        kind=Kind.BLOB,
        repository=TARGET,
        object=make_id(seed + 1000),
        commit=commit,
        path="config/production.env",
        line=12,
        column=17,
        author=ADA,
        date=datetime(2024, 3, 1, 9, 30, tzinfo=timezone(timedelta(hours=1))),
        current=True,
        url=f"{TARGET}/blob/{commit}/config/production.env#L12",
    )
    return replace(usual, **fields)  # type: ignore[arg-type]


def make_finding(**fields: object) -> Finding:
    usual = Finding(
        rule=RULE,
        secret=make_secret(),
        fingerprint=make_id(99) + make_id(98)[:24],
        confidence=Confidence.HIGH,
        checksum=ChecksumVerdict.VALID,
        issued=True,
        reasons=("37 letters and digits after r8_", 'near the word "replicate"'),
        locations=(
            make_location(),
            make_location(
                2,
                kind=Kind.COMMIT_MESSAGE,
                path=None,
                line=3,
                column=1,
                author=GRACE,
                current=None,
                url=None,
            ),
            make_location(3, path="src/app/client.py", line=181, column=5, current=False, url=None),
        ),
    )
    return replace(usual, **fields)  # type: ignore[arg-type]


def make_result(*findings: Finding, **fields: object) -> ScanResult:
    usual = ScanResult(
        target=TARGET,
        findings=findings,
        coverage=Coverage(objects=161_098, bytes=1_900_000_000, seconds=0.71),
        rules=(RULE,),
    )
    return replace(usual, **fields)  # type: ignore[arg-type]


def make_story() -> ScanResult:
    """A result with a bit of everything."""
    doubtful = make_finding(
        secret=make_secret(8),
        fingerprint=make_id(97) + make_id(96)[:24],
        confidence=Confidence.MEDIUM,
        checksum=ChecksumVerdict.UNKNOWN,
        issued=None,
        reasons=("decoded from base64",),
        locations=(
            make_location(
                4,
                commit=None,
                path=None,
                author=None,
                date=None,
                current=None,
                url=None,
                note="no commit holds it (dangling)",
            ),
            make_location(
                5,
                kind=Kind.REF_NAME,
                path="refs/heads/wip",
                line=None,
                column=None,
                object=None,
                commits=(make_id(5), make_id(6)),
                url=None,
            ),
        ),
    )
    skips = (
        Skip("pack-1f0c.pack", "checksum mismatch"),
        Skip("assets/model.bin (git LFS)", "the server answered 404"),
    )
    return make_result(
        make_finding(),
        doubtful,
        coverage=Coverage(161_098, 1_900_000_000, 0.71, skips),
        withheld={Confidence.LOW: 12},
    )


def make_suppressed(
    means: Means = Means.INLINE, reason: str = "made for tests", **fields: object
) -> Suppressed:
    return Suppressed(make_finding(**fields), Suppression(means, reason))


_ids = st.text("0123456789abcdef", min_size=40, max_size=40)
_people = st.builds(Person, st.text(), st.text())
_locations = st.builds(
    Location,
    kind=st.sampled_from(Kind),
    repository=st.text(),
    object=st.none() | _ids,
    commit=st.none() | _ids,
    path=st.none() | st.text(),
    line=st.none() | st.integers(1),
    column=st.none() | st.integers(1),
    author=st.none() | _people,
    date=st.none() | st.datetimes(timezones=st.just(UTC)),
    current=st.none() | st.booleans(),
    url=st.none() | st.text(),
    note=st.none() | st.text(),
    commits=st.lists(_ids, max_size=8).map(tuple),
)
_findings = st.builds(
    Finding,
    rule=st.just(RULE),
    secret=st.integers(0, 9).map(make_secret),
    fingerprint=_ids,
    confidence=st.sampled_from(Confidence),
    checksum=st.sampled_from(ChecksumVerdict),
    issued=st.none() | st.booleans(),
    reasons=st.lists(st.text(), max_size=3).map(tuple),
    locations=st.lists(_locations, max_size=4).map(tuple),
)
_coverages = st.builds(
    Coverage,
    objects=st.integers(0),
    bytes=st.integers(0),
    seconds=st.floats(0, 1e9),
    skipped=st.lists(st.builds(Skip, st.text(), st.text()), max_size=3).map(tuple),
)
_suppressed = st.builds(
    Suppressed, _findings, st.builds(Suppression, st.sampled_from(Means), st.text())
)
any_result = st.builds(
    ScanResult,
    target=st.text(),
    findings=st.lists(_findings, max_size=3).map(tuple),
    coverage=_coverages,
    rules=st.just((RULE,)),
    withheld=st.dictionaries(st.sampled_from(Confidence), st.integers(0)),
    suppressed=st.lists(_suppressed, max_size=3).map(tuple),
)

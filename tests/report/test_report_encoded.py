"""Secrets that stand encoded in names are redacted wherever a report says such a name."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from report_samples import make_finding, make_location, make_result, make_secret, written

from leakscan.model import Coverage, Kind, Person, Skip
from leakscan.report import FORMATS

SECRET = make_secret(7)
ENCODED = base64.urlsafe_b64encode(SECRET.reveal().encode()).decode().rstrip("=")


@pytest.mark.parametrize("format", FORMATS)
def test_an_encoded_name_is_redacted_everywhere(format: str) -> None:
    place = make_location(
        kind=Kind.IDENTITY,
        path=f"x/{ENCODED}",
        author=Person(ENCODED, f"{ENCODED}@example.com"),
        url=f"https://example.com/{ENCODED}",
        note="written in base64",
    )
    skip = Skip(f"file a/{ENCODED}.zip!/b", f"it is in {ENCODED}")
    result = make_result(make_finding(secret=SECRET, locations=(place,)))
    result = replace(result, coverage=Coverage(skipped=(skip,)))
    report = written(result, format)
    assert ENCODED[12:24] not in report

"""Secrets that stand encoded in names are redacted wherever a report says such a name."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from report_samples import RULE, make_finding, make_location, make_result, make_secret, written

from leakscan.model import Coverage, Kind, Person, Skip
from leakscan.report import FORMATS
from leakscan.report.encoded_signs import EncodedSigns
from leakscan.report.presentable import presentable, presentable_line

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


@pytest.mark.parametrize("format", FORMATS)
def test_a_name_in_pieces_is_redacted_everywhere(format: str) -> None:
    token = SECRET.reveal()
    broken = f"{token[:3]}\u00ad{token[3:20]}\u00ad{token[20:]}"
    place = make_location(kind=Kind.IDENTITY, author=Person(broken, "ann@example.com"))
    result = make_result(make_finding(secret=SECRET, locations=(place,)), target=f"/x/{broken}")
    assert token[22:36] not in written(result, format)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "target", [f"/home/ann/{ENCODED}/app", f"https://github.com/ann/x-{ENCODED}"]
)
def test_the_name_of_the_target_is_redacted(format: str, target: str) -> None:
    """Nobody searches it, so that no finding says that it is a secret."""
    nested = f"{target}/nested"
    finding = make_finding(locations=(make_location(repository=nested, url=None),))
    skip = Skip(f"the repository {nested}", "it is damaged")
    result = make_result(finding, target=target, coverage=Coverage(skipped=(skip,)))
    for told in (result, make_result(target=target), make_result(target=target, scope=target)):
        assert ENCODED[12:24] not in written(told, format)


def test_secrets_are_shown_to_whoever_asks_for_them() -> None:
    result = make_result(target=f"/home/ann/{ENCODED}")
    assert ENCODED in written(result, "json", show_secrets=True)


def test_a_line_is_redacted() -> None:
    assert presentable_line(f"/x/{ENCODED} does not exist") == (
        f"/x/{SECRET.redacted()} does not exist"
    )


def test_nothing_is_made_ready_to_decode_where_nothing_is_encoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("leakscan.detect.Detector", pytest.fail)
    result = make_result(make_finding(), target="/home/ann/app")
    assert presentable(result, show_secrets=False).target == "/home/ann/app"
    assert presentable(replace(result, target=f"/{ENCODED}"), show_secrets=False, encoded=())


def test_signs_are_found_in_few_texts_and_in_many() -> None:
    signs = EncodedSigns([RULE])
    for _ in range(40):
        assert signs.stand_in(f"x/{ENCODED}".encode())
        assert not signs.stand_in(b"https://github.com/acme/app")
        assert signs.stand_in(SECRET.reveal()[:9].encode() + b"\xc2\xad" + b"x" * 30)

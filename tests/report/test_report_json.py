import json
import subprocess
import sys
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator
from report_samples import (
    any_result,
    make_finding,
    make_location,
    make_result,
    make_secret,
    make_story,
)
from report_samples import written as write
from syrupy.assertion import SnapshotAssertion

from leakscan import __version__
from leakscan.errors import UsageError
from leakscan.model import Coverage, Kind, Person, ScanResult, Skip
from leakscan.report import FORMATS

SCHEMA = json.loads((files("leakscan.report") / "leakscan-v1.schema.json").read_text())


def strict(schema: Any) -> Any:
    """Return the schema without its tolerance of fields yet to come."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"unevaluatedProperties": False} if "required" in schema else {}
    return closed | {name: strict(part) for name, part in schema.items()}


# A finding line extends a finding, so a finding itself must stay open.
STRICT = strict(SCHEMA)
del STRICT["$defs"]["finding"]["unevaluatedProperties"]
DOCUMENT = Draft202012Validator(STRICT, format_checker=Draft202012Validator.FORMAT_CHECKER)
LINE = DOCUMENT.evolve(schema={"$ref": "#/$defs/line", "$defs": STRICT["$defs"]})


def written(result: ScanResult, format: str = "json", **options: bool) -> str:
    return write(result, format, **options)


def without_version(report: str) -> str:
    return report.replace(f'"{__version__}"', '"VERSION"')


def test_the_schema_is_valid() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_json_of_a_scan(snapshot: SnapshotAssertion) -> None:
    assert without_version(written(make_story())) == snapshot


def test_jsonl_of_a_scan(snapshot: SnapshotAssertion) -> None:
    assert without_version(written(make_story(), "jsonl")) == snapshot


def test_the_strict_schema_knows_every_field() -> None:
    document = json.loads(written(make_story()))
    document["coverage"]["extra"] = 1
    assert not DOCUMENT.is_valid(document)


@given(any_result)
def test_json_fits_the_schema(result: ScanResult) -> None:
    text = written(result)
    assert text.isascii()
    DOCUMENT.validate(json.loads(text))


@given(any_result)
def test_jsonl_fits_the_schema(result: ScanResult) -> None:
    text = written(result, "jsonl")
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        LINE.validate(line)
    assert [line["type"] for line in lines] == ["finding"] * len(result.findings) + ["summary"]


def test_jsonl_findings_are_those_of_json() -> None:
    finding, *_ = (json.loads(line) for line in written(make_story(), "jsonl").splitlines())
    same = json.loads(written(make_story()))["findings"][0]
    assert {name: finding[name] for name in same} == same


@pytest.mark.parametrize("format", FORMATS)
def test_a_secret_is_redacted_wherever_it_stands(format: str) -> None:
    secret = make_secret()
    place = make_location(
        kind=Kind.PATH,
        path=f"keys/{secret.reveal()}/a",
        repository=f"/tmp/{secret.reveal()}",  # noqa: S108
        author=Person(secret.reveal(), f"{secret.reveal()}@example.com"),
        url=f"https://example.com/{secret.reveal()}",
        note=f"named {secret.reveal()}",
    )
    result = make_result(
        make_finding(locations=(place,), reasons=(f"it is {secret.reveal()}",)),
        target=f"/tmp/{secret.reveal()}",  # noqa: S108
        coverage=Coverage(skipped=(Skip(secret.reveal(), f"no {secret.reveal()}"),)),
    )
    report = written(result, format)
    assert secret.reveal() not in report
    assert secret.reveal()[8:24] not in report


def test_a_percent_encoded_secret_is_redacted() -> None:
    secret = type(make_secret())("key_" + make_secret().reveal()[3:] + "=/")
    url = f"https://example.com/key_{secret.reveal()[4:-2]}%3D%2F"
    result = make_result(make_finding(secret=secret, locations=(make_location(url=url),)))
    assert secret.reveal()[4:-2] not in written(result)


def test_a_secret_that_overlaps_what_looks_like_one_is_redacted() -> None:
    secret = make_secret()
    path = f"r8_x{secret.reveal()}-r8_"
    result = make_result(make_finding(secret=secret, locations=(make_location(path=path),)))
    shown = json.loads(written(result))["findings"][0]["locations"][0]["path"]
    assert shown == f"r8_x{secret.redacted()}-r8_"


@pytest.mark.parametrize("format", ["text", "json", "jsonl"])
def test_secrets_are_shown_on_demand(format: str) -> None:
    report = written(make_story(), format, show_secrets=True)
    assert make_secret().reveal() in report


@pytest.mark.parametrize("format", FORMATS)
def test_a_name_that_is_not_unicode_can_be_written(format: str) -> None:
    result = make_result(make_finding(locations=(make_location(path="caf\udce9"),)))
    report = written(result, format)
    report.encode()
    assert "caf" in report


def test_an_unknown_format_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="choose one of text, json, jsonl, sarif"):
        written(make_story(), "xml")


def test_rich_is_only_imported_for_text() -> None:
    program = """
import io, sys
from leakscan.model import Coverage, ScanResult
from leakscan.report import ReportOptions, write_report
for name in ("json", "jsonl", "sarif"):
    write_report(ScanResult("t", (), Coverage(), ()), io.StringIO(), ReportOptions(format=name))
sys.exit("rich" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)

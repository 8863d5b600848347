"""Paths and patterns that the configuration allows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from seen import RULE, seen

from leakscan.config import Allowance
from leakscan.errors import UsageError
from leakscan.suppress import allowlist
from leakscan.suppress.allowlist import Allowlist

if TYPE_CHECKING:
    from pathlib import Path

    from leakscan.sources.sighting import Sighting


def allowing(top: str | None = "/srv/app", **conditions: Any) -> Allowlist:
    return Allowlist([Allowance("/srv/app/.leakscan.toml: allow 1", "why", **conditions)], top)


def reason(allowlist: Allowlist, sighting: Sighting) -> str | None:
    """Return why the list allows a sighting."""
    found = allowlist.find(sighting)
    return found.reason if found else None


def test_a_path(token: str) -> None:
    allowed = allowing(paths=("docs", "tests/**"))
    assert reason(allowed, seen(token, "tests/a.env")) == "why"
    assert reason(allowed, seen(token, "sub/docs/a.md")) == "why"
    assert reason(allowed, seen(token, "src/tests/a.env")) is None
    assert reason(allowed, seen(token, None)) is None


def test_a_pattern_is_of_the_whole_secret(token: str) -> None:
    assert reason(allowing(patterns=("x", f"{token[:8]}.*")), seen(token)) == "why"
    assert reason(allowing(patterns=(token[:8],)), seen(token)) is None


def test_all_conditions_of_a_table_must_hold(token: str) -> None:
    both = allowing(paths=("tests",), patterns=("r8_.*",), rule=RULE)
    assert reason(both, seen(token, "tests/a")) == "why"
    assert reason(both, seen(token, "a")) is None
    assert reason(both, seen("x" + token, "tests/a")) is None
    assert reason(both, seen(token, "tests/a", rule="other")) is None


def test_tables_are_alternatives_and_the_first_gives_the_reason(token: str) -> None:
    one = Allowance("c: allow 1", "one", paths=("a",))
    two = Allowance("c: allow 2", "two", paths=("*",))
    tables = Allowlist([one, two], None)
    assert [reason(tables, seen(token, path)) for path in ("a", "b")] == ["one", "two"]


def test_paths_are_also_relative_to_the_top(tmp_path: Path, token: str) -> None:
    """For repositories within a work tree, parts of it, and files that are scanned alone."""
    allowed = allowing(str(tmp_path), paths=("vendor/lib/tests/",))
    within = str(tmp_path / "vendor" / "lib")
    assert reason(allowed, seen(token, "tests/a.env", repository=within)) == "why"
    assert reason(allowed, seen(token, "src/a.env", repository=within)) is None
    alone = str(tmp_path / "vendor" / "lib" / "tests" / "a.env")
    assert reason(allowed, seen(token, alone, repository=alone)) == "why"
    assert reason(allowed, seen(token, "tests/a.env", repository="/elsewhere")) is None


def test_a_relative_target_is_where_it_is(
    tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "src")
    monkeypatch.chdir(tmp_path)
    allowed = allowing(os.fspath(tmp_path), paths=("src/a.env",))
    for repository in ("src", "./src/", "link"):
        assert reason(allowed, seen(token, "a.env", repository=repository)) == "why", repository


@pytest.mark.parametrize(
    "glob",
    [
        "archive.zip", "*.zip", "lib", "lib/*.zip", "/lib/archive.zip",
        "**/archive.zip!/inner/*", "archive.zip!/", "lib/archive.zip!/inner/", "inner.tar", "*.env",
    ],
)  # fmt: skip
def test_a_glob_covers_what_is_inside(glob: str, token: str) -> None:
    inside = seen(token, "lib/archive.zip!/inner/inner.tar!/app.env")
    assert reason(allowing(paths=(glob,)), inside) == "why"


@pytest.mark.parametrize(
    "glob", ["archive", "archive.zip/", "other.zip", "lib/archive.zip!/app.env", "/archive.zip"]
)
def test_a_glob_that_names_something_else_does_not(glob: str, token: str) -> None:
    inside = seen(token, "lib/archive.zip!/inner/inner.tar!/app.env")
    assert reason(allowing(paths=(glob,)), inside) is None


@pytest.mark.parametrize("glob", ["lib/a.zip", "lib/", "lib/a.zip!/app.env"])
def test_an_archive_that_is_scanned_alone(tmp_path: Path, glob: str, token: str) -> None:
    allowed = allowing(str(tmp_path), paths=(glob,))
    alone = str(tmp_path / "lib" / "a.zip")
    assert reason(allowed, seen(token, f"{alone}!/app.env", repository=alone)) == "why"
    other = str(tmp_path / "src" / "a.zip")
    assert reason(allowed, seen(token, f"{other}!/app.env", repository=other)) is None


def test_a_pattern_that_is_none() -> None:
    with pytest.raises(UsageError) as caught:
        allowing(patterns=("r8_(",))
    assert str(caught.value) == (
        "/srv/app/.leakscan.toml: allow 1: patterns: no regular expression that can be used:"
        " missing ) at position 4: where a sign stands for itself, write a backslash before it,"
        " as in \\("
    )
    with pytest.raises(UsageError, match="no regular expression that can be used: its repetitions"):
        allowing(patterns=("(?:(?:a{1000}){1000}){1000}",))


def test_a_pattern_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowlist, "PATIENCE", 0.05)
    slow = allowing(patterns=(r"(?:a|a)+b",))
    with pytest.raises(UsageError, match="allow 1: patterns: one takes too long") as caught:
        reason(slow, seen("a" * 60))
    assert "aaa" not in str(caught.value)

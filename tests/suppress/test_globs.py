"""Globs, compared with git's own reading of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.suppress.globs import matches

if TYPE_CHECKING:
    from gitrepo import GitRepo

GLOBS = [
    "fixtures", "fixtures/", "/fixtures", "*.lock", "/*.lock", "tests/fixtures", "tests/*.py",
    "tests/", "/tests/", "tests/**", "**/fixtures", "**/fixtures/**", "tests/**/data", "a/**/b/c",
    "**", "*", "?.lock", "[a-c].lock", "[!a-c].lock", "t*s/f?xtures/*", "**/*.py", "tests/**/",
    "/a", "a/", "a/b/", "**/b/", "x/**/y/**/z",
]  # fmt: skip
PATHS = [
    "fixtures", "tests/fixtures/one.env", "tests/fixtures", "deep/tests/fixtures/one.env", "a.lock",
    "sub/a.lock", "x.lock", "tests/test_a.py", "tests/sub/test_a.py", "tests/a/b/data",
    "tests/data", "tests/data/one", "a/b/c", "a/x/b/c", "a/x/y/b/c/d", "b/c", "a", "b/a", "a/b",
    "x/y/z", "x/1/y/2/3/z/4", "x/y/q",
]  # fmt: skip


@pytest.mark.parametrize("glob", GLOBS)
def test_what_git_would_ignore(repo: GitRepo, glob: str) -> None:
    (repo.path / ".gitignore").write_text(glob + "\n")
    paths = "\0".join(PATHS).encode()
    told = repo.run("check-ignore", "-z", "--stdin", "--no-index", stdin=paths, check=False)
    assert [path for path in PATHS if matches(glob, path)] == told.decode().split("\0")[:-1]


def test_no_path_is_covered_by_nothing() -> None:
    assert not matches("", "a")
    assert not matches("/", "a/b")


@given(st.text("ab*?/[]!"), st.text("ab/"))
def test_any_text_is_a_glob(glob: str, path: str) -> None:
    """And one that covers a folder covers all below it."""
    assert matches(glob, path) <= matches(glob, f"{path}/below")


def test_no_glob_takes_long() -> None:
    began = time.perf_counter()
    assert not matches("**/" * 50 + "*a" * 50 + "/x", "a" * 200 + "/" + "a/" * 500)
    assert not matches("a*" * 60 + "b", "a" * 200)
    assert time.perf_counter() - began < 30  # thousands of times as long as it takes

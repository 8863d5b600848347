"""The attribute that has git merge a baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leakscan.suppress.baseline import new_baseline, write_baseline
from leakscan.suppress.merging import missing_attribute

if TYPE_CHECKING:
    from pathlib import Path

    from gitrepo import GitRepo

FILE = ".leakscan-baseline"


@pytest.mark.parametrize(
    ("attributes", "is_missing"),
    [
        ("", True),
        ("*.txt merge=union\n", True),
        (f"{FILE} text\n", True),
        (f"{FILE} merge=union\n", False),
        (f"/{FILE} merge=ours\n", False),  # somebody has decided otherwise
        (f"{FILE} binary\n", False),
        ("* merge=union\n", False),
    ],
)
def test_what_attributes_say_counts(repo: GitRepo, attributes: str, is_missing: bool) -> None:
    repo.write(".gitattributes", attributes)
    line = missing_attribute(repo.path / FILE)
    assert line == (f"{FILE} merge=union" if is_missing else None)


@pytest.mark.parametrize(
    "name", ["etc/known", "etc/what we know", 'etc/a "b"', "etc/\\n", "a[b]*", "ü"]
)
def test_the_line_is_one_that_git_understands(repo: GitRepo, name: str) -> None:
    path = repo.path / name
    path.parent.mkdir(exist_ok=True)
    line = missing_attribute(path)
    assert line
    repo.write(".gitattributes", line + "\n")
    assert missing_attribute(path) is None


def test_what_only_the_user_has_set_is_not_enough(
    repo: GitRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "git").mkdir()
    (tmp_path / "git/attributes").write_text(f"{FILE} merge=union\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert missing_attribute(repo.path / FILE)


def test_outside_of_a_checkout_nothing_is_merged(tmp_path: Path) -> None:
    assert missing_attribute(tmp_path / FILE) is None


def test_without_git_the_line_is_told(repo: GitRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repo.path))
    assert missing_attribute(repo.path / FILE)


def test_neighbours_conflict_without_it(repo: GitRepo) -> None:
    """As two entries do that two branches add: this is what the line is for."""
    path = repo.path / FILE
    write_baseline(path, new_baseline(), is_new=True)
    repo.git("add", FILE)
    repo.commit()
    for branch, digit in (("one", "1"), ("two", "2")):
        repo.git("checkout", "-q", "-b", branch, "main")
        repo.add(FILE, path.read_text() + f"{digit * 64} rule a\n")
    repo.git("merge", "-q", "one", check=False)
    assert "<<<<<<<" in path.read_text()
    repo.git("merge", "--abort")
    repo.write(".gitattributes", f"{missing_attribute(path)}\n")
    repo.git("merge", "-q", "one")
    assert [line[:1] for line in path.read_text().splitlines()[-2:]] in (["1", "2"], ["2", "1"])

"""Asking git in the repository that its user works in, or in another folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitrepo import GitRepo
from leakscan.errors import TargetError
from leakscan.git.own import ask, flag, has, running

if TYPE_CHECKING:
    from pathlib import Path


def test_where_it_is_asked(repo: GitRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = GitRepo.init(tmp_path / "other")
    tip = other.add("a.txt", "a")
    monkeypatch.chdir(repo.path)
    question = ("rev-parse", "HEAD")
    assert ask(*question, doing="name HEAD").decode().strip() == repo.tip()
    assert ask(*question, cwd=other.path, doing="name HEAD").decode().strip() == tip
    monkeypatch.setenv("GIT_DIR", str(repo.git_dir))
    assert ask(*question, cwd=other.path, doing="name HEAD").decode().strip() == repo.tip()
    alone = ask(*question, cwd=other.path, without={"GIT_DIR"}, doing="name HEAD")
    assert alone.decode().strip() == tip


def test_no_repository_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TargetError, match=r"^this is no git repository"):
        ask("rev-parse", "HEAD", doing="name HEAD")
    with pytest.raises(TargetError, match=f"^{tmp_path} is in no git repository"):
        ask("rev-parse", "HEAD", cwd=tmp_path, doing="name HEAD")


def test_commits(repo: GitRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo.path)
    assert has("HEAD")
    assert has(repo.tip())
    assert not has("HEAD~")
    assert not has("HEAD:README.md")


def test_what_git_writes_while_it_runs(repo: GitRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo.path)
    told = f"{repo.tip()}\n".encode()
    with running("cat-file", "--batch", stdin=told, doing="read") as output:
        assert output.read().startswith(repo.tip().encode())
    with (
        pytest.raises(TargetError, match="git cannot read"),
        running("cat-file", "nonsense", doing="read") as output,
    ):
        output.read()
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(TargetError, match="not found"), running("version", doing="read"):
        pass


@pytest.mark.parametrize(
    ("line", "expected"),
    [("status", True), ("status = 2", True), ("status = YES", True), ("status =", False),
     ("status = 0", False), ("status = off", False)],
)  # fmt: skip
def test_flags(
    repo: GitRepo, monkeypatch: pytest.MonkeyPatch, line: str, *, expected: bool
) -> None:
    monkeypatch.chdir(repo.path)
    assert flag("commit.status", default=True)
    assert not flag("commit.status", default=False)
    config = repo.git_dir / "config"
    config.write_text(f"{config.read_text()}[commit]\n\t{line}\n")
    assert flag("commit.status", default=not expected) is expected


def test_a_flag_that_is_none(repo: GitRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo.path)
    repo.git("config", "commit.status", "perhaps")
    with pytest.raises(TargetError, match=r"git cannot read its configuration .*'perhaps'"):
        flag("commit.status", default=True)


def test_errors_are_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """A traceback would grow, and a note would stay."""
    monkeypatch.setenv("PATH", "/nowhere")
    caught = []
    for _ in range(2):
        with pytest.raises(TargetError, match="not found") as raised:
            ask("version", doing="tell its version")
        caught.append(raised.value)
    assert caught[0] is not caught[1]

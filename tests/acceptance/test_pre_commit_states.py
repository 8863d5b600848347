"""``leakscan pre-commit`` in whatever state a repository is: what is merged, and what it is in."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from committing import PASSED, UNREAD, Guard
from gitrepo import GitRepo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    NewToken = Callable[[], str]


def test_unmerged_paths_block(guard: Guard, token: str) -> None:
    repo = guard.repo
    repo.git("checkout", "-q", "-b", "other")
    repo.add("README.md", f"{token}\n")
    repo.git("checkout", "-q", "main")
    repo.add("README.md", "ours\n")
    repo.run("merge", "-q", "other", check=False)
    answer = guard()
    assert answer.status == UNREAD
    assert answer.unread == ["README.md"]
    assert "git add" in answer.text


@pytest.fixture
def branches(guard: Guard, token: str) -> GitRepo:
    """Make a branch with a token besides one without."""
    repo = guard.repo
    repo.git("checkout", "-q", "-b", "other")
    repo.add("other.env", f"KEY={token}\n")
    repo.git("checkout", "-q", "main")
    repo.add("ours.txt", "ours\n")
    return repo


def test_merging_a_token_in_adds_none(guard: Guard, branches: GitRepo) -> None:
    branches.git("merge", "-q", "--no-commit", "--no-ff", "other")
    answer = guard()
    assert (answer.status, answer.known) == (PASSED, ["other.env:1:5"])
    assert "in a commit that is merged" in answer.text


def test_a_token_that_only_the_merge_has(
    guard: Guard, branches: GitRepo, token: str, new_token: NewToken
) -> None:
    branches.git("merge", "-q", "--no-commit", "--no-ff", "other")
    branches.stage("ours.txt", f"{token}\n")
    branches.stage("evil.txt", f"{new_token()}\n")
    assert guard.blocks("evil.txt:1:1", "ours.txt:1:1").known == ["other.env:1:5"]


def test_both_sides_have_the_token_each_elsewhere(
    guard: Guard, branches: GitRepo, token: str
) -> None:
    branches.add("main.env", f"KEY={token}\n")
    branches.git("merge", "-q", "--no-commit", "--no-ff", "other")
    answer = guard()
    assert (answer.status, answer.known) == (PASSED, ["other.env:1:5"])


def test_more_than_two_are_merged(guard: Guard, branches: GitRepo, new_token: NewToken) -> None:
    branches.git("checkout", "-q", "-b", "third", "main~1")
    branches.add("third.env", f"KEY={new_token()}\n")
    branches.git("checkout", "-q", "main")
    branches.git("merge", "-q", "--no-commit", "--no-ff", "other", "third")
    if not (branches.git_dir / "MERGE_HEAD").exists():  # git leaves merges of many to itself
        tips = [branches.tip(name) for name in ("other", "third")]
        (branches.git_dir / "MERGE_HEAD").write_text("".join(f"{tip}\n" for tip in tips))
    answer = guard()
    assert (answer.status, answer.known) == (PASSED, ["other.env:1:5", "third.env:1:5"])
    branches.stage("evil.env", new_token())
    guard.blocks("evil.env:1:1")


def test_a_linked_work_tree(guard: Guard, tmp_path: Path, token: str) -> None:
    linked = guard.at(guard.repo.worktree(tmp_path / "linked", "topic"))
    linked.passes()
    linked.repo.stage("a.txt", "nothing\n")
    linked.passes()
    linked.repo.stage("a.env", token)
    linked.blocks("a.env:1:1")
    guard.passes()


def test_another_index(guard: Guard, tmp_path: Path, token: str) -> None:
    other = {"GIT_INDEX_FILE": str(tmp_path / "index")}
    shutil.copy(guard.repo.git_dir / "index", tmp_path / "index")
    guard.repo.stage("a.env", token)
    guard.passes(env=other)
    guard.repo.git("reset", "-q")
    shutil.copy(guard.repo.git_dir / "index", tmp_path / "kept")
    guard.repo.stage("a.env", token)
    shutil.copy(guard.repo.git_dir / "index", tmp_path / "index")
    guard.repo.git("reset", "-q")
    guard.passes()
    guard.blocks("a.env:1:1", env=other)


def test_a_work_tree_far_from_its_repository(guard: Guard, tmp_path: Path, token: str) -> None:
    (tmp_path / "far/deep").mkdir(parents=True)
    (tmp_path / "far/deep/a.env").write_text(token)
    variables = {"GIT_DIR": str(guard.repo.git_dir), "GIT_WORK_TREE": str(tmp_path / "far")}
    run = {"env": variables, "cwd": tmp_path / "far"}
    guard.passes(**run)
    guard.repo.git(f"--work-tree={tmp_path / 'far'}", "add", str(tmp_path / "far/deep/a.env"))
    guard.blocks("deep/a.env:1:1", **run)
    guard.blocks("deep/a.env:1:1", env=variables, cwd=tmp_path / "far/deep")


def test_from_a_folder_within(guard: Guard, token: str) -> None:
    guard.repo.stage("sub/a.env", token)
    guard.repo.stage("b.txt", "nothing\n")
    answer = guard.blocks("sub/a.env:1:1", cwd=guard.repo.path / "sub")
    assert "git restore --staged :/sub/a.env" in answer.text
    guard.repo.git("-C", "sub", "restore", "--staged", ":/sub/a.env")
    guard.passes(cwd=guard.repo.path / "sub")


def split(repo: GitRepo) -> None:
    repo.git("update-index", "--split-index")


def untracked_cache(repo: GitRepo) -> None:
    repo.git("update-index", "--untracked-cache")


def monitored(repo: GitRepo) -> None:
    hook = repo.write(".git/monitor", "#!/bin/sh\nprintf 'token\\0/\\0'\n")
    hook.chmod(0o755)
    repo.git("config", "core.fsmonitor", str(hook))
    repo.git("status")


def sparse(repo: GitRepo) -> None:
    repo.git("sparse-checkout", "set", "--cone", "--sparse-index", "in")


def version_4(repo: GitRepo) -> None:
    repo.git("update-index", "--index-version", "4")


@pytest.mark.parametrize("kind", [split, untracked_cache, monitored, sparse, version_4])
def test_any_kind_of_index(guard: Guard, token: str, kind: Callable[[GitRepo], None]) -> None:
    for name in ("in/a.txt", "out/b.txt", "out/deep/c.txt"):
        guard.repo.stage(name, "nothing\n")
    guard.repo.commit()
    kind(guard.repo)
    guard.passes()
    guard.repo.stage("in/a.txt", f"KEY={token}\n")
    guard.blocks("in/a.txt:1:5")


def test_staged_out_of_a_sparse_checkout(guard: Guard, token: str) -> None:
    for name in ("in/a.txt", "out/b.txt"):
        guard.repo.stage(name, "nothing\n")
    guard.repo.commit()
    sparse(guard.repo)
    blob = guard.repo.hash_object("blob", token.encode())
    guard.repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},out/new.env")
    guard.blocks("out/new.env:1:1")


def test_sha_256(guard: Guard, tmp_path: Path, token: str) -> None:
    other = guard.at(GitRepo.init(tmp_path / "sha256", "--object-format=sha256"))
    other.repo.add("a.txt", "nothing\n")
    other.repo.stage("b.txt", "nothing\n")
    other.passes()
    other.repo.stage("a.txt", f"KEY={token}\n")
    answer = other.blocks("a.txt:1:5")
    assert len(answer.report["findings"][0]["locations"][0]["object"]) == 64


def test_objects_that_are_packed_already(guard: Guard, token: str) -> None:
    guard.repo.stage("a.env", token)
    guard.repo.stage("b.txt", "nothing\n")
    guard.repo.pack()
    guard.blocks("a.env:1:1")
    guard.repo.git("rm", "-q", "--cached", "a.env")
    guard.passes()


def test_large_files_go_to_a_pack_at_once(guard: Guard, token: str) -> None:
    guard.repo.git("config", "core.bigFileThreshold", "1k")
    guard.repo.stage("a.bin", b"\n" * 5000 + token.encode())
    assert guard.repo.packs()
    guard.blocks("a.bin:5001:1")


def test_objects_in_alternates(guard: Guard, tmp_path: Path, token: str) -> None:
    other = GitRepo.init(tmp_path / "other")
    other.stage("x", token)
    other.stage("y", "nothing\n")
    alternates = guard.repo.git_dir / "objects/info/alternates"
    alternates.write_text(f"{other.git_dir / 'objects'}\n")
    guard.repo.stage("b.txt", "nothing\n")
    guard.passes()
    guard.repo.stage("a.env", token)
    assert not guard.repo.loose_path(guard.repo.git("hash-object", "a.env")).exists()
    guard.blocks("a.env:1:1")


def test_replaced_objects_are_read_as_they_are(guard: Guard, token: str) -> None:
    guard.repo.stage("a.env", token)
    harmless = guard.repo.hash_object("blob", b"nothing\n")
    guard.repo.git("replace", guard.repo.git("hash-object", "a.env"), harmless)
    guard.blocks("a.env:1:1")

"""Commits that git makes, or does not make, with ``leakscan pre-commit`` as its hook."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from gitrepo import GitRepo
from hooked import Hooked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from forked import Commands

    NewToken = Callable[[], str]


@pytest.fixture
def work(tmp_path: Path, commands: Commands) -> Hooked:
    """Make a repository with one commit, whose hook is a new process each time."""
    made = Hooked.init(tmp_path / "work", tmp_path / "home", commands)
    made.hook("pre-commit", f"#!/bin/sh\nexec '{sys.executable}' -m leakscan pre-commit\n")
    assert not made.commit("nothing\n", name="a.txt").returncode
    assert not made.commit("nothing\n", name="b.txt").returncode
    return made


def write(work: Hooked, name: str, content: str) -> None:
    (work.path / name).write_text(content)


def count(work: Hooked) -> int:
    return int(work.git("rev-list", "--count", "HEAD").stdout)


def refused(work: Hooked, *arguments: str, env: dict[str, str] | None = None) -> str:
    """Run git, which must not commit; return what the developer reads."""
    before = count(work)
    done = work.run("git", *arguments, env=env)
    assert done.returncode, done.stderr
    assert "leakscan stopped this commit" in done.stderr
    assert count(work) == before
    return done.stderr


def test_accepted_and_refused(work: Hooked, token: str) -> None:
    done = work.commit(f"KEY = '{token}'\n")
    assert done.returncode == 1
    assert "settings.py:1:8" in done.stderr
    assert token not in done.stderr + done.stdout
    done = work.commit("KEY = environ['KEY']\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert count(work) == 3


def test_doing_what_it_says(work: Hooked, token: str) -> None:
    write(work, ".env", token)
    write(work, "c.txt", "nothing\n")
    work.git("add", ".")
    said = refused(work, "commit", "-qm", "All")
    command = said.partition("unstage it:  ")[2].splitlines()[0]
    assert command == "git restore --staged .env"
    work.git(*command.split()[1:])
    work.git("commit", "-qm", "The rest")
    assert work.git("show", "--format=", "--name-only").stdout == "c.txt\n"
    assert (work.path / ".env").read_text() == token


def test_whatever_is_named_to_be_committed(work: Hooked, token: str) -> None:
    write(work, "a.txt", token)
    refused(work, "commit", "-aqm", "All")
    refused(work, "commit", "-qm", "One", "a.txt")
    refused(work, "commit", "-qm", "Included", "-i", "a.txt")
    work.git("reset", "-q")
    write(work, "b.txt", "edited\n")
    work.git("commit", "-qm", "Only the other", "b.txt")
    work.git("add", "a.txt")
    write(work, "b.txt", "edited again\n")
    work.git("commit", "-qm", "Only the other again", "--only", "b.txt")
    assert "a.txt:1:1" in refused(work, "commit", "-qm", "What is staged")


def test_from_a_folder_within(work: Hooked, token: str) -> None:
    within = work.at(work.path / "sub")
    within.path.mkdir()
    write(within, ".env", token)
    within.git("add", ".env")
    said = refused(within, "commit", "-qm", "From within")
    assert "git restore --staged ':(top)sub/.env'" in said or ":/sub/.env" in said
    command = said.partition("unstage it:  ")[2].splitlines()[0]
    assert not within.run("sh", "-c", command).returncode
    assert not within.git("diff", "--cached", "--name-only").stdout


def test_amending(work: Hooked, new_token: NewToken) -> None:
    write(work, "a.txt", new_token())
    work.git("add", "a.txt")
    refused(work, "commit", "-q", "--amend", "--no-edit")
    work.git("commit", "-q", "--amend", "--no-edit", "--no-verify")
    write(work, "b.txt", "edited\n")
    work.git("commit", "-aq", "--amend", "--no-edit")
    write(work, "a.txt", "nothing\n")
    work.git("commit", "-aq", "--amend", "-m", "Without")


@pytest.fixture
def sides(work: Hooked, token: str) -> Hooked:
    """Make a branch whose last commit has a token and conflicts with that of the other."""
    work.git("checkout", "-qb", "topic")
    write(work, "a.txt", f"KEY={token}\n")
    work.git("commit", "-aqnm", "Add a token")
    work.git("checkout", "-q", "main")
    write(work, "a.txt", "KEY=none\n")
    work.git("commit", "-aqm", "Add none")
    return work


def test_a_merge_with_a_conflict(sides: Hooked, new_token: NewToken) -> None:
    assert sides.run("git", "merge", "-q", "topic").returncode
    sides.git("checkout", "--theirs", "a.txt")
    write(sides, "b.txt", new_token())
    sides.git("add", ".")
    assert "b.txt:1:1" in refused(sides, "commit", "-q", "--no-edit")
    write(sides, "b.txt", "nothing\n")
    sides.git("add", ".")
    said = sides.git("commit", "-q", "--no-edit").stderr
    assert "a.txt:1:5 (in a commit that is merged)" in said
    assert len(sides.git("log", "-1", "--format=%p").stdout.split()) == 2


def test_picking_a_commit_with_a_token(sides: Hooked, token: str) -> None:
    assert sides.run("git", "cherry-pick", "topic").returncode
    sides.git("checkout", "--theirs", "a.txt")
    sides.git("add", ".")
    assert "a.txt:1:5" in refused(sides, "commit", "-q", "--no-edit")
    write(sides, "a.txt", "KEY=environ\n")
    sides.git("commit", "-aq", "--no-edit")
    assert token not in sides.git("show").stdout


def test_reverting_a_removal(work: Hooked, token: str) -> None:
    write(work, "a.txt", f"KEY={token}\n")
    work.git("commit", "-aqnm", "Add")
    write(work, "a.txt", "KEY=\n")
    work.git("commit", "-aqm", "Remove")
    work.git("revert", "--no-commit", "HEAD")
    assert "a.txt:1:5" in refused(work, "commit", "-q", "--no-edit")


def test_editing_in_a_rebase(sides: Hooked, token: str) -> None:
    sides.git("checkout", "-q", "topic")
    assert sides.run("git", "rebase", "main").returncode
    write(sides, "a.txt", f"KEY={token}\n")
    sides.git("add", ".")
    refused(sides, "commit", "-qm", "Resolved")
    write(sides, "a.txt", "KEY=environ\n")
    sides.git("add", ".")
    sides.git("commit", "-qm", "Resolved")
    sides.git("rebase", "--continue")
    assert sides.git("log", "--format=%s", "-1").stdout == "Resolved\n"


def test_a_linked_work_tree_and_a_submodule(work: Hooked, token: str, tmp_path: Path) -> None:
    work.git("worktree", "add", "-q", tmp_path / "linked", "-b", "topic")
    linked = work.at(tmp_path / "linked")
    write(linked, "c.txt", "nothing\n")
    linked.git("add", ".")
    assert not linked.git("commit", "-qm", "Nothing").stderr
    write(linked, "c.txt", token)
    assert "c.txt:1:1" in refused(linked, "commit", "-aqm", "Token")
    inner = GitRepo.init(tmp_path / "inner")
    inner.add(".env", token)
    work.git("submodule", "add", "-q", inner.path, "sub")
    work.git("commit", "-qm", "Add a submodule")


def test_the_repository_elsewhere(work: Hooked, token: str, tmp_path: Path) -> None:
    far = tmp_path / "far"
    far.mkdir()
    (far / "c.txt").write_text(token)
    where = work.environment | {"GIT_DIR": str(work.path / ".git"), "GIT_WORK_TREE": str(far)}
    work.run("git", "add", str(far / "c.txt"), env=where)
    assert "c.txt:1:1" in refused(work, "commit", "-qm", "Far", env=where)


def test_a_bare_environment(work: Hooked, token: str) -> None:
    bare = {"PATH": "/usr/bin:/bin", "HOME": str(work.home)}
    write(work, "a.txt", token)
    refused(work, "commit", "-aqm", "From an icon", env=bare)
    write(work, "a.txt", "edited\n")
    assert not work.run("git", "commit", "-aqm", "From an icon", env=bare).stderr
    homeless = {
        "PATH": "/usr/bin:/bin",
        **{
            f"GIT_{who}_{what}": "x"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        },
    }
    write(work, "a.txt", f"é {token}\n")
    refused(work, "commit", "-aqm", "From nowhere", env=homeless)

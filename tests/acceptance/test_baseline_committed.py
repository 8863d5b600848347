"""`leakscan baseline` takes what is committed, and tells what it takes, drops and leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from accepting import FILE, Checkout
from scanning import CLEAN, FOUND, MISUSED, environment

from gitrepo import GitRepo
from leakscan.model import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from forked import Commands

LEFT_OUT = "1 token that no commit on a branch or tag holds is left out; --uncommitted takes it in:"


@pytest.fixture
def checkout(repo: GitRepo, commands: Commands) -> Checkout:
    return Checkout(repo, commands)


def stage(repo: GitRepo, token: str) -> None:
    repo.stage("a.env", f"KEY={token}\n")


def leave_untracked(repo: GitRepo, token: str) -> None:
    repo.write("a.env", f"KEY={token}\n")


def change(repo: GitRepo, token: str) -> None:
    repo.add("a.env", "KEY=\n")
    repo.write("a.env", f"KEY={token}\n")


def unstage(repo: GitRepo, token: str) -> None:
    """As somebody does whose commit was stopped: the object stays."""
    repo.stage("a.env", f"KEY={token}\n")
    repo.git("reset", "-q", "--hard")


def stash(repo: GitRepo, token: str) -> None:
    repo.stage("a.env", f"KEY={token}\n")
    repo.git("stash", "-q")


def commit_and_undo(repo: GitRepo, token: str) -> None:
    repo.add("a.env", f"KEY={token}\n")
    repo.git("reset", "-q", "--hard", "HEAD~")


def say_in_a_commit_and_undo(repo: GitRepo, token: str) -> None:
    repo.commit(f"Use {token}")
    repo.git("reset", "-q", "--hard", "HEAD~")
    (repo.git_dir / "COMMIT_EDITMSG").unlink()
    repo.forget()


def delete_a_tag(repo: GitRepo, token: str) -> None:
    repo.git("tag", "-a", "-m", f"With {token}", "v1")
    repo.git("tag", "-d", "v1")


def write_into_the_git_directory(repo: GitRepo, token: str) -> None:
    (repo.git_dir / "description").write_text(token)


@pytest.mark.parametrize(
    ("keep", "where"),
    [
        (stage, "a.env:1:5\n"),
        (leave_untracked, "a.env:1:5\n"),
        (change, "a.env:1:5\n"),
        (unstage, "blob:1:5 of object "),
        (stash, "a.env:1:5 in commit "),
        (commit_and_undo, "a.env:1:5 in commit "),
        (say_in_a_commit_and_undo, "commit message:1:5 in commit "),
        (delete_a_tag, "tag message:1:6 in commit "),
        (write_into_the_git_directory, "description:1:1\n"),
    ],
)
def test_what_is_not_committed_is_left_out(
    checkout: Checkout,
    new_token: Callable[[], str],
    keep: Callable[[GitRepo, str], None],
    where: str,
) -> None:
    old, token = new_token(), new_token()
    checkout.repo.add("old.env", f"KEY={old}\n")
    keep(checkout.repo, token)
    status, out, _ = checkout.run("baseline", "create")
    assert status == CLEAN
    assert f"{LEFT_OUT}\n  {Secret(token)}  {where}" in out
    assert checkout.entries == ["old.env"]
    assert checkout.scan()[:2] == (FOUND, {token})
    for command in ("check", "update"):  # a fresh clone has it not, and must agree
        status, out, _ = checkout.run("baseline", command)
        assert (status, LEFT_OUT in out) == (CLEAN, True)
        assert len(checkout.entries) == 1
    status, out, _ = checkout.run("baseline", "check", "--uncommitted")
    assert (status, str(Secret(token)) in out) == (FOUND, True)
    status, out, _ = checkout.run("baseline", "update", "--uncommitted")
    assert (status, ": 1 new, 0 dropped\n" in out) == (CLEAN, True)
    assert "left out" not in out
    assert len(checkout.entries) == 2
    status, out, _ = checkout.run("baseline", "update")
    assert ": 0 new, 1 dropped\nDropped:\n" in out
    assert checkout.entries == ["old.env"]


def on_another_branch(repo: GitRepo, token: str) -> None:
    repo.git("checkout", "-q", "-b", "topic")
    repo.add("a.env", f"KEY={token}\n")
    repo.git("checkout", "-q", "main")


def on_a_remote_branch(repo: GitRepo, token: str) -> None:
    on_another_branch(repo, token)
    repo.git("update-ref", "refs/remotes/origin/topic", "topic")
    repo.git("branch", "-q", "-D", "topic")


def on_a_tag(repo: GitRepo, token: str) -> None:
    on_another_branch(repo, token)
    repo.git("tag", "-a", "-m", "Version 1", "v1", "topic")
    repo.git("branch", "-q", "-D", "topic")


def on_a_tag_and_undone_before(repo: GitRepo, token: str) -> None:
    """The older commit brought it first, but is on nothing."""
    repo.add("a.env", f"KEY={token}\n# old\n")
    repo.git("reset", "-q", "--hard", "HEAD~")
    on_a_tag(repo, token)


def on_no_branch_but_checked_out(repo: GitRepo, token: str) -> None:
    repo.git("checkout", "-q", "--detach")
    repo.add("a.env", f"KEY={token}\n")


def in_the_message_of_a_tag(repo: GitRepo, token: str) -> None:
    repo.git("tag", "-a", "-m", f"With {token}", "v1")


def in_a_tag_of_a_tag(repo: GitRepo, token: str) -> None:
    in_the_message_of_a_tag(repo, token)
    repo.git("tag", "-a", "-m", "Outer", "v2", "v1")
    repo.git("tag", "-d", "v1")


def in_a_blob_that_is_tagged(repo: GitRepo, token: str) -> None:
    repo.git("tag", "key", repo.hash_object("blob", token.encode()))


def in_a_tree_that_is_tagged(repo: GitRepo, token: str) -> None:
    blob = repo.hash_object("blob", token.encode())
    tree = repo.tree(("40000", b"folder", repo.tree(("100644", b"a.env", blob))))
    repo.git("tag", "-a", "-m", "A tree", "tree", tree)


def in_a_note(repo: GitRepo, token: str) -> None:
    repo.git("notes", "add", "-m", token, "HEAD")


def in_the_name_of_a_branch(repo: GitRepo, token: str) -> None:
    repo.git("branch", token)
    repo.forget()


@pytest.mark.parametrize(
    "keep",
    [
        on_another_branch,
        on_a_remote_branch,
        on_a_tag,
        on_a_tag_and_undone_before,
        on_no_branch_but_checked_out,
        in_the_message_of_a_tag,
        in_a_tag_of_a_tag,
        in_a_blob_that_is_tagged,
        in_a_tree_that_is_tagged,
        in_a_note,
        in_the_name_of_a_branch,
    ],
)
def test_what_is_committed_counts(
    checkout: Checkout, token: str, keep: Callable[[GitRepo, str], None]
) -> None:
    keep(checkout.repo, token)
    status, out, _ = checkout.run("baseline", "create")
    assert (status, "left out" in out) == (CLEAN, False)
    assert out.startswith("1 entry in ")
    assert checkout.scan()[:2] == (CLEAN, set())
    assert checkout.run("baseline", "check")[0] == CLEAN


def test_a_fresh_clone_agrees(
    checkout: Checkout, new_token: Callable[[], str], tmp_path: Path, commands: Commands
) -> None:
    checkout.repo.add("old.env", f"KEY={new_token()}\n")
    unstage(checkout.repo, new_token())
    checkout.run("baseline", "create")
    checkout.repo.git("add", FILE)
    checkout.repo.commit("Accept what is there")
    clone = Checkout(checkout.repo.clone(tmp_path / "clone"), commands)
    for one in (checkout, clone):
        status, out, _ = one.run("baseline", "check")
        assert status == CLEAN
        assert ": 0 missing, 0 needed no more\n" in out


def test_the_entry_has_a_place_that_is_committed(checkout: Checkout, token: str) -> None:
    checkout.repo.add("tagged.env", f"KEY={token}\n")
    checkout.repo.git("tag", "v1")
    checkout.repo.git("reset", "-q", "--hard", "HEAD~")
    checkout.repo.stage("new.env", f"KEY={token}\n")  # comes first otherwise: it is still there
    assert "left out" not in checkout.run("baseline", "create")[1]
    assert checkout.entries == ["tagged.env"]


def test_without_a_commit_nothing_counts(tmp_path: Path, commands: Commands, token: str) -> None:
    checkout = Checkout(GitRepo.init(tmp_path / "unborn"), commands)
    stage(checkout.repo, token)
    status, out, _ = checkout.run("baseline", "create")
    assert (status, checkout.entries) == (CLEAN, [])
    assert LEFT_OUT in out
    assert "Entries" not in out


def test_a_repository_apart_from_its_work_tree_is_to_be_named(
    repo: GitRepo, commands: Commands, tmp_path: Path, token: str
) -> None:
    apart = tmp_path / "apart"
    (repo.path / ".git").rename(apart)
    (repo.path / "a.env").write_text(f"KEY={token}\n")
    env = environment() | {"GIT_DIR": str(apart), "GIT_WORK_TREE": str(repo.path)}
    done = commands.run(["baseline", "create"], env=env, cwd=repo.path)
    assert done.returncode == MISUSED
    assert b"name the folder that GIT_DIR names" in done.stderr
    named = ["baseline", "create", str(apart), "--file", str(tmp_path / "known")]
    assert commands.run(named, env=env, cwd=repo.path).returncode == CLEAN
    assert len((tmp_path / "known").read_text().splitlines()) == 3  # two of comment, the key


def test_a_repository_within_keeps_commits_of_its_own(
    checkout: Checkout, new_token: Callable[[], str]
) -> None:
    inner = GitRepo.init(checkout.path / "inner")
    committed, staged = new_token(), new_token()
    commit = inner.add("a.env", f"KEY={committed}\n")
    inner.stage("b.env", f"KEY={staged}\n")
    _, out, _ = checkout.run("baseline", "create")
    where = f"in {checkout.path}/inner\n"
    assert f"  {Secret(committed)}  a.env:1:5 in commit {commit[:12]} by Ann Author {where}" in out
    assert f"{LEFT_OUT}\n  {Secret(staged)}  b.env:1:5 {where}" in out
    assert checkout.entries == ["a.env"]


def test_what_is_taken_in_is_told(checkout: Checkout, new_token: Callable[[], str]) -> None:
    first, second = new_token(), new_token()
    commit = checkout.repo.add("a.env", f"KEY={first}\n")
    _, out, _ = checkout.run("baseline", "create")
    assert f"\nNew:\n  {Secret(first)}  a.env:1:5 in commit {commit[:12]} by Ann Author\n" in out
    assert "Entries are not bound to a path: what is in the baseline passes in every file." in out
    commit = checkout.repo.commit(f"Use {second}")
    line = f"  {Secret(second)}  commit message:1:5 in commit {commit[:12]} by Ann Author\n"
    _, out, _ = checkout.run("baseline", "check")
    assert f"\nMissing (`leakscan scan` says more about them):\n{line}" in out
    _, out, _ = checkout.run("baseline", "update")
    assert out.endswith(f": 1 new, 0 dropped\nNew:\n{line}")
    assert first not in out
    assert second not in out


def test_of_many_some_are_told(checkout: Checkout, new_token: Callable[[], str]) -> None:
    def listed(out: str) -> list[str]:
        return [line for line in out.splitlines() if line.startswith("  ")]

    checkout.repo.write("a.env", "".join(f"KEY={new_token()}\n" for _ in range(23)))
    _, out, _ = checkout.run("baseline", "create")
    assert "23 tokens that no commit on a branch or tag holds are left out; --unc" in out
    assert (len(listed(out)), listed(out)[-1]) == (21, "  and 3 more")
    checkout.repo.git("add", "a.env")
    checkout.repo.commit()
    _, out, _ = checkout.run("baseline", "update")
    assert (len(listed(out)), listed(out)[-1]) == (21, "  and 3 more")
    checkout.repo.remove("a.env")
    checkout.forget_history()
    _, out, _ = checkout.run("baseline", "update")
    assert ": 0 new, 23 dropped\n" in out
    assert (len(listed(out)), listed(out)[-1]) == (21, "  and 3 more")


def test_names_of_terminal_escapes_and_tokens_are_harmless(
    checkout: Checkout, new_token: Callable[[], str]
) -> None:
    inside, named = new_token(), new_token()
    checkout.repo.add(f"\x1b[2J{named}.env", f"KEY={inside}\n")
    _, out, err = checkout.run("baseline", "create")
    assert "\x1b" not in out + err
    assert named not in out + err
    assert "\\x1b[2J" in out


def test_the_attribute_for_merges_is_told_until_it_is_there(checkout: Checkout, token: str) -> None:
    checkout.repo.add("a.env", f"KEY={token}\n")
    line = f"{FILE} merge=union"
    _, out, _ = checkout.run("baseline", "create")
    assert f"so that git merges the baseline:  {line}\n" in out
    (checkout.path / FILE).unlink()
    checkout.repo.add(".gitattributes", f"{line}\n")
    _, out, _ = checkout.run("baseline", "create")
    assert ".gitattributes" not in out


UNSEEN = "Not seen in this clone, which does not fetch all branches; others may need them"


def accept_another_branch(checkout: Checkout, token: str) -> None:
    """Commit a baseline with the token of a branch that is not checked out."""
    on_another_branch(checkout.repo, token)
    checkout.run("baseline", "create")
    checkout.repo.git("add", FILE)
    checkout.repo.commit("Accept what is there")


def test_a_clone_of_some_branches_drops_nothing_that_others_may_need(
    checkout: Checkout, token: str, tmp_path: Path, commands: Commands
) -> None:
    accept_another_branch(checkout, token)
    url = f"file://{checkout.path}"
    [path] = checkout.entries
    entry = f"{checkout.digest(path)[:12]}  replicate-api-token  {path}\n"
    repo = checkout.repo.clone(tmp_path / "clone", "--single-branch", "--branch=main", url=url)
    clone = Checkout(repo, commands)
    status, out, _ = clone.run("baseline", "check")
    assert status == CLEAN
    assert ": 0 missing, 1 not seen in this clone\n" in out
    assert out.endswith(f"{UNSEEN}:\n  {entry}")
    before = (clone.path / FILE).read_bytes()
    status, out, _ = clone.run("baseline", "update")
    assert status == CLEAN
    assert ": 0 new, 0 dropped\n" in out
    assert out.endswith(f"{UNSEEN} (--drop-unseen drops them):\n  {entry}")
    assert (clone.path / FILE).read_bytes() == before
    _, out, _ = clone.run("baseline", "update", "--drop-unseen")
    assert out.endswith(f": 0 new, 1 dropped\nDropped:\n  {entry}")
    assert clone.entries == []


def test_a_clone_of_all_branches_drops_what_is_on_none(
    checkout: Checkout, token: str, tmp_path: Path, commands: Commands
) -> None:
    accept_another_branch(checkout, token)
    whole = Checkout(checkout.repo.clone(tmp_path / "whole"), commands)
    assert ": 0 missing, 0 needed no more\n" in whole.run("baseline", "check")[1]
    checkout.repo.git("branch", "-D", "topic")
    gone = Checkout(checkout.repo.clone(tmp_path / "gone", url=f"file://{checkout.path}"), commands)
    assert ": 0 missing, 1 needed no more\n" in gone.run("baseline", "check")[1]
    assert ": 0 new, 1 dropped\n" in gone.run("baseline", "update")[1]
    assert gone.entries == []

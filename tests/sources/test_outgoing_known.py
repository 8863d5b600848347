"""What a push brings that the other side has already, and how that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from leaving import Leaving

from gitrepo import GitRepo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_editing_a_file_with_an_old_token(leaving: Leaving, token: str) -> None:
    leaving.repo.add(".env", f"{token}\n")
    leaving.push("main")
    commit = leaving.repo.add(".env", f"A = 1\n{token}\n")
    assert leaving.look("main") == []
    [(secret, place)] = leaving.known
    assert (secret, place.commit, place.line) == (token, commit, 2)


def test_taking_an_old_token_out_beside_another(
    leaving: Leaving, new_token: Callable[[], str]
) -> None:
    gone, kept = new_token(), new_token()
    leaving.repo.stage("a.env", f"{gone}\n")
    leaving.repo.add("c.env", f"{kept}\n")
    leaving.push("main")
    leaving.repo.stage("a.env", "A = 1\n")
    leaving.repo.add("c.env", f"C = 1\n{kept}\n")
    assert leaving.look("main") == []
    assert [(secret, place.path) for secret, place in leaving.known] == [(kept, "c.env")]


def test_a_token_that_is_added_and_edited_is_told_once(leaving: Leaving, token: str) -> None:
    commit = leaving.repo.add(".env", f"{token}\n")
    leaving.repo.add(".env", f"A = 1\n{token}\n")
    [(secret, place)] = leaving.look("main")
    assert (secret, place.commit, place.line) == (token, commit, 1)
    assert leaving.known == []


def test_moving_a_file_with_an_old_token(leaving: Leaving, token: str) -> None:
    leaving.repo.add(".env", f"{token}\n" * 20)
    leaving.push("main")
    leaving.repo.git("mv", ".env", "old.env")
    leaving.repo.stage("old.env", f"{token}\n" * 20 + "A = 1\n")
    leaving.repo.commit()
    assert leaving.look("main") == []
    assert {place.path for _, place in leaving.known} == {"old.env"}
    leaving.push("main")
    leaving.repo.git("mv", "old.env", "older.env")
    leaving.repo.commit()
    assert leaving.look("main") == []


def test_an_old_token_in_one_file_more(leaving: Leaving, token: str) -> None:
    leaving.repo.add(".env", f"{token}\n")
    leaving.push("main")
    commit = leaving.repo.add("copy.env", f"COPIED = {token}\n")
    [(_, place)] = leaving.look("main")
    assert (place.path, place.commit) == ("copy.env", commit)


def test_an_old_file_with_a_token_in_one_place_more(leaving: Leaving, token: str) -> None:
    """The blob does not come, for it is there; a push of another file does not matter."""
    leaving.repo.add(".env", f"{token}\n")
    leaving.push("main")
    commit = leaving.repo.add("copy.env", f"{token}\n")
    leaving.repo.add("a.txt", "a")
    [(_, place)] = leaving.look("main")
    assert (place.path, place.commit) == ("copy.env", commit)
    assert leaving.known == []


def test_an_old_token_that_comes_back(leaving: Leaving, token: str) -> None:
    leaving.repo.add(".env", f"{token}\n")
    leaving.repo.remove(".env")
    leaving.push("main")
    commit = leaving.repo.add(".env", f"{token}\n")
    [(_, place)] = leaving.look("main")
    assert place.commit == commit


def on_topic_beside_an_old_token(leaving: Leaving, token: str) -> GitRepo:
    """Have a token on main, which was pushed, and a commit on topic, which has it not."""
    repo = leaving.repo
    repo.git("branch", "topic")
    repo.add(".env", f"{token}\n")
    leaving.push("main")
    repo.git("checkout", "-q", "topic")
    repo.add("a.txt", "a")
    return repo


def test_merging_main_with_an_old_token_into_a_topic(leaving: Leaving, token: str) -> None:
    repo = on_topic_beside_an_old_token(leaving, token)
    repo.merge("main", **{"b.txt": "b"})
    assert leaving.look("topic") == []


def test_merging_and_editing_the_file_of_an_old_token(leaving: Leaving, token: str) -> None:
    """The merge has a blob of its own, in which the token stands as it does in one parent."""
    repo = on_topic_beside_an_old_token(leaving, token)
    repo.git("merge", "-q", "--no-ff", "--no-commit", "main")
    repo.stage(".env", f"{token}\nEDITED = 1\n")
    merge = repo.commit("Merge main")
    assert leaving.look("topic") == []
    assert [place.commit for _, place in leaving.known] == [merge]


def test_a_merge_that_copies_the_file_of_an_old_token(leaving: Leaving, token: str) -> None:
    """Its blob does not come, for it is there."""
    repo = on_topic_beside_an_old_token(leaving, token)
    merge = repo.merge("main", **{"copy.env": f"{token}\n"})
    assert [(place.path, place.commit) for _, place in leaving.look("topic")] == [
        ("copy.env", merge)
    ]
    assert leaving.tally.skipped == []


def test_a_merge_that_moves_the_file_of_an_old_token(leaving: Leaving, token: str) -> None:
    repo = on_topic_beside_an_old_token(leaving, token)
    repo.git("merge", "-q", "--no-ff", "--no-commit", "main")
    repo.git("mv", ".env", "moved.env")
    repo.commit("Merge main")
    assert leaving.look("topic") == []
    assert {place.path for _, place in leaving.known} == {"moved.env"}


def test_a_merge_that_is_all_of_one_parent(leaving: Leaving, token: str) -> None:
    """Compared with that parent it changes nothing, which git does not list."""
    repo = leaving.repo
    repo.git("checkout", "-q", "-b", "topic")
    commit = repo.add(".env", token)
    repo.git("checkout", "-q", "main")
    repo.merge("topic")
    assert [place.commit for _, place in leaving.look("main")] == [commit]
    leaving.push("topic")
    assert leaving.look("main") == []
    assert leaving.known == []


def test_a_token_that_only_a_merge_writes(leaving: Leaving, token: str) -> None:
    repo = leaving.repo
    repo.git("checkout", "-q", "-b", "topic")
    repo.add("a.txt", "a")
    repo.git("checkout", "-q", "main")
    repo.add("b.txt", "b")
    merge = repo.merge("topic", **{"evil.env": token})
    [(secret, place)] = leaving.look("main")
    assert (secret, place.commit, place.path) == (token, merge, "evil.env")


def test_an_octopus_merge_that_writes_a_token(leaving: Leaving, token: str) -> None:
    repo = leaving.repo
    for name in ("one", "two"):
        repo.git("checkout", "-q", "-b", name, "main")
        repo.add(name, name)
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "--no-commit", "one", "two")
    repo.stage("evil.env", token)
    merge = repo.commit("Merge both")
    assert len(repo.git("rev-list", "--parents", "-n1", "HEAD").split()) == 4
    assert [place.commit for _, place in leaving.look("main")] == [merge]


# What the other side has is told by its refs, and by what we know of it.


def test_a_forced_push_that_takes_a_token_out(leaving: Leaving, token: str) -> None:
    leaving.repo.add(".env", token)
    leaving.push("main")
    leaving.repo.git("reset", "-q", "--hard", "HEAD~")
    leaving.repo.add(".env", "KEY = environ['KEY']\n")
    assert leaving.look("main") == []
    assert leaving.known == []


def test_a_forced_push_over_commits_that_are_not_here(
    leaving: Leaving, tmp_path: Path, token: str
) -> None:
    other = leaving.server.clone(tmp_path / "other")
    other.add("b.txt", "b")
    other.git("push", "-q", "origin", "main")
    commit = leaving.repo.add(".env", token)
    assert [place.commit for _, place in leaving.look("main")] == [commit]
    assert leaving.tally.skipped == []


def test_the_first_push_of_everything(leaving: Leaving, tmp_path: Path, token: str) -> None:
    leaving.repo.add(".env", token)
    leaving.push("main")
    leaving.server = GitRepo.init(tmp_path / "empty.git", "--bare")
    assert leaving.look("main:refs/heads/new") == []
    assert leaving.look("main", remote="")
    assert leaving.look("main", remote="new", url=str(leaving.server.path))
    assert leaving.tally.objects == 6


def test_each_remote_has_its_own(leaving: Leaving, tmp_path: Path, token: str) -> None:
    commit = leaving.repo.add(".env", token)
    leaving.push("main")
    public = GitRepo.init(tmp_path / "public.git", "--bare")
    leaving.repo.git("remote", "add", "public", str(public.path))
    leaving.server = public
    assert [place.commit for _, place in leaving.look("main", remote="public")] == [commit]
    leaving.repo.git("push", "-q", "public", "main")
    assert leaving.look("main:refs/heads/again", remote="public") == []


def test_remotes_whose_names_begin_alike(leaving: Leaving, tmp_path: Path, token: str) -> None:
    """What the remote "team/fork" has lies among what the remote "team" has."""
    leaving.repo.add(".env", token)
    for name in ("team/fork", "team", "teams"):
        server = GitRepo.init(tmp_path / name / "server.git", "--bare")
        leaving.repo.git("remote", "add", name, str(server.path))
        leaving.server = server
        assert leaving.look("main", remote=name)
        if name != "team":
            leaving.repo.git("push", "-q", name, "main")
            assert leaving.look("main:refs/heads/again", remote=name) == []


def test_a_url_is_known_by_its_remote(leaving: Leaving, token: str) -> None:
    leaving.repo.add(".env", token)
    leaving.push("main")
    url = str(leaving.server.path)
    assert leaving.look("main:refs/heads/new", remote=url, url=url) == []
    assert leaving.look("main:refs/heads/new", remote=f"{url}/", url=f"{url}/") == []
    assert leaving.look("main:refs/heads/new", remote="*", url="*")


def test_a_shallow_clone(leaving: Leaving, tmp_path: Path, token: str) -> None:
    repo = leaving.repo
    repo.add(".env", "old")
    repo.add("b.txt", "b")
    leaving.push("main")
    shallow = leaving.server.clone(
        tmp_path / "shallow", "--depth=1", url=f"file://{leaving.server.path}"
    )
    commit = shallow.add(".env", token)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(shallow.path)
        there = Leaving(shallow, leaving.server)
        assert [place.commit for _, place in there.look("main")] == [commit]
        assert (there.tally.skipped, there.tally.objects) == ([], 3)
        assert [place.commit for _, place in there.look("main", remote="")] == [commit]


def test_a_linked_work_tree(leaving: Leaving, tmp_path: Path, token: str) -> None:
    linked = leaving.repo.worktree(tmp_path / "linked", "topic")
    commit = linked.add(".env", token)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(linked.path)
        there = Leaving(linked, leaving.server)
        assert [place.commit for _, place in there.look("topic")] == [commit]


def test_what_stands_in_for_a_commit_hides_nothing(leaving: Leaving, token: str) -> None:
    """It is not what git pushes."""
    clean = leaving.repo.tip()
    commit = leaving.repo.add(".env", token)
    leaving.repo.git("replace", "-f", leaving.repo.tip("HEAD^{tree}"), f"{clean}^{{tree}}")
    assert [place.commit for _, place in leaving.look("main")] == [commit]

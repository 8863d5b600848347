"""Every surface of a repository that can hold a token is read, and located exactly."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from scanning import CLEAN, FOUND, command, complete, environment, scan

from gitrepo import ANN, CARL, GitRepo

if TYPE_CHECKING:
    from pathlib import Path

PERSON = {"name": ANN[0], "email": ANN[1]}


def test_clean_repository_is_clean(repo: GitRepo, store) -> None:
    store(repo)
    answer = scan(repo.path)
    assert answer.status == CLEAN, answer.stderr
    assert answer.report["findings"] == []
    assert answer.report["coverage"]["complete"] is True
    assert answer.report["coverage"]["objects"] == 3


def test_repository_without_commits_is_clean(tmp_path: Path) -> None:
    assert scan(GitRepo.init(tmp_path / "empty").path).status == CLEAN


# Blobs, wherever they hang.


def test_blob_on_a_branch(repo: GitRepo, store, token: str) -> None:
    commit = repo.add("src/app.py", f"import os\nKEY = '{token}'\n", "Leak")
    repo.add("src/other.py", "pass\n", "Go on")
    blob = repo.tip(f"{commit}:src/app.py")
    store(repo)
    answer = complete(repo.path)
    place = answer.at(token, "blob")
    assert place["object"] == blob
    assert place["commit"] == commit
    assert (place["path"], place["line"], place["column"]) == ("src/app.py", 2, 8)
    assert place["current"] is True
    assert place["author"] == PERSON
    assert place["date"].startswith("2023-11-14T22:")
    (finding,) = answer.report["findings"]
    assert finding["rule"].startswith("replicate")
    assert finding["confidence"] == "high"
    assert finding["checksum"] == "unknown"
    assert finding["fingerprint"]
    assert finding["reasons"]


def test_blob_that_was_removed_is_not_current(repo: GitRepo, store, token: str) -> None:
    commit = repo.add(".env", f"TOKEN={token}\n")
    repo.remove(".env")
    store(repo)
    place = complete(repo.path).at(token, "blob")
    assert (place["commit"], place["path"], place["current"]) == (commit, ".env", False)


def test_blob_on_another_branch_is_current(repo: GitRepo, store, token: str) -> None:
    repo.git("switch", "-q", "-c", "side")
    commit = repo.add("side.txt", token)
    repo.git("switch", "-q", "main")
    store(repo)
    place = complete(repo.path).at(token, "blob")
    assert (place["commit"], place["path"], place["current"]) == (commit, "side.txt", True)


def test_blob_on_a_tag_only(repo: GitRepo, store, token: str) -> None:
    repo.git("switch", "-q", "--detach")
    commit = repo.add("release.cfg", f"a\nb\n  {token}\n")
    repo.git("tag", "v1")
    repo.git("switch", "-q", "main")
    repo.forget()
    store(repo)
    place = complete(repo.path).at(token, "blob")
    assert (place["commit"], place["path"]) == (commit, "release.cfg")
    assert (place["line"], place["column"]) == (3, 3)
    assert place["current"] is False


def test_blob_in_the_reflog_only(repo: GitRepo, store, token: str) -> None:
    commit = repo.add("oops.txt", f"x {token}")
    repo.git("reset", "-q", "--hard", "HEAD~1")
    store(repo)
    place = complete(repo.path).at(token, "blob")
    assert (place["commit"], place["path"], place["line"]) == (commit, "oops.txt", 1)
    assert place["column"] == 3
    assert place["current"] is False
    assert place["author"] == PERSON


def test_stashed_blob(repo: GitRepo, store, token: str) -> None:
    repo.write("README.md", f"Mine: {token}\n")
    repo.git("stash", "push", "-q")
    stash = repo.tip("refs/stash")
    store(repo)
    place = complete(repo.path).at(token, "blob")
    assert (place["commit"], place["path"], place["line"]) == (stash, "README.md", 1)
    assert place["current"] is False


def test_stashed_untracked_blob(repo: GitRepo, store, token: str) -> None:
    repo.write("new.txt", token)
    repo.git("stash", "push", "-q", "--include-untracked")
    untracked = repo.tip("refs/stash^3")
    store(repo)
    place = complete(repo.path).at(token, "blob")
    assert (place["commit"], place["path"]) == (untracked, "new.txt")


def test_dangling_commit(repo: GitRepo, store, token: str) -> None:
    commit = repo.add("lost.txt", f"\n\n{token}\n")
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.forget()
    store(repo)
    place = complete(repo.path).at(token, "blob")
    assert (place["commit"], place["path"], place["line"]) == (commit, "lost.txt", 3)
    assert place["current"] is False


def test_dangling_blob(repo: GitRepo, store, token: str) -> None:
    blob = repo.git("hash-object", "-w", "--stdin", stdin=f"lost {token}".encode())
    store(repo)
    place = complete(repo.path).at(token, "blob")
    assert (place["object"], place["commit"], place["path"]) == (blob, None, None)
    assert (place["line"], place["column"]) == (1, 6)
    assert place["note"]


def test_blob_of_a_merge_only(repo: GitRepo, store, token: str) -> None:
    repo.git("switch", "-q", "-c", "side")
    repo.add("side.txt", "side\n")
    repo.git("switch", "-q", "main")
    repo.add("main.txt", "main\n")
    merge = repo.merge("side", fix=f"resolved by hand {token}\n")
    store(repo)
    place = complete(repo.path).at(token, "blob")
    assert (place["commit"], place["path"], place["current"]) == (merge, "fix", True)


def test_one_blob_at_two_paths_is_found_once_as_a_secret(repo: GitRepo, token: str) -> None:
    repo.add("one.txt", token)
    repo.add("two.txt", token)
    answer = complete(repo.path)
    assert len(answer.report["findings"]) == 1
    assert "one.txt" in {place["path"] for place in answer.locations(token, "blob")}


# Content that diffs hide.


def test_file_marked_no_diff(repo: GitRepo, store, token: str) -> None:
    repo.add(".gitattributes", "*.dat -diff\n")
    commit = repo.add("keys.dat", f"one\n{token}\n")
    store(repo)
    place = complete(repo.path).at(token, "blob")
    assert (place["commit"], place["path"], place["line"]) == (commit, "keys.dat", 2)


def test_very_long_line(repo: GitRepo, store, token: str) -> None:
    repo.add("bundle.js", "x=1;" * 600_000 + f'"{token}"' + ";y=2" * 700_000)
    store(repo)
    place = complete(repo.path).at(token, "blob")
    assert (place["path"], place["line"]) == ("bundle.js", 1)
    assert place["column"] == 4 * 600_000 + 2


def test_binary_file(repo: GitRepo, store, token: str) -> None:
    content = b"\x7fELF\0\0\0\xff\xfe\n" + b"\0" * 70_000 + token.encode() + b"\0\0\1"
    repo.add("program", content)
    store(repo)
    place = complete(repo.path).at(token, "blob")
    assert (place["path"], place["line"], place["column"]) == ("program", 2, 70_001)


def test_symlink_target(repo: GitRepo, store, token: str) -> None:
    (repo.path / "latest").symlink_to(f"/srv/{token}/model")
    repo.git("add", "latest")
    commit = repo.commit()
    store(repo)
    place = complete(repo.path).at(token, "symlink")
    assert (place["commit"], place["path"], place["current"]) == (commit, "latest", True)
    assert place["author"] == PERSON


# Commits and tags.


def test_commit_message(repo: GitRepo, store, token: str) -> None:
    commit = repo.commit(f"Fix it\n\nuse {token} here\n")
    store(repo)
    place = complete(repo.path).at(token, "commit-message")
    assert place["commit"] == place["object"] == commit
    assert (place["path"], place["line"], place["column"]) == (None, 3, 5)
    assert place["author"] == PERSON


@pytest.mark.parametrize("field", ["name", "email"])
@pytest.mark.parametrize("role", ["author", "committer"])
def test_identity_of_a_commit(repo: GitRepo, store, token: str, role: str, field: str) -> None:
    person = (token, "x@example.com") if field == "name" else ("X", f"{token}@example.com")
    commit = repo.commit("By a leaky person", **{role: person})
    store(repo)
    place = complete(repo.path).at(token, "identity")
    assert place["commit"] == place["object"] == commit
    assert place["path"] is None


def test_header_of_a_commit(repo: GitRepo, store, token: str) -> None:
    lines = [
        f"tree {repo.tip('HEAD^{tree}')}",
        f"author {ANN[0]} <{ANN[1]}> 1700000000 +0000",
        f"committer {CARL[0]} <{CARL[1]}> 1700000000 +0000",
        f"x-build-key {token}",
        "",
        "Odd",
    ]
    commit = repo.hash_object("commit", "\n".join(lines).encode())
    repo.git("update-ref", "refs/heads/odd", commit)
    store(repo)
    place = complete(repo.path).at(token, "commit-header")
    assert place["commit"] == place["object"] == commit


def test_tag_message(repo: GitRepo, store, token: str) -> None:
    repo.git("tag", "-a", "-m", f"Release\n\nbuilt with {token}", "v1")
    store(repo)
    place = complete(repo.path).at(token, "tag-message")
    assert place["object"] == repo.tip("refs/tags/v1")
    assert (place["line"], place["column"]) == (3, 12)
    assert "v1" in json.dumps(place)


def test_tagger(repo: GitRepo, store, token: str) -> None:
    repo.git("tag", "-a", "-m", "Release", "v1", committer=(token, "tagger@example.com"))
    store(repo)
    assert complete(repo.path).at(token, "identity")["object"] == repo.tip("refs/tags/v1")


def test_note(repo: GitRepo, store, token: str) -> None:
    repo.git("notes", "add", "-m", f"deployed with {token}", "HEAD")
    note = repo.git("notes", "list", "HEAD")
    store(repo)
    place = complete(repo.path).at(token, "note")
    assert place["object"] == note
    assert (place["line"], place["column"]) == (1, 15)
    assert repo.tip() in json.dumps(place), "a reader wants to know which commit is annotated"


# Names.


@pytest.mark.parametrize("packed", [False, True], ids=["loose-refs", "packed-refs"])
@pytest.mark.parametrize("command", ["branch", "tag"])
def test_ref_name(repo: GitRepo, token: str, command: str, packed: bool) -> None:
    repo.git(command, f"try/{token}")
    if packed:
        repo.git("pack-refs", "--all")
    ref = f"refs/{'heads' if command == 'branch' else 'tags'}/try/{token}"
    place = complete(repo.path).at(token, "ref-name")
    assert (place["path"], place["line"], place["column"]) == (ref, None, None)


def test_reflog_message(repo: GitRepo, token: str) -> None:
    repo.git("update-ref", "-m", f"set by {token}", "refs/heads/other", "HEAD")
    repo.git("update-ref", "--create-reflog", "-m", f"by {token}", "refs/heads/third", "HEAD")
    assert complete(repo.path).locations(token, "reflog")


def test_configuration_of_the_repository(repo: GitRepo, token: str) -> None:
    repo.git("config", "remote.origin.url", f"https://me:{token}@example.com/x.git")
    place = complete(repo.path).at(token, "git-file")
    assert place["path"].endswith("config")


@pytest.mark.parametrize("name", ["backup-{}.txt", "keys/{}/readme.txt"], ids=["file", "directory"])
def test_path(repo: GitRepo, store, token: str, name: str) -> None:
    path = name.format(token)
    commit = repo.add(path, "nothing in it\n")
    repo.add("later.txt", "later\n")
    store(repo)
    (place, *more) = complete(repo.path).locations(token, "path")
    assert not more
    assert path.startswith(place["path"])
    assert token in place["path"]
    assert (place["commit"], place["line"], place["current"]) == (commit, None, True)
    assert place["author"] == PERSON


def test_path_that_was_removed(repo: GitRepo, store, token: str) -> None:
    commit = repo.add(f"{token}.bak", "old\n")
    repo.remove(f"{token}.bak")
    store(repo)
    place = complete(repo.path).at(token, "path")
    assert (place["path"], place["commit"]) == (f"{token}.bak", commit)
    assert place["current"] is False


# The index and the work tree.


def test_staged_but_not_committed(repo: GitRepo, token: str) -> None:
    repo.stage("draft.py", f"#\nkey = '{token}'\n")
    answer = complete(repo.path)
    place = answer.at(token, "staged")
    assert (place["path"], place["line"], place["column"]) == ("draft.py", 2, 8)
    assert place["commit"] is None


def test_untracked(repo: GitRepo, token: str) -> None:
    repo.write("notes/todo.txt", f"try {token}\n")
    place = complete(repo.path).at(token, "file")
    assert (place["path"], place["line"], place["column"]) == ("notes/todo.txt", 1, 5)
    assert place["commit"] is None


@pytest.mark.parametrize("from_inside", [False, True], ids=["main", "linked"])
def test_staged_in_a_linked_work_tree(
    repo: GitRepo, tmp_path: Path, token: str, from_inside: bool
) -> None:
    linked = repo.worktree(tmp_path / "linked", "topic")
    linked.stage("draft.py", f"key = '{token}'\n")
    answer = complete(linked.path if from_inside else repo.path)
    assert answer.at(token, "staged")["path"].endswith("draft.py")


def test_folder_of_a_work_tree_is_read_as_files(repo: GitRepo, new_token) -> None:
    removed, inside, outside = (new_token() for _ in range(3))
    repo.add("deep/down/a.txt", f"{removed}\n")
    repo.add("deep/down/a.txt", f"{inside}\n")
    repo.add("elsewhere.txt", outside)
    answer = complete(repo.path / "deep" / "down")
    assert answer.secrets == {inside}
    assert answer.at(inside, "file")["path"].endswith("a.txt")


# The whole at once.


def test_every_token_of_the_sample_is_found(tmp_path: Path) -> None:
    from leakscan.sample import make_sample

    made = make_sample(tmp_path / "sample")
    answer = complete(made.path)
    assert answer.secrets == {planted.secret.reveal() for planted in made.planted}
    for planted in made.planted:
        place = answer.at(planted.secret.reveal(), planted.kind)
        assert planted.path in (None, place["path"])
        assert planted.commit in (None, place["commit"])
        if planted.current is not None:
            assert place["current"] is planted.current


def test_secrets_are_redacted_unless_asked_for(repo: GitRepo, token: str) -> None:
    repo.add(".env", token)
    for options in ([], ["--format", "json"], ["--format", "jsonl"], ["--format", "sarif"]):
        done = subprocess.run(
            command(repo.path, *options),
            capture_output=True,
            check=False,
            env=environment(),
            timeout=60,
        )
        assert done.returncode == FOUND, done.stderr
        assert token.encode() not in done.stdout + done.stderr
        assert "sarif" in options or token[:7].encode() in done.stdout

"""What a push brings: which tokens it adds, which were there, and where they stand."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from leaving import KNOWN, Leaving

from gitrepo import ANN
from leakscan.errors import TargetError
from leakscan.model import Kind
from leakscan.sources.brought import OtherSide
from leakscan.sources.outgoing import MOST_SOUGHT
from leakscan.sources.ref_updates import RefUpdate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    NewToken = Callable[[], str]


def git_after(command: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Have the shell do something before each git command, whose arguments it sees."""
    git = folder / "git"
    folder.mkdir()
    git.write_text(f'#!/bin/sh\n{command}\nexec "{shutil.which("git")}" "$@"\n')
    git.chmod(0o755)
    patch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_a_clean_push(leaving: Leaving) -> None:
    leaving.repo.add("a.txt", "a")
    assert leaving.look("main") == []
    assert (leaving.known, leaving.tally.objects, leaving.tally.skipped) == ([], 3, [])


@pytest.mark.parametrize("new", [False, True], ids=["branch", "new-branch"])
@pytest.mark.parametrize("hash_name", ["sha1", "sha256"])
def test_where_a_token_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str, hash_name: str, new: bool
) -> None:
    leaving = Leaving.made(tmp_path, monkeypatch, f"--object-format={hash_name}")
    leaving.repo.add("a.txt", "a")
    commit = leaving.repo.add("conf/settings.py", f"A = 1\nKEY = '{token}'\n")
    leaving.repo.add("b.txt", "b")
    [(secret, place)] = leaving.look("HEAD:refs/heads/topic" if new else "main")
    assert (secret, place.kind, place.path) == (token, Kind.BLOB, "conf/settings.py")
    assert (place.commit, place.line, place.column) == (commit, 2, 8)
    assert place.object == leaving.repo.tip("HEAD:conf/settings.py")
    assert place.author
    assert (place.author.name, place.author.email) == ANN
    assert place.date


def test_a_token_that_is_taken_out_again_within_the_push(leaving: Leaving, token: str) -> None:
    commit = leaving.repo.add(".env", token)
    leaving.repo.remove(".env")
    [(secret, place)] = leaving.look("main")
    assert (secret, place.commit, place.path) == (token, commit, ".env")


def test_every_surface(leaving: Leaving, new_token: NewToken) -> None:
    message, author, link, name, folder, note, ref, root = (new_token() for _ in range(8))
    repo = leaving.repo
    repo.add("a.txt", "a", f"Use {message}")
    repo.stage("b.txt", "b")
    repo.commit(author=(author, "a@example.com"))
    (repo.path / "link").symlink_to(link)
    repo.git("add", "link")
    repo.stage(f"conf/{name}.txt", "c")
    repo.stage(f"{folder}/d.txt", "d")
    repo.stage(root, "e")
    noted = repo.commit()
    repo.git("notes", "add", "-m", note)
    found = dict(
        leaving.look("main", f"main:refs/heads/{ref}", "refs/notes/commits:refs/notes/commits")
    )
    assert {secret: place.kind for secret, place in found.items()} == {
        message: Kind.COMMIT_MESSAGE,
        author: Kind.IDENTITY,
        link: Kind.SYMLINK,
        name: Kind.PATH,
        folder: Kind.PATH,
        root: Kind.PATH,
        note: Kind.NOTE,
        ref: Kind.REF_NAME,
    }
    assert found[message].line == 1
    assert found[message].commit == repo.tip("HEAD~2")
    assert found[note].path == noted
    assert found[note].commit == repo.tip("refs/notes/commits")
    assert {found[secret].commit for secret in (link, name, folder, root)} == {noted}
    assert found[name].path == f"conf/{name}.txt"


def test_a_name_at_the_top(leaving: Leaving, new_token: NewToken) -> None:
    """Nothing but the tree of the commit leads to it; other tokens lead to other commits."""
    name, content = new_token(), new_token()
    commit = leaving.repo.add(f"{name}.txt", "a")
    other = leaving.repo.add("b.txt", content)
    found = dict(leaving.look("main"))
    assert (found[name].kind, found[name].commit) == (Kind.PATH, commit)
    assert (found[content].kind, found[content].commit) == (Kind.BLOB, other)


def test_the_name_of_a_ref_that_is_there_is_not_new(leaving: Leaving, token: str) -> None:
    leaving.push(f"main:refs/heads/{token}")
    leaving.repo.add("a.txt", "a")
    assert leaving.look(f"main:refs/heads/{token}") == []


def test_nothing_is_read_for_refs_that_go(leaving: Leaving, token: str) -> None:
    leaving.repo.add(".env", token)
    leaving.push("main:refs/heads/topic")
    assert leaving.look(":refs/heads/topic") == []
    assert leaving.look() == []
    assert leaving.tally.objects == 0


def test_several_refs_at_once(leaving: Leaving, new_token: NewToken) -> None:
    tokens = [new_token() for _ in range(3)]
    for number, token in enumerate(tokens):
        leaving.repo.git("checkout", "-q", "-b", f"topic-{number}", "main")
        leaving.repo.add(".env", token)
    leaving.push("topic-0")
    found = leaving.look("main", "topic-0", "topic-1", "topic-2", ":refs/heads/topic-0")
    assert sorted(secret for secret, _ in found) == sorted(tokens[1:])


# Tags.


def test_a_light_tag(leaving: Leaving, token: str) -> None:
    leaving.repo.add(".env", token)
    leaving.repo.git("tag", "v1")
    assert [s for s, _ in leaving.look("v1:refs/tags/v1")] == [token]
    leaving.push("main")
    assert leaving.look("v1:refs/tags/v1") == []


def test_a_tag_says_its_name(leaving: Leaving, token: str) -> None:
    leaving.repo.git("tag", "-a", "-m", f"Release\n\nwith {token}", "v1")
    [(secret, place)] = leaving.look("v1:refs/tags/v1")
    assert (secret, place.kind, place.path, place.line) == (
        token,
        Kind.TAG_MESSAGE,
        "refs/tags/v1",
        3,
    )
    assert place.object == leaving.repo.tip("v1")
    assert place.author


def test_a_tag_of_a_tag(leaving: Leaving, token: str) -> None:
    leaving.repo.git("tag", "-a", "-m", token, "inner")
    leaving.repo.git("tag", "-a", "-m", "Outer", "outer", "inner")
    [(secret, place)] = leaving.look("outer:refs/tags/outer")
    assert (secret, place.object) == (token, leaving.repo.tip("inner"))


def test_tags_of_a_blob_and_of_a_tree(leaving: Leaving, new_token: NewToken) -> None:
    in_blob, in_name = new_token(), new_token()
    repo = leaving.repo
    blob = repo.hash_object("blob", in_blob.encode())
    tree = repo.tree(("100644", in_name.encode(), repo.tip("HEAD:README.md")))
    repo.git("tag", "-a", "-m", "A blob", "blob", blob)
    repo.git("tag", "tree", tree)
    found = dict(leaving.look("blob:refs/tags/blob", "tree:refs/tags/tree"))
    assert {secret: (place.kind, place.object) for secret, place in found.items()} == {
        in_blob: (Kind.BLOB, blob),
        in_name: (Kind.PATH, tree),
    }


# What cannot be read.


def test_an_object_that_is_not_here(leaving: Leaving, token: str) -> None:
    repo = leaving.repo
    repo.add("a.txt", "lost")
    lost = repo.tip("HEAD:a.txt")
    commit = repo.add(".env", token)
    repo.loose_path(lost).unlink()
    assert [place.commit for _, place in leaving.look("main")] == [commit]
    [skip] = leaving.tally.skipped
    assert lost in skip.what
    assert "not in this repository" in skip.why


def test_a_corrupt_blob(leaving: Leaving, token: str) -> None:
    repo = leaving.repo
    repo.add("a.txt", "spoilt")
    path = repo.loose_path(repo.tip("HEAD:a.txt"))
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-4])
    commit = repo.add(".env", token)
    assert [place.commit for _, place in leaving.look("main")] == [commit]
    [skip] = leaving.tally.skipped
    assert repo.tip("HEAD:a.txt") in skip.what


def test_a_corrupt_commit(leaving: Leaving) -> None:
    path = leaving.repo.loose_path(leaving.repo.add("a.txt", "a"))
    path.chmod(0o644)
    path.write_bytes(b"spoilt")
    updates = [RefUpdate("refs/heads/main", None, path.parent.name + path.name)]
    with pytest.raises(TargetError, match="tell what is pushed"):
        leaving.see(updates, OtherSide(KNOWN))


def test_what_commits_change_cannot_be_told(leaving: Leaving, token: str) -> None:
    """The token is told all the same."""
    repo = leaving.repo
    repo.add("a/a.txt", "a")
    leaving.push("main")
    repo.add("a/.env", token)
    path = repo.loose_path(repo.tip("HEAD~:a"))
    path.unlink()
    [(secret, place)] = leaving.look("main")
    assert (secret, place.object) == (token, repo.tip("HEAD:a/.env"))
    assert "what commits change" in {skip.what for skip in leaving.tally.skipped}


def test_copies_of_files_cannot_be_told(leaving: Leaving) -> None:
    """What stood before is gone, so that a token may have been copied unseen."""
    repo = leaving.repo
    repo.add("a/old.txt", "old")
    leaving.push("main")
    before = repo.tip("HEAD:a")
    repo.add("a/a.txt", "a")
    assert leaving.look("main") == []
    assert leaving.tally.skipped == []
    repo.loose_path(before).unlink()
    assert leaving.look("main") == []
    assert [skip.what for skip in leaving.tally.skipped] == ["copies of files"]


def test_a_copy_that_cannot_be_read(leaving: Leaving) -> None:
    repo = leaving.repo
    repo.add("a.txt", "lost")
    leaving.push("main")
    lost = repo.loose_path(repo.tip("HEAD:a.txt"))
    repo.add("b.txt", "lost")
    lost.unlink()
    assert leaving.look("main") == []
    assert [skip.what for skip in leaving.tally.skipped] == [
        f"object {lost.parent.name}{lost.name}"
    ]


def test_texts_that_git_gives_but_once(
    leaving: Leaving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_token: NewToken
) -> None:
    """What was found in them is told, though not where in them it stands."""
    in_commit, in_tag = new_token(), new_token()
    commit = leaving.repo.add("a.txt", "a", f"Use {in_commit}")
    leaving.repo.git("tag", "-a", "-m", in_tag, "v1")
    given = f'mkdir "{tmp_path}/given" 2>/dev/null || exit 1'
    once = f'case "$*" in *cat-file\\ --batch\\ *) {given};; esac'
    with monkeypatch.context() as patch:
        git_after(once, tmp_path / "bin", patch)
        found = dict(leaving.look("v1:refs/tags/v1"))
    assert {secret: (place.kind, place.object) for secret, place in found.items()} == {
        in_commit: (Kind.COMMIT_MESSAGE, commit),
        in_tag: (Kind.TAG_MESSAGE, leaving.repo.tip("v1")),
    }


@pytest.mark.parametrize("more", [0, 1])
def test_more_tokens_than_git_is_told_of(
    leaving: Leaving,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    new_token: NewToken,
    more: int,
) -> None:
    """There is an end to how long a command may be."""
    tokens = {f"{number}.env": new_token() for number in range(MOST_SOUGHT + more)}
    for name, token in tokens.items():
        leaving.repo.write(name, token)
    leaving.repo.git("add", "--all")
    commit = leaving.repo.commit()
    arguments = tmp_path / "arguments"
    with monkeypatch.context() as patch:
        git_after(f'printf "%s\\n" "$@" >>"{arguments}"', tmp_path / "bin", patch)
        found = leaving.look("main")
    assert {place.path: secret for secret, place in found} == tokens
    assert {place.commit for _, place in found} == {commit}
    assert arguments.read_text().count("--find-object=") == (0 if more else MOST_SOUGHT)

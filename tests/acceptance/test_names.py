"""Hostile names and malformed trees, commits and refs."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from scanning import FOUND, INCOMPLETE, command, complete, environment, scan

from packs import TREE, HandmadePack, entry, object_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gitrepo import GitRepo

NAMES = [b"..", b".git", b"a\nb", b"\x1b[31mred\x1b]0;owned\x07", b"caf\xe9", b"\r\tx", b"~1:2 -o"]


def text_of(repo: GitRepo) -> bytes:
    done = subprocess.run(
        command(repo.path),
        capture_output=True,
        check=False,
        env=environment(COLUMNS="300"),
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    assert b"Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_tree_with_a_hostile_name(repo: GitRepo, token: str, name: bytes) -> None:
    blob = repo.hash_object("blob", f"{token}\n".encode())
    folder = repo.tree(("40000", name, repo.tree(("100644", name, blob))))
    commit = repo.commit_tree(folder, ref="refs/heads/hostile")
    answer = complete(repo.path)
    place = answer.at(token, "blob")
    assert (place["commit"], place["line"]) == (commit, 1)
    assert place["path"]
    text = text_of(repo)
    assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", text), text
    assert b"a\nb" not in text


@pytest.mark.parametrize(
    "content",
    [b"100644 cut\0\x12\x34", b"100644", b"\0" * 50, b"999999 x\0" + b"\x11" * 20, b"100644 \0"],
    ids=["cut", "no-name", "zeros", "mode", "empty-name"],
)
def test_malformed_tree(repo: GitRepo, token: str, content: bytes) -> None:
    repo.commit_tree(repo.hash_object("tree", content), ref="refs/heads/malformed")
    repo.add(".env", token)
    answer = scan(repo.path)
    assert answer.status in (FOUND, INCOMPLETE)
    assert answer.at(token, "blob")["path"] == ".env"


@pytest.mark.parametrize("kind", ["commit", "tag"])
@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"tree x\n", b"\xff\xfe\0 {}", b"author <> {}\n"]
)
def test_malformed_commit_or_tag(repo: GitRepo, token: str, kind: str, content: bytes) -> None:
    leaky = b"{}" in content
    repo.hash_object(kind, content.replace(b"{}", token.encode()))
    if not leaky:
        repo.add(".env", token)
    answer = scan(repo.path)
    assert answer.status in (FOUND, INCOMPLETE)
    assert token in answer.secrets


def test_very_deep_tree(repo: GitRepo, token: str) -> None:
    oid = repo.hash_object("blob", token.encode())
    trees = [b"100644 leaf\0" + bytes.fromhex(oid)]
    for _ in range(400):
        oid = object_id("tree", trees[-1])
        trees.append(b"40000 d\0" + bytes.fromhex(oid))
    HandmadePack([(object_id("tree", tree), entry(TREE, tree)) for tree in trees]).write(
        repo.git_dir
    )
    commit = repo.commit_tree(object_id("tree", trees[-1]), ref="refs/heads/deep")
    place = complete(repo.path).at(token, "blob")
    assert (place["commit"], place["path"]) == (commit, "d/" * 400 + "leaf")


def test_tree_bomb(repo: GitRepo, token: str) -> None:
    """Ten entries a tree, ten trees deep: ten thousand million paths to one blob."""
    oid, mode = repo.hash_object("blob", token.encode()), "100644"
    for _ in range(10):
        oid = repo.tree(*((mode, b"%d" % number, oid) for number in range(10)))
        mode = "40000"
    repo.commit_tree(oid, ref="refs/heads/bomb")
    answer = scan(repo.path, timeout=30)
    assert answer.status in (FOUND, INCOMPLETE)
    assert 1 <= len(answer.locations(token, "blob")) <= 1000
    assert answer.status == FOUND or answer.names("paths")


def test_refs_with_control_characters(repo: GitRepo, new_token: Callable[[], str]) -> None:
    named, inside = new_token(), new_token()
    repo.add(".env", inside)
    tip = repo.tip()
    repo.git("pack-refs", "--all")
    with (repo.git_dir / "packed-refs").open("ab") as file:
        file.write(f"{tip} refs/heads/\x1b[2J{named}\n".encode())
        file.write(f"{tip} refs/heads/tab\there\n{tip} refs/heads/../../x\n".encode())
        file.write(b"not a line of packed-refs\n\xff\xfe\0\n")
    answer = scan(repo.path)
    assert answer.status in (FOUND, INCOMPLETE), answer.stderr
    assert answer.at(inside, "blob")["commit"] == tip
    assert answer.at(named, "ref-name")
    assert b"\x1b" not in text_of(repo)


def test_head_that_is_no_ref(repo: GitRepo, token: str) -> None:
    repo.add(".env", token)
    (repo.git_dir / "HEAD").write_bytes(b"ref: refs/heads/\x1b[31m\n")
    answer = scan(repo.path)
    assert answer.status in (FOUND, INCOMPLETE), answer.stderr
    if answer.report:
        assert token in answer.secrets


def test_directory_that_is_no_repository(tmp_path: Path, token: str) -> None:
    (tmp_path / "notes.txt").write_text(token)
    assert complete(tmp_path).at(token, "file")["path"].endswith("notes.txt")

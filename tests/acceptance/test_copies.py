"""Several copies: of one secret at many paths, of one object under the same id."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest
from scanning import complete, incomplete, scan

from leakscan.git.pack import COMMIT
from leakscan.sources.attribution import MAX_PLACES
from packs import HandmadePack, entry, object_id, write_loose

if TYPE_CHECKING:
    from gitrepo import GitRepo


@pytest.mark.parametrize("packed", [False, True])
def test_of_too_many_places_those_that_are_still_there_are_listed(
    repo: GitRepo, token: str, packed: bool
) -> None:
    blob = repo.hash_object("blob", token.encode())
    old = [("100644", b"old%04d" % number, blob) for number in range(MAX_PLACES + 20)]
    parent = repo.commit_tree(repo.tree(*old), ref="refs/heads/main")
    tree = repo.tree(("100644", b"zz", blob))
    tip = repo.git("commit-tree", "-p", parent, "-m", "Move it", tree)
    repo.git("update-ref", "refs/heads/main", tip)
    if packed:
        repo.pack()
    answer = incomplete(repo.path)
    assert answer.names("21 more places")
    current = [place["path"] for place in answer.locations(token, "blob") if place["current"]]
    assert current == ["zz"]


def test_a_pack_with_no_tree_but_the_empty_one(repo: GitRepo, token: str) -> None:
    repo.git("commit", "--allow-empty", "-m", "Begin")
    repo.pack()
    commit = repo.add(".env", token)
    repo.git("repack", "-d")
    assert complete(repo.path).at(token, "blob")["commit"] == commit


def message(text: str) -> bytes:
    who = "A <a@b> 1700000000 +0000"
    empty = object_id("tree", b"")
    return f"tree {empty}\nauthor {who}\ncommitter {who}\n\n{text}\n".encode()


def test_a_commit_whose_first_copy_is_damaged(repo: GitRepo, token: str) -> None:
    repo.hash_object("tree", b"")
    commit = message(f"Use {token}")
    oid = object_id("commit", commit)
    broken = bytearray(entry(COMMIT, commit))
    broken[-1] ^= 1
    HandmadePack([(oid, bytes(broken))]).write(repo.git_dir)
    write_loose(repo.git_dir, oid, zlib.compress(b"commit %d\0" % len(commit) + commit))
    repo.git("update-ref", "refs/heads/main", oid)
    place = scan(repo.path).at(token, "commit-message")
    assert (place["commit"], place["line"], place["note"]) == (oid, 1, None)


def test_a_commit_that_another_one_of_its_id_hides(repo: GitRepo, token: str) -> None:
    repo.hash_object("tree", b"")
    harmless, evil = message("Nothing here"), message(f"Use {token}")
    oid = object_id("commit", harmless)
    HandmadePack([(oid, entry(COMMIT, harmless))]).write(repo.git_dir)
    write_loose(repo.git_dir, oid, zlib.compress(b"commit %d\0" % len(evil) + evil))
    place = scan(repo.path).at(token, "commit-message")
    assert "another object of the same id hides" in place["note"]


def test_a_false_copy_of_a_commit_does_not_take_its_tree_away(repo: GitRepo, token: str) -> None:
    commit = repo.add(".env", token)
    repo.pack()
    repo.hash_object("tree", b"")
    false = message("Nothing here")
    write_loose(repo.git_dir, commit, zlib.compress(b"commit %d\0" % len(false) + false))
    place = scan(repo.path).at(token, "blob")
    assert (place["commit"], place["current"]) == (commit, True)

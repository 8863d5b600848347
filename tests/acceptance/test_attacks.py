"""Repositories that are made to hang a scan, to lead it astray or to hide from it."""

from __future__ import annotations

import os
import subprocess
import zlib
from typing import TYPE_CHECKING

import pytest
from scanning import INCOMPLETE, MISUSED, command, complete, environment, incomplete, scan

from leakscan.git.links import MOST_PARENTS, Links
from leakscan.git.walk import STREAMED
from leakscan.sources.worktree import is_inside
from packs import TREE, HandmadePack, entry, object_id, write_loose

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitrepo import GitRepo


@pytest.mark.parametrize("name", ["refs/heads/pipe", "packed-refs", "index"])
def test_a_pipe_where_git_keeps_files_does_not_hang(repo: GitRepo, token: str, name: str) -> None:
    repo.add(".env", token)
    path = repo.git_dir / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    answer = incomplete(repo.path)
    assert answer.names("regular file")
    assert answer.secrets == {token}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("tree", [b"0" * 200_000, b"1 " * 50_000, b"100644 " * 2_000_000])
def test_no_tree_takes_quadratic_time(tree: bytes) -> None:
    assert Links(20).new_in_tree(tree, None) == b""


@pytest.mark.timeout(20)
def test_no_commit_takes_quadratic_time() -> None:
    commit = b"tree %s\n" % (b"0" * 40) + b"parent %s\n" % (b"1" * 40) * 300_000
    assert len(Links(20).of_commit(commit)) == 20 * (MOST_PARENTS + 1)
    assert len(Links(20).of_commits([Links(20).head_of_commit(commit, None)])[0]) < 100_000


def test_ids_with_white_space_in_them_are_none() -> None:
    odd = b"tree %s\nparent %s\nauthor A <a> 1 +0000\n\n" % (b"0" * 40, b"1 " * 20)
    assert Links(20).of_commit(odd) == b""


_ONE, _TWO = b"1" * 40, b"2" * 40
_SOUND = b"tree %s\nparent %s\nparent %s" % (_ONE, _TWO, _ONE)


def test_a_commit_without_an_author_is_not_kept() -> None:
    commit = b"tree %s" % (b"1" * 40) + b"x" * 100_000
    assert len(Links(20).head_of_commit(commit, None)) == 45


def test_heads_of_commits_that_join_to_a_parent_line() -> None:
    heads = [b"tree %s\n" % _ONE[:39], b"tree parent %s" % _TWO[:33]] * 5 + [_SOUND]
    links = Links(20)
    assert links.of_commits(heads) == [links.of_commit(head) for head in heads]


@pytest.mark.parametrize(
    "odd",
    [
        b"",
        b"tree ",
        b"tree " + _ONE[:-1],
        b"tree " + _ONE[:-1] + b"g",
        b"tree %s\nparent %s" % (_ONE[:30], _TWO + _ONE[30:]),
        b"tree %s\nparent %s\nextra %s" % (_ONE, _TWO, _ONE),
        b"tree %s\nparent %s" % (_ONE, b"1 " * 20),
    ],
)
def test_an_odd_commit_does_not_change_what_its_neighbours_name(odd: bytes) -> None:
    links = Links(20)
    one, two = bytes.fromhex(_ONE.decode()), bytes.fromhex(_TWO.decode())
    before, _, after = links.of_commits([b"tree " + _TWO, odd, _SOUND])
    assert (before, after) == (two, one + two + one)


def test_paths_that_lead_out_of_a_work_tree() -> None:
    assert is_inside(b"a/..b/c")
    assert not is_inside(b"/etc/passwd")
    assert not is_inside(b"a/../../b")


def test_a_link_does_not_lead_out_of_a_work_tree(repo: GitRepo, token: str) -> None:
    outside = repo.path.parent / "outside"
    outside.mkdir()
    (outside / "secret.env").write_text(token)
    repo.add("folder/secret.env", "nothing\n")
    (repo.path / "folder/secret.env").unlink()
    (repo.path / "folder").rmdir()
    (repo.path / "folder").symlink_to(outside)
    assert token not in scan(repo.path).secrets


def test_a_checkout_cannot_choose_the_key_or_the_issued_tokens(repo: GitRepo) -> None:
    for table in ('[fingerprint]\nkey_file = "../written"\n', '[digests]\nfile = "d"\n'):
        (repo.path / ".leakscan.toml").write_text(table)
        done = subprocess.run(command(repo.path), cwd=repo.path, env=environment(),
                              capture_output=True, check=False)  # fmt: skip
        assert done.returncode == MISUSED
    assert not (repo.path.parent / "written").exists()


def test_the_configuration_that_is_used_is_named(repo: GitRepo, token: str) -> None:
    repo.add(".env", token)
    (repo.path / ".leakscan.toml").write_text('[rules]\nenable = ["npm-access-token"]\n')
    done = subprocess.run(command(repo.path), cwd=repo.path, env=environment(),
                          capture_output=True, check=False)  # fmt: skip
    assert b".leakscan.toml" in done.stderr


def test_two_versions_that_hide_behind_each_other_are_told(repo: GitRepo, token: str) -> None:
    """Each commit's parent has the secret in another blob; the tree bomb ends the search."""
    one, two = (repo.hash_object("blob", f"{n} {token}\n".encode()) for n in "12")
    bomb, mode = repo.hash_object("blob", b"r8_" + b"x" * 37), "100644"
    for _ in range(10):
        bomb = repo.tree(*((mode, b"%d" % number, bomb) for number in range(10)))
        mode = "40000"
    repo.commit_tree(bomb, ref="refs/heads/bomb")
    tree = repo.tree(("100644", b"a", one))
    repo.commit_tree(tree, ref="refs/heads/one")
    repo.commit_tree(repo.tree(("100644", b"a", two)), ref="refs/heads/two")
    answer = incomplete(repo.path)
    assert answer.locations(token, "blob")
    assert answer.names("some paths", "hold themselves")


def test_a_secret_in_the_name_of_what_cannot_be_read_is_redacted(repo: GitRepo, token: str) -> None:
    (repo.git_dir / "objects/info/alternates").write_text(f"/nowhere/{token}\n")
    for style in ("text", "json", "jsonl", "sarif"):
        done = subprocess.run(command(repo.path, "--format", style), env=environment(),
                              capture_output=True, check=False)  # fmt: skip
        assert done.returncode == INCOMPLETE
        assert token.encode() not in done.stdout + done.stderr


def test_a_loose_object_under_the_id_of_a_packed_one_is_read(repo: GitRepo, token: str) -> None:
    repo.add("harmless.txt", "harmless\n")
    repo.pack()
    oid = repo.tip("HEAD:harmless.txt")
    write_loose(repo.git_dir, oid, zlib.compress(b"blob %d\0%b" % (len(token), token.encode())))
    assert complete(repo.path).at(token, "blob")["path"] == "harmless.txt"


def test_what_a_very_large_tree_names_must_be_there(repo: GitRepo) -> None:
    blob, gone = repo.hash_object("blob", b"here"), "ab" * 20
    names = (b"%07d" % number for number in range(500_000))
    lines = b"".join(b"100644 %b\0%b" % (name, bytes.fromhex(blob)) for name in names)
    tree = lines + b"100644 zzz\0" + bytes.fromhex(gone)
    assert len(tree) > STREAMED
    HandmadePack([(object_id("tree", tree), entry(TREE, tree))]).write(repo.git_dir)
    repo.commit_tree(object_id("tree", tree), ref="refs/heads/large")
    assert incomplete(repo.path).names(gone, "missing")


@pytest.mark.timeout(60)
def test_thousands_of_names_in_one_folder_take_no_quadratic_time(
    repo: GitRepo, new_token: Callable[[], str]
) -> None:
    tokens = sorted(new_token() for _ in range(20_000))
    blob = repo.hash_object("blob", b"x")
    repo.commit_tree(repo.tree(*(("100644", name.encode(), blob) for name in tokens)),
                     ref="refs/heads/many")  # fmt: skip
    assert complete(repo.path).secrets == set(tokens)

"""Objects as ``git cat-file`` writes them, and streams that end where they should not."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from leakscan.git.contents import BATCH, HELD, read_objects
from leakscan.git.damage import DamagedError

if TYPE_CHECKING:
    from gitrepo import GitRepo


def test_whatever_git_has(repo: GitRepo) -> None:
    blob = repo.hash_object("blob", b"a\nblob\n\0\n")
    empty = repo.hash_object("blob", b"")
    tree, commit, missing = repo.tip("HEAD^{tree}"), repo.tip(), "1" * 40
    told = "".join(f"{oid}\n" for oid in (blob, missing, empty, tree, commit)).encode()
    stream = io.BytesIO(repo.run(*BATCH, stdin=told))
    found = [(o.oid, o.type, o.size, b"".join(o.pieces)) for o in read_objects(stream)]
    assert found[:3] == [
        (blob, "blob", 9, b"a\nblob\n\0\n"),
        (missing, "", 0, b""),
        (empty, "blob", 0, b""),
    ]
    assert [item[:2] for item in found[3:]] == [(tree, "tree"), (commit, "commit")]
    assert b"README.md" in found[3][3]


def test_a_large_object_comes_in_pieces(repo: GitRepo) -> None:
    content = bytes(HELD + 1)
    oid = repo.hash_object("blob", content)
    stream = io.BytesIO(repo.run(*BATCH, stdin=f"{oid}\n".encode()))
    (item,) = (list(item.pieces) for item in read_objects(stream))
    assert [len(piece) for piece in item] == [HELD, 1]


@pytest.mark.parametrize(
    "stream",
    [
        b"11 blob 5\nab",
        b"11 blob 2\nab",
        b"11 blob 2\nabc",
        b"11 blob\n",
        b"11\n",
        b"11 blob 2 3\nab\n",
        b"\n",
    ],
)
def test_a_stream_that_is_damaged(stream: bytes) -> None:
    with pytest.raises(DamagedError):
        _ = [list(item.pieces) for item in read_objects(io.BytesIO(stream))]

"""Looking up which trees name an object, where deltas and names make that hard."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from leakscan.git.layout import find_layout
from leakscan.git.mentions import Wanted
from leakscan.git.shelf import TreeShelf
from leakscan.git.store import ObjectStore
from leakscan.git.tree import Entry, entries_naming, tree_entries
from packs import OFS_DELTA, TREE, HandmadePack, entry, object_id, offset_field, size_field

if TYPE_CHECKING:
    from gitrepo import GitRepo

ONE, TWO = bytes.fromhex("11" * 20), bytes.fromhex("22" * 20)


@pytest.mark.parametrize("size", [0, 1, 7, 8, 15, 16, 17, 40, 5000])
def test_both_ways_to_find_ids_agree(size: int) -> None:
    chance = random.Random(size)  # noqa: S311
    oids = {chance.randbytes(20) for _ in range(50)}
    data = bytearray(chance.randbytes(size))
    for at, oid in zip(range(0, size - 20, 60), oids, strict=False):
        data[at : at + 20] = oid
    wanted = Wanted(oids, 20)
    by_hyperscan = list(wanted.with_hyperscan()(bytes(data)))
    assert list(wanted.with_numpy()(bytes(data))) == by_hyperscan
    assert len(by_hyperscan) == min(50, len(range(0, size - 20, 60)))


def test_ids_are_found_across_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leakscan.git.mentions._WINDOW", 10)
    one, two = bytes(range(20)), bytes(range(20, 40))
    data = b"x" * 25 + one + b"y" * 5 + two + b"z"
    found = list(Wanted([one, two], 20).mentions(data, len(data)))
    assert found == [(43, one), (68, two)]


def test_a_delta_that_copies_the_id_of_its_base_to_another_name(repo: GitRepo) -> None:
    old = b"100644 a.env\0" + ONE + b"100644 m.txt\0" + TWO
    new = b"100644 a.env\0" + ONE + b"100644 b.env\0" + ONE + b"100644 m.txt\0" + TWO
    name = b"100644 b.env"
    steps = [_copy(0, 33), bytes([len(name)]) + name, _copy(12, 21), _copy(33, 33)]
    delta = size_field(len(old)) + size_field(len(new)) + b"".join(steps)
    base = entry(TREE, old)
    pack = [
        (object_id("tree", old), base),
        (object_id("tree", new), entry(OFS_DELTA, delta, base=offset_field(len(base)))),
    ]
    HandmadePack(pack).write(repo.git_dir)
    assert repo.run("cat-file", "tree", object_id("tree", new)) == new
    layout = find_layout(repo.path)
    assert layout
    with ObjectStore(layout) as store:
        found = {tree.hex(): entries for tree, entries in TreeShelf(store, 1).naming({ONE})}
    assert found[object_id("tree", new)] == [
        Entry(b"100644", b"a.env", ONE),
        Entry(b"100644", b"b.env", ONE),
    ]


def _copy(offset: int, size: int) -> bytes:
    return bytes([0x80 | 0x01 | 0x10, offset, size])


@pytest.mark.parametrize(
    "name", [b"z 100644 a", b"40000 x", b"n" * 400, b"100644 ", b"\xff\xfe", b"a"]
)
@pytest.mark.parametrize("before", [bytes(20), TWO, b"100644 abc\0" + bytes(9)])
def test_names_that_look_like_entries(name: bytes, before: bytes) -> None:
    tree = b"100644 first\0" + before + b"100644 " + name + b"\0" + ONE + b"40000 last\0" + ONE
    expected = [e for e in tree_entries(tree, 20) if e.oid == ONE]
    assert entries_naming({ONE}, tree, 20) == expected
    assert Entry(b"100644", name, ONE) in expected


def test_a_tree_that_is_too_large_is_left_out(
    repo: GitRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakscan.git.raw_trees.LARGEST_TREE", 50)
    repo.add("small/one.txt", "x\n")
    for number in range(9):
        repo.add(f"large/{number}", "x\n")
    repo.pack()
    oid = bytes.fromhex(repo.tip("HEAD:large/0"))
    layout = find_layout(repo.path)
    assert layout
    with ObjectStore(layout) as store:
        shelf = TreeShelf(store, 1)
        found = {tree.hex() for tree, _ in shelf.naming({oid})}
    assert repo.tip("HEAD:small") in found
    assert repo.tip("HEAD:large") not in found
    assert not shelf.is_whole


def test_a_digit_at_the_end_of_the_id_before_an_entry() -> None:
    before = bytes(14) + b"123453"
    tree = b"100644 a\0" + before + b"40000 10064 evil\0" + ONE
    assert entries_naming({ONE}, tree, 20) == [Entry(b"40000", b"10064 evil", ONE)]

"""Reading one object of which there may be several copies."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest

from leakscan.git.damage import DamagedError
from leakscan.git.layout import find_layout
from leakscan.git.pack import BLOB
from leakscan.git.store import ObjectStore
from packs import (
    OFS_DELTA,
    HandmadePack,
    entry,
    object_id,
    offset_field,
    size_field,
    write_loose,
)

if TYPE_CHECKING:
    from gitrepo import GitRepo

CONTENT = b"one and the same"
OID = object_id("blob", CONTENT)


@pytest.mark.parametrize("is_sound", [True, False])
def test_a_damaged_copy_does_not_hide_a_sound_one(repo: GitRepo, is_sound: bool) -> None:
    broken = bytearray(entry(BLOB, CONTENT))
    broken[-1] ^= 1
    HandmadePack([(OID, bytes(broken))]).write(repo.git_dir)
    loose = zlib.compress(b"blob %d\0" % len(CONTENT) + CONTENT)
    write_loose(repo.git_dir, OID, loose if is_sound else loose[:-5])
    layout = find_layout(repo.path)
    assert layout
    with ObjectStore(layout) as store:
        if is_sound:
            assert store.read(bytes.fromhex(OID)) == (BLOB, CONTENT)
        else:
            with pytest.raises(DamagedError):
                store.read(bytes.fromhex(OID))


def test_what_is_missing_is_said_to_be(repo: GitRepo) -> None:
    layout = find_layout(repo.path)
    assert layout
    with ObjectStore(layout) as store, pytest.raises(DamagedError, match="missing"):
        store.read(bytes(20))


@pytest.mark.timeout(20)
def test_a_long_chain_of_deltas_is_read_in_one_go(repo: GitRepo) -> None:
    rest = bytes(20_000)
    versions = [b"%08d" % number + rest for number in range(4000)]
    pack = [(object_id("blob", versions[0]), entry(BLOB, versions[0]))]
    size = size_field(len(versions[0]))
    for version in versions[1:]:
        copy = bytes([0x80 | 0x01 | 0x30, 8]) + len(rest).to_bytes(2, "little")
        delta = size + size + bytes([8]) + version[:8] + copy
        data = entry(OFS_DELTA, delta, base=offset_field(len(pack[-1][1])))
        pack.append((object_id("blob", version), data))
    HandmadePack(pack).write(repo.git_dir)
    layout = find_layout(repo.path)
    assert layout
    with ObjectStore(layout) as store:
        for (oid, _), version in zip(pack, versions, strict=True):
            assert store.read(bytes.fromhex(oid)) == (BLOB, version)

"""Reading one object of which there may be several copies."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest

from leakscan.git.damage import DamagedError
from leakscan.git.layout import find_layout
from leakscan.git.pack import BLOB
from leakscan.git.store import ObjectStore
from packs import HandmadePack, entry, object_id, write_loose

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

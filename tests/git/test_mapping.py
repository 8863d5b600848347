"""Packs are mapped ahead where that is little; else memory would be a pack's size."""

from __future__ import annotations

import hashlib
import mmap
import struct
from typing import TYPE_CHECKING

import pytest

from leakscan.git import pack as module
from leakscan.git.indexing import numbered_index
from leakscan.git.pack import Pack
from packs import BLOB, entry

if TYPE_CHECKING:
    from pathlib import Path


class Told(mmap.mmap):
    """A map that remembers what it was advised."""

    def madvise(self, *advice: int) -> None:
        vars(self).setdefault("advice", []).append(advice)
        super().madvise(*advice)


def opened(path: Path) -> tuple[Pack, Told]:
    raw = entry(BLOB, b"a")
    body = b"PACK" + struct.pack(">II", 2, 1) + raw
    path.write_bytes(body + hashlib.sha1(body, usedforsecurity=False).digest())
    with path.open("rb") as file:
        data = Told(file.fileno(), 0, access=mmap.ACCESS_READ)
    return Pack(data, numbered_index([12], data, 20), 20), data


@pytest.mark.parametrize("most", [19, 20])
def test_little_is_mapped_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(module, "MOST_MAPPED", most)
    pack, data = opened(tmp_path / "a.pack")
    pack.expect(12, 32)
    assert len(vars(data).get("advice", [])) == (most == 20)

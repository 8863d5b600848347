"""Indexes that cannot be read as they are."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from leakscan.git.damage import DamagedError
from leakscan.git.index import read_index

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("before", [b"", b"TREE" + struct.pack(">I", 3) + b"abc"])
def test_a_split_index_is_recognised(tmp_path: Path, before: bytes) -> None:
    link = b"link" + struct.pack(">I", 20) + bytes(20)
    path = tmp_path / "index"
    path.write_bytes(b"DIRC" + struct.pack(">II", 2, 0) + before + link + bytes(20))
    with pytest.raises(DamagedError, match="split"):
        list(read_index(path, 20))

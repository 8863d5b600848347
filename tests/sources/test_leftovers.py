"""What a process that was killed has left is removed by the next one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from leakscan.sources.leftovers import folder_for_arrivals, sweep

if TYPE_CHECKING:
    import pytest

LEAVES = (
    "import os, pathlib, leakscan.sources.leftovers as it;"
    "folder = it.folder_for_arrivals();"
    "pathlib.Path(folder.name, 'pack').write_bytes(b'a token');"
    "os.kill(os.getpid(), 9)"
)


def test_only_what_the_dead_have_left_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    subprocess.run(
        [sys.executable, "-c", LEAVES], env=os.environ | {"TMPDIR": str(tmp_path)}, check=False
    )
    strange = tmp_path / "leakscan-arriving-x-y"
    strange.mkdir()
    assert len(list(tmp_path.glob("*/pack"))) == 1
    with folder_for_arrivals() as mine:
        sweep()
        assert sorted(tmp_path.iterdir()) == sorted([strange, Path(mine)])

"""Fixtures of the tests of sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from leaving import Leaving

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def leaving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Leaving:
    return Leaving.made(tmp_path, monkeypatch)

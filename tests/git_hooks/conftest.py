"""Fixtures of the tests that install git hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hooked import Hooked

if TYPE_CHECKING:
    from pathlib import Path

    from forked import Commands


@pytest.fixture
def hooked(tmp_path: Path, commands: Commands) -> Hooked:
    """Make an empty repository without any hooks."""
    return Hooked.init(tmp_path / "work", tmp_path / "home", commands)


@pytest.fixture
def server(hooked: Hooked, tmp_path: Path) -> Hooked:
    """Make a bare repository without any hooks, the remote ``origin`` of the other."""
    made = hooked.another(tmp_path / "server.git", "--bare")
    hooked.git("remote", "add", "origin", made.path)
    return made

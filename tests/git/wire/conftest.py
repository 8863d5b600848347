"""A served repository for each test of the git client."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from wire_stage import Stage, grow

from gitrepo import GitRepo
from hub.backend import GitServer
from leakscan.git.wire import Wire
from leakscan.git.wire.trust import AUTHORITIES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _plain_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be deaf to the machine's proxies and certificates."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in AUTHORITIES:
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[GitRepo, list[str]]:
    """Make a repository of ten commits to copy; give it and the commits."""
    repo = GitRepo.init(tmp_path_factory.mktemp("grown"))
    return repo, grow(repo, 10)


@pytest.fixture
def stage(
    tmp_path: Path, grown: tuple[GitRepo, list[str]], request: pytest.FixtureRequest
) -> Iterator[Stage]:
    """Serve a copy of that repository.

    A parameter is the version of the protocol that the server speaks: 2 by default, or 0.
    """
    version = getattr(request, "param", 2)
    root = tmp_path / "served"
    origin, commits = grown
    repo = origin.copy(root / "acme" / "app")
    wire = Wire(patience=20)
    with GitServer(root, v0_only=version == 0) as server:
        yield Stage(repo, server, wire, commits, tmp_path / "scratch")
    wire.close()

"""Fixtures of the acceptance tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pushing import Pushing
from responding import Office
from watched import Town

from committing import Guard
from gitrepo import GitRepo
from leakscan.demo.sink import running_sink
from leakscan.issuer.serve import running
from leakscan.issuer.store import Issuer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from forked import Commands

STORAGE = {"loose": lambda _repo: None, "packed": GitRepo.pack}


@pytest.fixture
def damaged(repo: GitRepo, token: str) -> GitRepo:
    """Make a repository to damage: packed history, and the test's token in a loose object."""
    body = "".join(f"line {number}\n" for number in range(300))
    for version in range(6):
        repo.add("grows.txt", body + f"version {version}\n" * (version + 1))
    repo.pack()
    repo.add("safe/.env", f"KEY={token}\n")
    return repo


@pytest.fixture(params=STORAGE)
def store(request: pytest.FixtureRequest) -> Callable[[GitRepo], None]:
    """Leave the objects loose, or pack every one of them."""
    return STORAGE[request.param]


@pytest.fixture
def guard(commands: Commands, repo: GitRepo, tmp_path: Path) -> Guard:
    """Guard the commits of a repository with one commit."""
    return Guard(commands, repo, tmp_path / "home")


@pytest.fixture
def pushing(request: pytest.FixtureRequest, tmp_path: Path, commands: Commands) -> Pushing:
    """Guard pushes by the git hook that the module of the test names."""
    made = Pushing.made(tmp_path, commands)
    made.guard(request.module.HOOK)
    return made


@pytest.fixture
def town(office: Office) -> Iterator[Town]:
    """Make an office that watches a small GitHub of its own."""
    with Town.open(office) as town:
        yield town


@pytest.fixture
def office(tmp_path: Path, commands: Commands) -> Iterator[Office]:
    """Make an office whose issuer and mail server run."""
    with (
        Issuer.open(tmp_path / "issuer") as issuer,
        running(issuer) as url,
        running_sink() as sink,
    ):
        yield Office.made(tmp_path, issuer, url, sink, commands)

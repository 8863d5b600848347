"""Fixtures of the acceptance tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitrepo import GitRepo

if TYPE_CHECKING:
    from collections.abc import Callable

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

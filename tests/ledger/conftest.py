"""Fixtures of the ledger's tests: each runs on SQLite and on a real PostgreSQL server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leakscan.ledger.push_queue import PushQueue
from ledgers import Desk
from postgres import running_postgres
from pushes import HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """Give what makes a fresh PostgreSQL database and returns its URL."""
    with running_postgres() as database:
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a ledger that does not exist yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    database: Callable[[], str] = request.getfixturevalue("postgres")
    return database()


@pytest.fixture
def desk(url: str, tmp_path: Path) -> Iterator[Desk]:
    """Give an empty ledger with everything to work on it."""
    with Desk.open(url, tmp_path / "ledger.key") as made:
        yield made


@pytest.fixture
def queue(desk: Desk) -> PushQueue:
    """Give the queue of pushes of that ledger."""
    return PushQueue(desk.ledger, HOST)

"""Fixtures of the ledger's tests: each runs on SQLite and on a real PostgreSQL server."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import inspect, text

from leakscan.ledger.push_queue import PushQueue
from leakscan.ledger.schema import open_ledger
from leakscan.ledger.tables import metadata
from ledgers import Desk
from postgres import running_postgres
from pushes import HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TABLES = tuple(metadata.tables)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """Give what makes a fresh PostgreSQL database and returns its URL."""
    with running_postgres() as database:
        yield database


class SharedLedger:
    """A ledger on PostgreSQL that tests have one after the other: a database for each takes long.

    Attributes:
        url: where it is.
    """

    def __init__(self, database: Callable[[], str]) -> None:
        self._database = database
        self._make()

    def _make(self) -> None:
        self.url = self._database()
        self._ledger = open_ledger(self.url)

    def empty(self) -> None:
        """Forget what a test wrote; if it has changed the tables, begin another ledger."""
        with self._ledger.writing() as connection:
            is_sound = set(inspect(connection).get_table_names()) == {*TABLES, "alembic_version"}
            if is_sound:
                connection.execute(text(f"TRUNCATE {', '.join(TABLES)} RESTART IDENTITY"))
        if not is_sound:
            self.close()
            self._make()

    def close(self) -> None:
        """Let go of the server."""
        self._ledger.close()


@pytest.fixture(scope="session")
def shared_postgres(postgres: Callable[[], str]) -> Iterator[SharedLedger]:
    """Give a ledger on PostgreSQL to share."""
    shared = SharedLedger(postgres)
    yield shared
    shared.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a ledger that does not exist yet; for a test with a desk, of an empty one."""
    with_desk = "desk" in request.fixturenames
    if request.param == "sqlite":
        file = tmp_path / "ledger.sqlite3"
        if with_desk:
            shutil.copy(request.getfixturevalue("empty_ledger"), file)
        yield f"sqlite:///{file}"
    elif with_desk:
        shared: SharedLedger = request.getfixturevalue("shared_postgres")
        yield shared.url
        shared.empty()
    else:
        yield request.getfixturevalue("postgres")()


@pytest.fixture
def desk(url: str, tmp_path: Path) -> Iterator[Desk]:
    """Give an empty ledger with everything to work on it."""
    with Desk.open(url, tmp_path / "ledger.key") as made:
        yield made


@pytest.fixture
def queue(desk: Desk) -> PushQueue:
    """Give the queue of pushes of that ledger."""
    return PushQueue(desk.ledger, HOST)

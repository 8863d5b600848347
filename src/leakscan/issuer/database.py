"""The SQLite file: opened, its version checked, and every failure one clear line."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, inspect
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError

from leakscan.errors import LeakscanError
from leakscan.issuer.tables import VERSION, metadata

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

_PATIENCE_SECONDS = 30
"""How long one waits for another who writes."""

_BEGIN = "leakscan_begin"
_REASONS = {
    "locked": ("locked by another process", "try again when that is done"),
    "readonly": ("cannot be written", "check its permissions"),
    "unable to open": ("cannot be opened", "check the permissions of its folder"),
    "full": ("the disk is full", "make room"),
}
"""By a word in SQLite's message: what happened, and what to do."""


class Database:
    """Transactions on one SQLite file.  Safe to use from many threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine = _engine(path)
        self._writer = self._engine.execution_options(**{_BEGIN: "IMMEDIATE"})

    def prepare(self) -> None:
        """Make the tables of an empty file, and check the version of another.

        Raises:
            LeakscanError: it cannot be used, is damaged, of a newer version, or not an issuer's.
        """
        with _one_line(self._path):
            with self._engine.connect() as connection:
                # It lasts: readers never wait for a writer, nor a writer for readers.
                connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
            with self.writing() as connection:
                self._check_version(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Begin a transaction that reads; it sees one state of all tables.

        Raises:
            LeakscanError: the file cannot be read.
        """
        with _one_line(self._path), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Begin a transaction that writes; only one is open at a time, and others wait.

        Raises:
            LeakscanError: the file cannot be written.
            IntegrityError: what was written breaks a constraint.
        """
        with _one_line(self._path), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _check_version(self, connection: Connection) -> None:
        version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        known = set(inspect(connection).get_table_names())
        if version > VERSION:
            raise LeakscanError(
                f"{self._path}: version {version}, made by a newer leakscan than this",
                "update leakscan",
            )
        if version == 0 and not known:
            metadata.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
        elif version == 0 or not known >= set(metadata.tables):
            raise LeakscanError(
                f"{self._path}: not the database of an issuer", "name another folder with --data"
            )


def _engine(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": _PATIENCE_SECONDS},
        hide_parameters=True,  # an error may be logged, and they are somebody's
        pool_size=8,
        max_overflow=-1,  # as many as there are threads
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own business
        connection.isolation_level = None  # so that the driver begins nothing by itself
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        kind = connection.get_execution_options().get(_BEGIN, "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {kind}")

    return engine


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    """Turn what SQLite says into one line that a user can act on."""
    try:
        yield
    except IntegrityError:
        raise
    except (DBAPIError, sqlite3.Error) as error:
        message = str(error.orig if isinstance(error, DBAPIError) else error)
        for word, (what, remedy) in _REASONS.items():
            if word in message:
                raise LeakscanError(f"{path}: {what}", remedy) from None
        raise LeakscanError(f"{path}: damaged ({message})", "restore a copy of it") from None

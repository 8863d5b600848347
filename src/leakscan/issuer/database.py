"""The SQLite file: opened, its version checked, and every failure one clear line."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError, IntegrityError

from leakscan.errors import LeakscanError
from leakscan.issuer.tables import VERSION, metadata
from leakscan.storage import READING, StrangeRowError, let_readers_be, sqlite_engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

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
        self._engine = sqlite_engine(path)
        self._reader = self._engine.execution_options(**{READING: True})

    def prepare(self) -> None:
        """Make the tables of an empty file, and check the version of another.

        Raises:
            LeakscanError: it cannot be used, is damaged, of a newer version, or not an issuer's.
        """
        with self.writing() as connection:
            self._check_version(connection)
        with _one_line(self._path):
            let_readers_be(self._engine)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Begin a transaction that reads; it sees one state of all tables.

        Raises:
            LeakscanError: the file cannot be read.
        """
        with _one_line(self._path), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Begin a transaction that writes; only one is open at a time, and others wait.

        Raises:
            LeakscanError: the file cannot be written.
            IntegrityError: what was written breaks a constraint.
        """
        with _one_line(self._path), self._engine.begin() as connection:
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
    except StrangeRowError:
        what = f"{path}: damaged (a row holds what is never written)"
        raise LeakscanError(what, "restore a copy of it") from None

"""What the ledger and the issuer share of keeping things in a database."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, DateTime, Engine, TypeDecorator, create_engine, event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection, Dialect

PATIENCE = 30
"""Seconds to wait for another writer of an SQLite file."""

READING = "leakscan_reading"
"""The execution option of a transaction that only reads, and so stands in no writer's way."""


class StrangeRowError(Exception):
    """A row holds what leakscan never writes."""


class Moment(TypeDecorator[datetime]):
    """A time with its zone; SQLite, which knows none, keeps it in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn it to UTC."""
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give SQLite's times their zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Say in our own words that SQLite holds something else than a time."""
        read = super().result_processor(dialect, coltype)
        if read is None:
            return None

        def read_plainly(value: Any) -> Any:  # noqa: ANN401 - SQLAlchemy's signature
            try:
                return read(value)
            except (TypeError, ValueError):
                raise StrangeRowError from None

        return read_plainly


def make_private(path: Path) -> None:
    """Make an empty file for its owner only, unless it is there; SQLite gives its others that mode.

    Raises:
        OSError: it cannot be made, or not be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def sqlite_engine(path: Path) -> Engine:
    """Return an engine for an SQLite file, for many threads and processes at once.

    A transaction takes the lock for writing when it begins, since one that asks for it later can
    fail at any statement; unless it has the execution option `READING`.
    """
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": PATIENCE},
        hide_parameters=True,  # an error may be shown, and they are somebody's
        pool_size=8,
        max_overflow=-1,  # as many as there are threads
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def let_readers_be(engine: Engine) -> None:
    """Let no reader of an SQLite file wait for a writer, nor the other way round; it lasts.

    Done only when the file is known to be ours, since others would find it changed.

    Raises:
        sqlite3.Error: it cannot be done.
    """
    from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

    # SQLite waits for others in all but this: where many open a new file, it fails at once.
    attempts = Retrying(
        retry=retry_if_exception(lambda error: "locked" in str(error)),
        wait=wait_random(0.01, 0.1),
        stop=stop_after_delay(PATIENCE),
        reraise=True,
    )
    with engine.connect() as connection:
        attempts(connection.connection.cursor().execute, "PRAGMA journal_mode=WAL")


def write_back(engine: Engine) -> None:
    """Empty the write-ahead log of an SQLite file, in which what was overwritten may still stand.

    As far as nobody else is reading it now; a later write does the rest.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection, contextlib.suppress(sqlite3.OperationalError):
            connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where SQLAlchemy says: `_begin`
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    is_reading = connection.get_execution_options().get(READING)
    connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")

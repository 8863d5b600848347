"""Bring a ledger's tables to the state that this version works with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, inspect, select, text

from leakscan.errors import LeakscanError
from leakscan.ledger import hour_tables, push_tables  # noqa: F401 - so that `metadata` has all
from leakscan.ledger.engine import Ledger, no_ledger, open_engine, telling
from leakscan.ledger.tables import metadata
from leakscan.storage import let_readers_be

if TYPE_CHECKING:
    from sqlalchemy import Connection

HEAD = "0002"
"""The last migration; a test compares it with the folder."""

_LOCK = 0x6C65616B
"""PostgreSQL's advisory lock that one migration at a time holds: "leak" in ASCII."""


def open_ledger(url: str | None = None, *, make: bool = True) -> Ledger:
    """Open a ledger.

    An SQLite file of an older version is brought up to date; a PostgreSQL database, which other
    machines use too, only by `upgrade`.

    Args:
        url: as in `engine.open_engine`.
        make: whether to make it if it is not there.

    Raises:
        UsageError: ``url`` is wrong, or there is no ledger.
        LeakscanError: the database fails, or is of another version.
    """
    ledger = open_engine(url, make=make)
    try:
        with ledger.reading() as connection:
            version = _version(connection)
            shared = connection.dialect.name != "sqlite"
        if version is not None and version > HEAD:
            raise _newer(ledger, version)
        if version is not None and version < HEAD and shared:
            raise LeakscanError(
                f"the ledger {ledger.name} is of an older version ({version})",
                "run `leakscan ledger upgrade`",
            )
        if version is None and not make:
            raise no_ledger(ledger.name)
        if version != HEAD:
            upgrade(ledger)
    except BaseException:
        ledger.close()
        raise
    return ledger


def upgrade(ledger: Ledger) -> None:
    """Run the migrations that are missing, all in one transaction; others wait.

    Raises:
        LeakscanError: the database fails, or it holds tables of something else.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    with ledger.writing() as connection:
        if connection.dialect.name != "sqlite":
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        version = _version(connection)
        if version is not None and version > HEAD:
            raise _newer(ledger, version)
        if version == HEAD:
            return  # another process was faster
        if version is None and _is_foreign(connection):
            raise LeakscanError(
                f"{ledger.name} holds tables of another program", "name another with ledger.url"
            )
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise LeakscanError(
                f"the ledger {ledger.name} is of a version ({version}) that never was",
                "restore it from a backup",
            ) from None

    if ledger.engine.dialect.name == "sqlite":
        with telling(ledger.name):
            let_readers_be(ledger.engine)


def _newer(ledger: Ledger, version: str) -> LeakscanError:
    return LeakscanError(
        f"the ledger {ledger.name} was made by a newer leakscan ({version})",
        "install that version",
    )


def _is_foreign(connection: Connection) -> bool:
    """Tell whether there are tables that are not ours; a PostgreSQL database may be shared."""
    known = set(inspect(connection).get_table_names())
    return bool(known if connection.dialect.name == "sqlite" else known & set(metadata.tables))


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if version is None else str(version)

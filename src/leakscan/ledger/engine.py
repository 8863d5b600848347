"""Open the ledger's database, and speak plainly when it fails."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from leakscan.errors import LeakscanError, UsageError
from leakscan.storage import READING, StrangeRowError, make_private, sqlite_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

URL_VARIABLE = "LEAKSCAN_LEDGER_URL"


@dataclass(frozen=True, slots=True)
class Ledger:
    """An open ledger whose tables are those of this version.

    Attributes:
        name: path or address, without a password, for people.
    """

    engine: Engine
    name: str

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in one transaction, that is kept only if nothing fails.

        Raises:
            LeakscanError: the database failed.
        """
        with telling(self.name), self.engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the ledger and stands in no writer's way.

        Raises:
            LeakscanError: the database failed.
        """
        with telling(self.name), self.engine.connect() as connection:
            options = {READING: True}
            if connection.dialect.name != "sqlite":  # which sees one state anyway
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection.execution_options(**options)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def open_engine(url: str | None = None, *, make: bool = True) -> Ledger:
    """Connect to a ledger, without looking at its tables.

    Args:
        url: a path, ``sqlite:///PATH`` or ``postgresql://...``; by default a file in the user's
            state folder.  The variable ``LEAKSCAN_LEDGER_URL`` goes before it.
        make: whether to make an SQLite file that is not there.

    Raises:
        UsageError: it is no such URL, or there is no such file.
        LeakscanError: the folder of an SQLite file cannot be made, or a driver is missing.
    """
    parsed = _parse(os.environ.get(URL_VARIABLE) or url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(Path(parsed.database or ""), make=make)
    try:
        engine = create_engine(parsed, hide_parameters=True, pool_pre_ping=True)
    except (ImportError, NoSuchModuleError):
        raise LeakscanError(
            "the driver for PostgreSQL is not installed", "pip install 'psycopg[binary]'"
        ) from None
    shown = parsed.set(drivername=parsed.get_backend_name(), query={})
    return Ledger(engine, shown.render_as_string(hide_password=True))


def now(connection: Connection) -> datetime:
    """Return the time: that of the server, so that a fleet has one clock, or this machine's."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    moment = connection.scalar(select(func.clock_timestamp()))
    assert isinstance(moment, datetime)  # noqa: S101 - what PostgreSQL's function is declared to give
    return moment.astimezone(UTC)


@contextlib.contextmanager
def telling(name: str) -> Iterator[None]:
    """Turn what a database raises into one clear line.

    Raises:
        LeakscanError: in the place of the database's error.
    """
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        # Only what the driver says: SQLAlchemy would add the statement.
        cause = error.orig if isinstance(error, DBAPIError) else error
        said = " ".join(str(cause or error).split()) or type(cause).__name__
        raise LeakscanError(f"the ledger {name} failed ({said})", _way_out(said)) from None
    except StrangeRowError:
        what = f"the ledger {name} holds what leakscan never writes"
        raise LeakscanError(what, "restore it from a backup") from None
    except SQLAlchemyError as error:
        what = f"the ledger {name} failed ({type(error).__name__})"
        raise LeakscanError(what, "try again") from None
    except BaseException as stop:
        if not isinstance(stop, Exception):
            # A cursor that a signal interrupted keeps SQLite's transaction open, and whoever cleans
            # up while the signal is on its way would wait for it in vain.
            traceback.clear_frames(stop.__traceback__)
        raise


def _parse(text: str | None) -> URL:
    if text is None:
        from platformdirs import user_state_path

        text = str(user_state_path("leakscan") / "ledger.sqlite3")
    if "://" not in text and not text.startswith("sqlite:"):
        return URL.create("sqlite", database=str(Path(text).expanduser()))
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise UsageError("the ledger's URL cannot be read", _URL_FORM) from None
    if url.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername == "sqlite" and url.database and url.database != ":memory:":
        return url
    raise UsageError(f"a ledger cannot be kept in {url.drivername}", _URL_FORM)


_URL_FORM = "use a path, or postgresql://USER:PASSWORD@HOST/DATABASE"


def no_ledger(name: str) -> UsageError:
    """Make the error of a ledger that nobody has written to yet."""
    remedy = "check ledger.url; `leakscan watch` and `leakscan scan --record` make one"
    return UsageError(f"there is no ledger {name}", remedy)


def _open_sqlite(path: Path, *, make: bool) -> Ledger:
    try:
        if not make and not path.exists():
            raise no_ledger(str(path))
        make_private(path)
    except OSError as error:
        raise LeakscanError(
            f"cannot open the ledger {path} ({error.strerror})", "choose another ledger.url"
        ) from None
    return Ledger(sqlite_engine(path), str(path))


def _way_out(said: str) -> str:
    if "locked" in said or "deadlock" in said:
        return "another process holds it; try again"
    if "full" in said or "No space" in said:
        return "make room and try again"
    if "malformed" in said or "not a database" in said:
        return "restore it from a backup, or name another with ledger.url"
    return "check ledger.url and that the database can be written"

"""SQLite databases: their tables, row by row.

A long value is split over several pages, so the bytes of a database do not show it.  SQLite
itself reads the file, which a stranger may have made: nothing that the file says is run, it is
read from memory or from a copy, and the steps that reading takes are counted
(https://sqlite.org/security.html).
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from leakscan.containers.container import CHUNK, Member, MemberError, pieces
from leakscan.git.texts import readable
from leakscan.model import Unread

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from leakscan.containers.container import Budget, Buffer, Format

IN_MEMORY = 64 << 20
"""Bytes of a database that is read from memory; a larger one is copied to a file for that time."""

LONGEST_VALUE = 256 << 20
"""Bytes of a value that is read."""

FIRST_STEPS = 5_000_000
"""Steps of SQLite's virtual machine that any database may take: a tenth of a second's work."""

STEPS_A_BYTE = 16
"""Steps more for each byte of a database; a row of two short columns takes one."""

_STEPS = 10_000
"""Steps after which SQLite asks whether to go on."""

_HEAD = re.compile(
    rb"SQLite format 3\0(?:\x02\0|[\x04\x08\x10\x20\x40\x80]\0|\0\x01)[\x01\x02]{2}.\x40\x20\x20",
    re.DOTALL,
)

_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")


def looks_like(data: Buffer) -> bool:
    """Whether it has the header of a database that is not encrypted."""
    return len(data) >= 512 and _HEAD.match(data) is not None


class Sqlite:
    """A database of SQLite 3 (https://sqlite.org/fileformat2.html)."""

    name = "SQLite database"
    hides = True

    def members(self, data: Buffer, budget: Budget) -> Iterator[Member | Unread]:
        """Yield each table, and each value in it that is a container itself.

        In a table's text a row has one line: values are parted by tabs, their line breaks are
        spaces, and numbers are left out.

        Args:
            data: the file.
            budget: told of each member and of each piece.

        Raises:
            SpentError: the budget does not allow more.
        """
        import sqlite3

        with ExitStack() as stack:
            try:
                connection = _opened(data, stack)
                stack.callback(connection.close)
                _confine(connection, FIRST_STEPS + STEPS_A_BYTE * len(data))
                tables = list(_tables(connection))
            except (sqlite3.Error, OSError, MemoryError, ValueError) as error:
                yield Unread("", _why(error))
                return
            for name, sql in tables:
                yield from _Table(connection, name, budget).members(sql)


class _Table:
    def __init__(self, connection: sqlite3.Connection, name: bytes, budget: Budget) -> None:
        self._connection = connection
        self._name = name
        self._budget = budget
        self._has_containers = False

    def members(self, sql: bytes) -> Iterator[Member | Unread]:
        """Yield the table's text, then its values that are containers."""
        import sqlite3

        shown = readable(self._name)
        self._budget.enter()
        if sql[:12].upper() != b"CREATE TABLE":
            yield Unread(shown, "it is no plain table")
            return
        try:
            columns = self._columns()
        except (sqlite3.Error, ValueError) as error:
            yield Unread(shown, _why(error))
            return
        if not columns:
            return
        yield Member(shown, self._text(columns))
        if self._has_containers:
            yield from self._containers(columns, shown)

    def _columns(self) -> list[bytes]:
        """Return the columns that are stored; others would be computed as the file says.

        Raises:
            sqlite3.Error: the table is damaged.
        """
        about = self._connection.execute(f"PRAGMA main.table_xinfo({_quoted(self._name)})")
        return [name for _, name, _, _, _, _, hidden in about if hidden in (0, 3)]

    def _rows(self, columns: list[bytes]) -> Iterator[tuple[object, ...]]:
        """Yield the rows.

        Raises:
            MemberError: the rest cannot be read.
        """
        import sqlite3

        try:
            listed = ", ".join(map(_quoted, columns))
            query = f"SELECT {listed} FROM main.{_quoted(self._name)}"  # noqa: S608 - quoted names
            yield from self._connection.execute(query)
        except (sqlite3.Error, ValueError, OverflowError, MemoryError) as error:
            raise MemberError(_why(error)) from None

    def _text(self, columns: list[bytes]) -> Iterator[bytes]:
        recognise = _recogniser()
        lines: list[bytes] = []
        size = 0
        fault = None
        try:
            for row in self._rows(columns):
                values = [value for value in row if isinstance(value, bytes)]
                if not self._has_containers:
                    self._has_containers = any(_may_hide(recognise, value) for value in values)
                line = b"\t".join(values).translate(_ONE_LINE)
                lines.append(line)
                size += len(line) + 1
                if size >= CHUNK:
                    yield from pieces(b"\n".join(lines) + b"\n", self._budget)
                    lines, size = [], 0
        except MemberError as error:
            fault = error
        yield from pieces(b"\n".join(lines), self._budget)
        if fault:
            raise fault

    def _containers(self, columns: list[bytes], shown: str) -> Iterator[Member | Unread]:
        recognise = _recogniser()
        with suppress(MemberError):  # said when the table was read
            for number, row in enumerate(self._rows(columns), 1):
                for column, value in zip(columns, row, strict=False):
                    if isinstance(value, bytes) and _may_hide(recognise, value):
                        self._budget.enter()
                        name = f"{shown}, row {number}, {readable(column)}"
                        yield Member(name, pieces(value, self._budget))


def _opened(data: Buffer, stack: ExitStack) -> sqlite3.Connection:
    """Open a private copy.

    Raises:
        sqlite3.Error: it is no database.
        OSError: it cannot be copied.
    """
    import sqlite3

    # A database in WAL mode wants files beside it, which are not here, unless it says otherwise.
    head = data[:18] + b"\1\1" + data[20:100]
    if len(data) <= IN_MEMORY and hasattr(sqlite3.Connection, "deserialize"):
        connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        connection.deserialize(head + data[100:])
        return connection
    import tempfile
    from pathlib import Path

    descriptor, name = tempfile.mkstemp(prefix="leakscan-", suffix=".sqlite3")
    path = Path(name)
    stack.callback(path.unlink, missing_ok=True)
    with os.fdopen(descriptor, "wb") as file:
        file.write(head)
        file.writelines(data[at : at + CHUNK] for at in range(len(head), len(data), CHUNK))
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=ro&immutable=1",
        uri=True,
        check_same_thread=False,
        isolation_level=None,
    )
    with suppress(PermissionError):  # on Windows, until it is closed
        path.unlink()  # now: who is killed leaves nothing behind
    return connection


def _confine(connection: sqlite3.Connection, steps: int) -> None:
    """Let a connection do nothing but read, and that only for so many steps."""
    import sqlite3

    left = steps

    def is_enough() -> bool:
        nonlocal left
        left -= _STEPS
        return left < 0

    connection.set_progress_handler(is_enough, _STEPS)
    connection.text_factory = bytes
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    if sys.version_info >= (3, 12):
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
    for setting in (
        "trusted_schema=OFF",
        "cell_size_check=ON",
        "mmap_size=0",
        "query_only=ON",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {setting}")


def _tables(connection: sqlite3.Connection) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and definition of each table that is stored: no views, no virtual ones."""
    query = "SELECT name, sql FROM main.sqlite_master WHERE type = 'table' AND rootpage > 0"
    for name, sql in connection.execute(query):
        if isinstance(name, bytes):
            yield name, sql if isinstance(sql, bytes) else b""


def _quoted(name: bytes) -> str:
    """Quote a name for SQL.

    Raises:
        ValueError: it is not UTF-8, as names are.
    """
    return '"' + name.decode().replace('"', '""') + '"'


def _recogniser() -> Callable[[bytes], Format | None]:
    from leakscan.containers import recognise

    return recognise


def _may_hide(recognise: Callable[[bytes], Format | None], value: bytes) -> bool:
    found = recognise(value)
    return found is not None and found.hides


def _why(error: Exception) -> str:
    import sqlite3

    if isinstance(error, sqlite3.OperationalError) and str(error) == "interrupted":
        return "reading it takes too long"
    if isinstance(error, sqlite3.Error):
        return f"it is corrupt: {str(error)[:200]}"
    return f"it cannot be read: {str(error)[:200]}"

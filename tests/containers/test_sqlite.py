"""Tables are read row by row, and nothing that a database says is run."""
# ruff: noqa: S608 - the statements are the tests' own

from __future__ import annotations

import gzip
import random
import sqlite3
import string
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakscan.containers import sqlite as module
from leakscan.containers.container import Budget, Member, MemberError, SpentError
from leakscan.containers.sqlite import Sqlite, looks_like
from leakscan.model import Unread

if TYPE_CHECKING:
    from pathlib import Path

_RANDOM = random.Random(7)  # noqa: S311 - no secrets
TOKEN = "r8_" + "".join(_RANDOM.choice(string.ascii_letters) for _ in range(37))


def _made(folder: Path, *statements: str, setting: str = "page_size=512") -> bytes:
    path = folder / "made.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA {setting}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        if setting == "journal_mode=wal":
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.read_bytes()


def _read(data: bytes, budget: Budget | None = None) -> tuple[dict[str, bytes], list[Unread]]:
    """Read all; what breaks off is kept as far as it goes, and told as unread."""
    found: dict[str, bytes] = {}
    unread: list[Unread] = []
    for member in Sqlite().members(data, budget or Budget()):
        if isinstance(member, Unread):
            unread.append(member)
            continue
        pieces: list[bytes] = []
        try:
            pieces.extend(member.chunks)
        except MemberError as error:
            unread.append(Unread(member.name, str(error)))
        found[member.name] = b"".join(pieces)
    return found, unread


def test_a_value_that_is_split_over_pages(tmp_path):
    after = 508 - 20  # the last of the pages that a value goes on in is always full
    data = _made(
        tmp_path,
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT, more BLOB)",
        "INSERT INTO notes (text) VALUES ('first')",
        f"INSERT INTO notes (text) VALUES ('{'x' * 900}{TOKEN}{'x' * after}')",
        "INSERT INTO notes (text, more) VALUES ('a\nb', x'00ff')",
    )
    assert TOKEN.encode() not in data  # or the test would show nothing
    assert looks_like(data)
    found, unread = _read(data)
    lines = found["notes"].split(b"\n")
    assert lines[0] == b"first"
    assert TOKEN.encode() in lines[1]
    assert lines[2] == b"a b\t\x00\xff"
    assert not unread


@pytest.mark.parametrize(
    "setting", ["journal_mode=wal", "encoding='UTF-16le'", "auto_vacuum=FULL", "page_size=65536"]
)
def test_other_kinds_of_files(tmp_path, setting):
    data = _made(
        tmp_path, "CREATE TABLE t (x)", f"INSERT INTO t VALUES ('{TOKEN}')", setting=setting
    )
    assert looks_like(data)
    assert _read(data) == ({"t": TOKEN.encode()}, [])
    assert [path.name for path in tmp_path.iterdir()] == ["made.db"]


def test_odd_names_and_tables_without_rowid(tmp_path):
    data = _made(
        tmp_path,
        'CREATE TABLE "a ""b"" \'; drop" ("c ""d" TEXT)',
        'INSERT INTO "a ""b"" \'; drop" VALUES (\'one\')',
        "CREATE TABLE w (k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID",
        "INSERT INTO w VALUES ('k', 'two')",
        "CREATE TABLE empty (x)",
    )
    found, unread = _read(data)
    assert found == {'a "b" \'; drop': b"one", "w": b"k\ttwo", "empty": b""}
    assert not unread


def test_views_virtual_tables_and_computed_columns_are_not_run(tmp_path):
    data = _made(
        tmp_path,
        "CREATE TABLE t (x TEXT, y TEXT AS (upper(x)), z TEXT AS (lower(x)) STORED)",
        "INSERT INTO t (x) VALUES ('Plain')",
        "CREATE VIEW v AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) "
        "SELECT n FROM c",
        "CREATE VIRTUAL TABLE f USING fts5(words)",
        f"INSERT INTO f VALUES ('{'w ' * 300}{TOKEN}')",
    )
    found, unread = _read(data)
    assert found["t"] == b"Plain\tplain"
    assert "v" not in found
    assert "f" not in found
    assert TOKEN.encode() in found["f_content"]
    assert not unread


def test_a_view_that_is_called_a_table_is_not_run(tmp_path):
    data = _made(
        tmp_path,
        "CREATE TABLE t (x)",
        "CREATE VIEW v AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) "
        "SELECT n FROM c",
        "PRAGMA writable_schema=ON",
        "INSERT INTO sqlite_master VALUES ('table', 'v', 'v', 2, 'CREATE TABLE u (n)')",
    )
    found, unread = _read(data)
    assert not found
    assert "malformed database schema" in unread[0].why


def test_steps_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FIRST_STEPS", 0)
    monkeypatch.setattr(module, "STEPS_A_BYTE", 0)
    rows = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 9000)"
    data = _made(tmp_path, "CREATE TABLE t (x)", f"INSERT INTO t {rows} SELECT 'words' FROM c")
    found, unread = _read(data)
    assert unread == [Unread("t", "reading it takes too long")]
    assert found["t"].startswith(b"words\nwords")


def test_values_that_are_containers_are_members(tmp_path):
    inner = gzip.compress(TOKEN.encode())
    data = _made(
        tmp_path,
        "CREATE TABLE t (x TEXT, packed BLOB)",
        "INSERT INTO t VALUES ('no', NULL)",
        f"INSERT INTO t VALUES ('yes', x'{inner.hex()}')",
    )
    assert _read(data)[0]["t, row 2, packed"] == inner


def test_large_ones_are_read_from_a_private_copy(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "IN_MEMORY", 0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    data = _made(
        tmp_path,
        "CREATE TABLE t (x)",
        f"INSERT INTO t VALUES ('{TOKEN}')",
        setting="journal_mode=wal",
    )
    assert _read(data) == ({"t": TOKEN.encode()}, [])
    members = Sqlite().members(data, Budget())
    next(members)
    # Nobody who is killed now leaves it behind.
    assert not list((tmp_path / "temporary").iterdir())


def test_what_is_encrypted_or_something_else_is_no_database(tmp_path):
    data = _made(tmp_path, "CREATE TABLE t (x)")
    assert not looks_like(b"SQLite format 3\0")
    assert not looks_like(b"SQLite format 3\0" + bytes(1000))
    assert not looks_like(bytes(range(256)) * 4)
    assert not looks_like(data[:16] + b"\x03" + data[17:])


def test_damage_is_told_and_the_rest_read(tmp_path):
    data = bytearray(
        _made(
            tmp_path,
            "CREATE TABLE a (x)",
            "CREATE TABLE b (x)",
            f"INSERT INTO a VALUES ('{'y' * 100}')",
            f"INSERT INTO b VALUES ('{TOKEN}')",
        )
    )
    data[512:540] = b"\xff" * 28
    found, unread = _read(bytes(data))
    assert found["b"] == TOKEN.encode()
    assert [part.within for part in unread] == ["a"]
    assert "corrupt" in unread[0].why


def test_names_that_are_no_text(tmp_path):
    data = _made(
        tmp_path,
        "CREATE TABLE a (column_x)",
        "INSERT INTO a VALUES ('one')",
        "CREATE TABLE table_y (x)",
        "CREATE TABLE c (x)",
        "INSERT INTO c VALUES ('three')",
    )
    data = data.replace(b"column_x", b"column_\xff").replace(b"table_y", b"table_\xff")
    found, unread = _read(data)
    assert found["c"] == b"three"
    assert [part.within for part in unread] == ["a", "table_\\xff"]


def test_long_values_come_in_pieces_within_the_budget(tmp_path):
    data = _made(tmp_path, "CREATE TABLE t (x)", "INSERT INTO t VALUES (zeroblob(3000000))")
    members = Sqlite().members(data, Budget())
    member = next(members)
    assert isinstance(member, Member)
    sizes = [len(piece) for piece in member.chunks]
    assert sum(sizes) == 3_000_001  # a line break ends a row
    assert max(sizes) <= 1 << 20
    assert not list(members)
    with pytest.raises(SpentError):
        _read(data, Budget(1_000_000))
    with pytest.raises(SpentError):
        _read(data, Budget(members=0))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return _made(
        tmp_path_factory.mktemp("sound"),
        "CREATE TABLE t (x TEXT, y BLOB)",
        "CREATE INDEX i ON t (x)",
        "CREATE TABLE w (k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID",
        *(f"INSERT INTO t VALUES ('{'z' * n * 9}{TOKEN}', x'00')" for n in range(60)),
        "INSERT INTO w VALUES ('k', 'v')",
    )


def test_cut_anywhere(sound):
    for length in range(0, len(sound), 97):
        _read(sound[:length])


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(min_size=1, max_size=6)), max_size=6))
def test_damaged_ones_raise_nothing(sound, flips):
    data = bytearray(sound)
    for at, junk in flips:
        place = 16 + at % (len(data) - 16)
        data[place : place + len(junk)] = junk
    _read(bytes(data[: len(sound)]))

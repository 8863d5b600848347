"""The tables: the same on both databases, documented, and never silently of another version."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from leakscan.errors import LeakscanError, UsageError
from leakscan.ledger import migrations, schema
from leakscan.ledger.engine import open_engine
from leakscan.ledger.entries import find_entry
from leakscan.ledger.schema import open_ledger
from leakscan.ledger.tables import metadata
from ledgers import Desk

DOCUMENT = Path(__file__).parents[2] / "docs" / "ledger.md"


def test_migrations_make_the_tables_that_the_code_works_with(desk: Desk) -> None:
    with desk.ledger.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_last_migration_is_the_one_that_is_asked_for() -> None:
    folder = Path(migrations.__file__).parent / "versions"
    assert max(path.name[:4] for path in folder.glob("[0-9]*.py")) == schema.HEAD


def test_postgresql_shows_every_comment(desk: Desk) -> None:
    if desk.ledger.engine.dialect.name == "sqlite":
        pytest.skip("SQLite keeps no comments")
    with desk.ledger.reading() as connection:
        seen = inspect(connection)
        for name, table in metadata.tables.items():
            assert seen.get_table_comment(name)["text"] == table.comment
            comments = {column["name"]: column["comment"] for column in seen.get_columns(name)}
            assert comments == {column.name: column.comment for column in table.columns}


def test_every_table_and_column_is_documented_as_in_the_code() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    for name, table in metadata.tables.items():
        assert table.comment
        section = re.search(rf"^### {name}\n(.*?)(?=^##|\Z)", document, re.MULTILINE | re.DOTALL)
        assert section, f"no section on {name}"
        assert table.comment in section[1]
        documented = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|$", section[1], re.MULTILINE))
        assert documented == {column.name: column.comment for column in table.columns}


def test_a_ledger_that_is_opened_again_is_the_same(url: str, tmp_path: Path) -> None:
    with Desk.open(url, tmp_path / "key") as first:
        first.record_some(3)
    with Desk.open(url, tmp_path / "key") as second:
        assert second.count("findings") == 3


def test_many_that_open_a_new_ledger_at_once_make_it_once(url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        ledgers = list(pool.map(open_ledger, [url] * 8))
    with ledgers[0].reading() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).all() == [
            (schema.HEAD,)
        ]
    for ledger in ledgers:
        ledger.close()


def _set_version(url: str, version: str) -> None:
    ledger = open_ledger(url)
    with ledger.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
    ledger.close()


def test_a_ledger_of_a_newer_version_is_left_alone(url: str) -> None:
    _set_version(url, "9999")
    with pytest.raises(LeakscanError, match="newer leakscan"):
        open_ledger(url)


def test_a_shared_database_is_upgraded_only_when_told(url: str) -> None:
    if url.startswith("sqlite"):
        pytest.skip("a file is upgraded when it is opened")
    _set_version(url, "0000")
    with pytest.raises(LeakscanError, match="leakscan ledger upgrade"):
        open_ledger(url)


def test_tables_of_something_else_are_left_alone(url: str) -> None:
    engine = open_engine(url)
    with engine.writing() as connection:
        connection.execute(text("CREATE TABLE findings (mine integer)"))
    engine.close()
    with pytest.raises(LeakscanError, match="another program"):
        open_ledger(url)


def test_the_file_and_its_log_are_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "state" / "ledger.sqlite3"
    with Desk.open(str(path), tmp_path / "key") as desk:
        desk.record_some(1)
        files = list(path.parent.iterdir())
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
        assert len(files) > 1  # the write-ahead log is among them
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://root@localhost/x", "cannot be kept in mysql"),
        ("postgresql://[::1", "cannot be read"),
        ("sqlite://", "cannot be kept in sqlite"),
        ("sqlite:///:memory:", "cannot be kept in sqlite"),
        ("sqlite:ledger", "cannot be read"),
    ],
)
def test_a_url_that_is_none_is_refused(url: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        open_engine(url)


def test_a_password_in_the_url_is_never_shown() -> None:
    ledger = open_engine("postgresql://me:hunter2secret@127.0.0.1:1/x")
    assert "hunter2secret" not in repr(ledger)
    with pytest.raises(LeakscanError) as caught, ledger.reading() as connection:
        connection.execute(text("SELECT 1"))
    assert "hunter2secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.write_bytes(b"something else entirely" * 100)
    with pytest.raises(LeakscanError, match="not a database"):
        open_ledger(str(path))
    assert path.read_bytes().startswith(b"something else")


def test_a_folder_is_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(LeakscanError, match="cannot open the ledger"):
        open_ledger(str(tmp_path))


def test_reading_makes_no_ledger(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no ledger"):
        open_ledger(url, make=False)
    assert list(tmp_path.iterdir()) == []


def test_one_reading_sees_one_state(desk: Desk) -> None:
    with desk.ledger.reading() as connection:
        query = text("SELECT count(*) FROM findings")
        before = connection.scalar(query)
        desk.record_some(3)
        assert connection.scalar(query) == before == 0


def test_an_upgrade_leaves_a_newer_ledger_alone(url: str) -> None:
    _set_version(url, "9999")
    ledger = open_engine(url)
    with pytest.raises(LeakscanError, match="newer leakscan"):
        schema.upgrade(ledger)
    ledger.close()


def test_a_version_that_never_was_is_one_clear_line(url: str) -> None:
    _set_version(url, "0000")
    ledger = open_engine(url)
    with pytest.raises(LeakscanError, match="never was"):
        schema.upgrade(ledger)
    ledger.close()


@pytest.mark.parametrize(
    "change",
    ["UPDATE findings SET state = 'lost'", "UPDATE findings SET verified = 'perhaps'"],
)
def test_what_leakscan_never_writes_is_one_clear_line(desk: Desk, change: str) -> None:
    desk.record_some(1)
    with desk.ledger.writing() as connection:
        connection.execute(text(change))
    with pytest.raises(LeakscanError, match="never writes"):
        find_entry(desk.ledger, "1")


@pytest.mark.parametrize("moment", ["soon", "2026-99-99 00:00:00.000000", 7, b"\x00\xff"])
def test_a_time_that_is_none_is_one_clear_line(moment: object, tmp_path: Path) -> None:
    """SQLite keeps anything in any column."""
    with Desk.open(str(tmp_path / "ledger.sqlite3"), tmp_path / "ledger.key") as desk:
        desk.record_some(1)
        with desk.ledger.writing() as connection:
            change = text("UPDATE findings SET last_seen_at = :moment")
            connection.execute(change, {"moment": moment})
        with pytest.raises(LeakscanError, match="never writes"):
            find_entry(desk.ledger, "1")


def test_a_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite3"
    engine = open_engine(str(path))
    with engine.writing() as connection:
        connection.execute(text("CREATE TABLE accounts (mine integer)"))
    engine.close()
    before = path.read_bytes()
    with pytest.raises(LeakscanError, match="another program"):
        open_ledger(str(path))
    assert path.read_bytes() == before

"""A ledger of the version before is brought up to date with all that is in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, text

from leakscan.errors import LeakscanError
from leakscan.ledger import migrations, schema
from leakscan.ledger.engine import open_engine
from leakscan.ledger.push_queue import PushQueue
from leakscan.ledger.schema import open_ledger, upgrade
from ledgers import Desk
from pushes import HOST, some_pushes

if TYPE_CHECKING:
    from sqlalchemy import Connection

FIRST = "0001"
MOMENT = "2026-01-02 03:04:05.000000"


def make_first(url: str) -> None:
    """Make a ledger of the first version, with a run and a finding in it."""
    ledger = open_engine(url)
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    with ledger.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, FIRST)
        fill(connection)
    ledger.close()


def fill(connection: Connection) -> None:
    connection.execute(
        text(
            "INSERT INTO runs (id, target, state, started_at, version)"
            " VALUES (100, 'https://github.com/acme/app', 'complete', :moment, '0.1')"
        ),
        {"moment": MOMENT},
    )
    connection.execute(
        text(
            "INSERT INTO findings (fingerprint, rule, redacted, confidence, checksum, exposure,"
            " state, first_seen_at, last_seen_at, first_run_id) VALUES ('ab', 'x', 'r8_...',"
            " 'high', 'unknown', 'public-repository', 'open', :moment, :moment, 100)"
        ),
        {"moment": MOMENT},
    )


def test_what_was_in_it_stays_and_pushes_can_be_queued(url: str, tmp_path: Path) -> None:
    make_first(url)
    if not url.startswith("sqlite"):
        with pytest.raises(LeakscanError, match="leakscan ledger upgrade"):
            open_ledger(url)
        engine = open_engine(url)
        upgrade(engine)
        engine.close()
    with Desk.open(url, tmp_path / "key") as desk:
        (finding,) = desk.rows("findings")
        assert (finding.fingerprint, finding.first_run_id) == ("ab", 100)
        (run,) = desk.rows("runs")
        assert run.target == "https://github.com/acme/app"
        desk.record_some(2)
        assert desk.count("findings") == 3
        queue = PushQueue(desk.ledger, HOST)
        assert queue.add(some_pushes(3)) == 3
        assert len(queue.claim(9).claims) == 3
        with desk.ledger.reading() as connection:
            version = connection.scalar(text("SELECT version_num FROM alembic_version"))
    assert version == schema.HEAD


def test_an_upgrade_that_fails_leaves_it_as_it_was(tmp_path: Path) -> None:
    """All migrations are one transaction."""
    url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    make_first(url)
    engine = open_engine(url)
    with engine.writing() as connection:  # a table of that name is in the way of the last
        connection.execute(text("CREATE TABLE poll_hours (mine integer)"))
    with pytest.raises(LeakscanError):
        open_ledger(url)
    with engine.reading() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == FIRST
        assert "pushes" not in inspect(connection).get_table_names()
    engine.close()

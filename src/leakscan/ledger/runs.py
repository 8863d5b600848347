"""Note when a scan begins, and what it has read when it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from leakscan import __version__
from leakscan.errors import UsageError
from leakscan.ledger.engine import now
from leakscan.ledger.tables import gaps, insert_into, marks, runs
from leakscan.ledger.words import RunState

if TYPE_CHECKING:
    from leakscan.ledger.engine import Ledger
    from leakscan.model import Coverage


_CHECK = "fingerprint-check"


def has_findings_key(ledger: Ledger) -> bool:
    """Tell whether a fingerprint key was used with the ledger before.

    Raises:
        LeakscanError: the database failed.
    """
    with ledger.reading() as connection:
        query = select(marks.c.value).where(marks.c.name == _CHECK)
        return connection.scalar(query) is not None


def start_run(ledger: Ledger, target: str, scope: str | None, fingerprint_check: str) -> int:
    """Note that a scan begins.

    Args:
        ledger: where to note it.
        target: what is scanned, without credentials.
        scope: what part of it, in words.
        fingerprint_check: a text that only the same fingerprint key gives.

    Returns:
        The number of the run.

    Raises:
        UsageError: the ledger's fingerprints were made with another key.
        LeakscanError: the database failed.
    """
    with ledger.writing() as connection:
        mark = {"name": _CHECK, "value": fingerprint_check}
        connection.execute(insert_into(connection, marks).on_conflict_do_nothing(), [mark])
        query = select(marks.c.value).where(marks.c.name == _CHECK)
        if connection.scalar(query) != fingerprint_check:
            raise UsageError(
                f"the ledger {ledger.name} was made with another fingerprint key",
                "use that key: with this one, every old finding would seem new",
            )
        row = {
            "target": target,
            "scope": scope,
            "state": RunState.RUNNING.value,
            "started_at": now(connection),
            "version": __version__,
        }
        return int(connection.execute(insert(runs).returning(runs.c.id), row).scalar_one())


def finish_run(ledger: Ledger, run: int, coverage: Coverage, recorded: int) -> None:
    """Note what a scan read and what it did not.

    Raises:
        LeakscanError: the database failed.
    """
    with ledger.writing() as connection:
        skipped = [{"run_id": run, "what": skip.what, "why": skip.why} for skip in coverage.skipped]
        if skipped:
            connection.execute(insert(gaps), skipped)
        connection.execute(
            update(runs).where(runs.c.id == run),
            {
                "state": (RunState.COMPLETE if coverage.complete else RunState.INCOMPLETE).value,
                "ended_at": now(connection),
                "objects": coverage.objects,
                "bytes": coverage.bytes,
                "seconds": coverage.seconds,
                "findings": recorded,
            },
        )

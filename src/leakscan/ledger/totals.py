"""Count what is in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from leakscan.ledger.tables import findings, runs, sightings
from leakscan.ledger.words import FindingState

if TYPE_CHECKING:
    from leakscan.ledger.engine import Ledger


def totals(ledger: Ledger) -> dict[str, int]:
    """Count runs, findings, those still open, places, and secrets that are kept.

    Raises:
        LeakscanError: the database failed.
    """
    queries = {
        "runs": select(func.count()).select_from(runs),
        "findings": select(func.count()).select_from(findings),
        "open": select(func.count()).where(findings.c.state == FindingState.OPEN),
        "places": select(func.count()).select_from(sightings),
        "secrets": select(func.count()).where(findings.c.sealed_secret.is_not(None)),
    }
    with ledger.reading() as connection:
        return {what: connection.execute(query).scalar_one() for what, query in queries.items()}

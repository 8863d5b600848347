"""Count what is in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from leakscan.ledger.standing import is_open, needs_attention
from leakscan.ledger.tables import findings, runs, sightings

if TYPE_CHECKING:
    from leakscan.ledger.engine import Ledger


def totals(ledger: Ledger) -> dict[str, int]:
    """Count runs, findings, places, and secrets that are kept.

    Of the findings also those that no person has resolved, and those for which something was
    given up.

    Raises:
        LeakscanError: the database failed.
    """
    queries = {
        "runs": select(func.count()).select_from(runs),
        "findings": select(func.count()).select_from(findings),
        "unresolved": select(func.count()).select_from(findings).where(is_open()),
        "need attention": select(func.count())
        .select_from(findings)
        .where(is_open(), needs_attention()),
        "places": select(func.count()).select_from(sightings),
        "secrets": select(func.count()).where(findings.c.sealed_secret.is_not(None)),
    }
    with ledger.reading() as connection:
        return {what: connection.execute(query).scalar_one() for what, query in queries.items()}

"""Change the key under which secrets are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select, update

from leakscan.ledger.seal import SealError
from leakscan.ledger.tables import findings

if TYPE_CHECKING:
    from leakscan.ledger.engine import Ledger
    from leakscan.ledger.seal import Vault

_PAGE = 500


def reseal(ledger: Ledger, vault: Vault) -> tuple[int, int]:
    """Encrypt every secret with the vault's first key.

    Returns:
        How many were encrypted anew, and how many no key at hand opens.

    Raises:
        LeakscanError: the database failed; what was done is kept.
    """
    done = lost = last = 0
    columns = (findings.c.id, findings.c.sealed_secret, findings.c.sealed_by)
    while True:
        with ledger.writing() as connection:
            query = select(*columns).where(
                findings.c.id > last,
                findings.c.sealed_secret.is_not(None),
                findings.c.sealed_by != vault.seals_with,
            )
            page = connection.execute(
                query.order_by(findings.c.id).limit(_PAGE).with_for_update()
            ).all()
            if not page:
                return done, lost
            fresh = []
            for number, sealed, sealed_by in page:
                try:
                    sealed_anew = vault.reseal(sealed, sealed_by)
                except SealError:
                    lost += 1
                else:
                    fresh.append(
                        {
                            "at": number,
                            "sealed_secret": sealed_anew,
                            "sealed_by": vault.seals_with,
                        }
                    )
            if fresh:
                row = findings.c.id == bindparam("at")
                connection.execute(update(findings).where(row), fresh)
            done, last = done + len(fresh), page[-1].id


def used_keys(ledger: Ledger) -> set[str]:
    """Return the ids of the keys that some secret is sealed with.

    Raises:
        LeakscanError: the database failed.
    """
    query = select(findings.c.sealed_by).where(findings.c.sealed_by.is_not(None)).distinct()
    with ledger.reading() as connection:
        return set(connection.scalars(query))

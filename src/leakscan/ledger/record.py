"""Write down what a scan found, and what is owed for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, or_, select, update

from leakscan.ledger.duties import needing_secret, new_action, stalled_notices
from leakscan.ledger.engine import now
from leakscan.ledger.settle import release_held, settle
from leakscan.ledger.sightings import Seen, drop_provisional, record_sightings
from leakscan.ledger.tables import actions, findings, insert_into
from leakscan.ledger.words import ActionKind, ActionState, FindingState
from leakscan.model import PUBLIC, Confidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from leakscan.ledger.duties import Duties
    from leakscan.ledger.engine import Ledger
    from leakscan.ledger.seal import Vault
    from leakscan.model import Finding

BATCH = 500
"""Places that one transaction records: a few milliseconds, in which others wait."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a recording did.

    Attributes:
        ids: the ledger's numbers of the findings.
        new: how many of them it had not known.
        resolved: how many of them a person had closed, so that nothing is done about them.
    """

    ids: tuple[int, ...]
    new: int
    resolved: int


@dataclass(frozen=True, slots=True)
class Recorder:
    """Writes one scan down.

    Attributes:
        run: the scan's number in the ledger.
    """

    ledger: Ledger
    vault: Vault
    duties: Duties
    run: int

    def record(self, found: Iterable[Finding], exposure: str) -> Recorded:
        """Record findings with their places; what the ledger has already is only seen again.

        Each batch is one transaction: a place is never there without its finding, nor a finding
        without what it owes.  Memory: one batch, and a number for each finding.

        Args:
            found: every text but the secret redacted; one finding may come in many parts.
            exposure: `model.PUBLIC`, or another sign of compromise in words.

        Raises:
            LeakscanError: the database failed; batches before are recorded.
        """
        ids: set[int] = set()
        new: set[int] = set()
        resolved: set[int] = set()
        for batch in _batches(found):
            with self.ledger.writing() as connection:
                rows = self._record(connection, batch, exposure)
            ids |= {row.id for row in rows}
            new |= {row.id for row in rows if row.first_run_id == self.run}
            resolved |= {row.id for row in rows if row.state == FindingState.RESOLVED}
        numbers = tuple(sorted(ids))
        for start in range(0, len(numbers), BATCH):
            with self.ledger.writing() as connection:
                drop_provisional(connection, numbers[start : start + BATCH])
        return Recorded(numbers, len(new), len(resolved))

    def _record(
        self, connection: Connection, batch: dict[str, list[Finding]], exposure: str
    ) -> list[Any]:
        moment = now(connection)
        known = self._findings(connection, batch, exposure, moment)
        parts = [part for _, some in sorted(batch.items()) for part in some]
        numbers = {fingerprint: row.id for fingerprint, row in known.items()}
        record_sightings(connection, parts, numbers, Seen(self.run, moment, exposure))
        owing = [
            fingerprint for fingerprint, row in known.items() if row.state == FindingState.OPEN
        ]
        owed = [
            new_action(known[fingerprint].id, duty, moment, self.duties.hold)
            for fingerprint in owing
            for duty in self.duties.of(
                batch[fingerprint][0].rule.id, Confidence(known[fingerprint].confidence)
            )
        ]
        if owed:
            owe = insert_into(connection, actions).on_conflict_do_nothing()
            connection.execute(owe.returning(actions.c.id), owed)
        self._seal(connection, {known[name].id: batch[name][0] for name in owing}, moment)
        ids = [known[name].id for name in owing]
        if not self.duties.hold:
            release_held(connection, ids, moment, self.duties)
        # What is owed only since the configuration changed may follow from what is done already.
        late = connection.scalars(stalled_notices(ids)).all()
        settle(connection, late, moment, self.duties)
        return list(known.values())

    def _findings(
        self,
        connection: Connection,
        batch: dict[str, list[Finding]],
        exposure: str,
        moment: datetime,
    ) -> dict[str, Any]:
        # What is there is locked in one order for all, as those do who conclude.
        there = select(findings.c.id).where(findings.c.fingerprint.in_(batch))
        connection.execute(there.order_by(findings.c.id).with_for_update())
        upsert = insert_into(connection, findings)
        given = upsert.excluded
        surer = _rank(given.confidence) >= _rank(findings.c.confidence)
        upsert = upsert.on_conflict_do_update(
            index_elements=[findings.c.fingerprint],
            set_={
                "last_seen_at": given.last_seen_at,
                "confidence": case((surer, given.confidence), else_=findings.c.confidence),
                "checksum": case((surer, given.checksum), else_=findings.c.checksum),
                "issued": case((given.issued.is_(None), findings.c.issued), else_=given.issued),
                "exposure": case((given.exposure == PUBLIC, PUBLIC), else_=findings.c.exposure),
            },
        )
        # What is new is inserted in one order for all.
        rows = [
            {
                "fingerprint": fingerprint,
                "rule": best.rule.id,
                "redacted": best.secret.redacted(),
                "confidence": best.confidence.value,
                "checksum": best.checksum.value,
                "issued": best.issued,
                "exposure": exposure,
                "state": FindingState.OPEN.value,
                "first_seen_at": moment,
                "last_seen_at": moment,
                "first_run_id": self.run,
            }
            for fingerprint, parts in sorted(batch.items())
            for best in [max(parts, key=lambda part: part.confidence.rank)]
        ]
        names = ("id", "fingerprint", "state", "first_run_id", "confidence")
        columns = [findings.c[name] for name in names]
        answer = connection.execute(upsert.returning(*columns), rows)
        return {row.fingerprint: row for row in answer}

    def _seal(self, connection: Connection, found: Mapping[int, Finding], moment: datetime) -> None:
        """Keep the secrets that an action still needs and that are not at hand."""
        lacking = or_(
            findings.c.sealed_secret.is_(None), findings.c.sealed_by != self.vault.seals_with
        )
        needing = connection.scalars(needing_secret(found, self.duties)).all()
        query = select(findings.c.id).where(findings.c.id.in_(needing), lacking)
        sealed = [
            {
                "at": finding,
                "sealed_secret": self.vault.seal(found[finding].secret),
                "sealed_by": self.vault.seals_with,
                "wiped_at": None,
            }
            for finding in connection.scalars(query)
        ]
        if sealed:
            row = findings.c.id == bindparam("at")
            connection.execute(update(findings).where(row), sealed)
            waiting = (
                actions.c.finding_id.in_([row["at"] for row in sealed]),
                actions.c.kind.in_((ActionKind.DISABLE, ActionKind.VERIFY)),
                actions.c.state == ActionState.WAITING,
            )
            due = {"state": ActionState.DUE, "due_at": moment}
            connection.execute(update(actions).where(*waiting).values(due))


def _rank(confidence: ColumnElement[str]) -> ColumnElement[int]:
    """Return how sure the database has a confidence to be, as a number to compare."""
    return case({level.value: level.rank for level in Confidence}, value=confidence, else_=0)


def _batches(found: Iterable[Finding]) -> Iterator[dict[str, list[Finding]]]:
    """Group what comes by fingerprint, about `BATCH` places at a time."""
    batch: dict[str, list[Finding]] = {}
    places = 0
    for part in (part for finding in found for part in _parts(finding)):
        batch.setdefault(part.fingerprint, []).append(part)
        places += max(1, len(part.locations))
        if places >= BATCH:
            yield batch
            batch, places = {}, 0
    if batch:
        yield batch


def _parts(finding: Finding) -> Iterator[Finding]:
    """Cut a finding that has many places."""
    for start in range(0, max(1, len(finding.locations)), BATCH):
        yield replace(finding, locations=finding.locations[start : start + BATCH])

"""A ledger to work on in tests."""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from leakscan.fingerprint import fingerprint
from leakscan.ledger.duties import Duties
from leakscan.ledger.engine import Ledger, now
from leakscan.ledger.outcomes import Outcomes, Patience
from leakscan.ledger.queue import Queue
from leakscan.ledger.record import Recorded, Recorder
from leakscan.ledger.runs import start_run
from leakscan.ledger.schema import open_ledger
from leakscan.ledger.seal import Vault, open_vault
from leakscan.ledger.tables import actions, findings, metadata
from leakscan.ledger.words import ActionKind
from leakscan.model import (
    PUBLIC,
    ChecksumVerdict,
    Confidence,
    Finding,
    Kind,
    Location,
    Rule,
    Secret,
)
from leakscan.rules import load_rules, select_rules
from leakscan.sample import mint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from leakscan.ledger.words import Claim

KEY = bytes(range(32))
(REPLICATE,) = select_rules(load_rules(), ["replicate-api-token"])
ONE_HOOK = Duties({"issuer": frozenset({REPLICATE.id})}, notify=True)


def a_place(number: int = 0, **changes: Any) -> Location:
    """Make a place; another number is another line."""
    place = Location(
        kind=Kind.BLOB,
        repository="https://github.com/acme/app",
        object="ab" * 20,
        commit="cd" * 20,
        path="settings.toml",
        line=number + 1,
        column=9,
    )
    return replace(place, **changes)


def a_finding(
    secret: Secret,
    *places: Location,
    rule: Rule = REPLICATE,
    confidence: Confidence = Confidence.HIGH,
) -> Finding:
    """Make a finding of one secret."""
    return Finding(
        rule=rule,
        secret=secret,
        fingerprint=fingerprint(KEY, rule.id, secret),
        confidence=confidence,
        checksum=ChecksumVerdict.UNKNOWN,
        issued=None,
        reasons=("well formed",),
        locations=places or (a_place(),),
    )


@dataclass(frozen=True)
class Desk:
    """An open ledger, its vault, and ways to look at it and to let time pass."""

    ledger: Ledger
    vault: Vault
    seed: int = 0

    @classmethod
    @contextmanager
    def open(cls, url: str, key_file: Path) -> Iterator[Desk]:
        """Open a ledger, made if it is not there."""
        desk = cls(open_ledger(url), open_vault(key_file))
        try:
            yield desk
        finally:
            desk.ledger.close()

    @property
    def queue(self) -> Queue:
        """Its actions."""
        return Queue(self.ledger)

    def outcomes(self, *alert_on: str, attempts: int = 8, quiet: float = 600) -> Outcomes:
        """Return what ends attempts."""
        duties = Duties(quiet=timedelta(seconds=quiet), alert_on=frozenset(alert_on))
        return Outcomes(self.ledger, duties, Patience(attempts))

    def secrets(self, count: int) -> list[Secret]:
        """Make tokens, always the same."""
        rng = random.Random(self.seed)  # noqa: S311 - the same every time, on purpose
        return [mint(rng) for _ in range(count)]

    def record(
        self, *found: Finding, duties: Duties = ONE_HOOK, exposure: str = PUBLIC
    ) -> Recorded:
        """Record findings in a run of their own."""
        run = start_run(self.ledger, "https://github.com/acme/app", None, "check")
        return Recorder(self.ledger, self.vault, duties, run).record(found, exposure)

    def record_some(self, count: int, duties: Duties = ONE_HOOK) -> Sequence[int]:
        """Record findings of different secrets; return their numbers."""
        return self.record(*map(a_finding, self.secrets(count)), duties=duties).ids

    def claim(self, kind: ActionKind = ActionKind.DISABLE, name: str | None = None) -> Claim:
        """Claim the next action of a kind."""
        (taken,) = self.queue.claim([(kind, name)], 1)
        return taken

    def rows(self, table: str, columns: str = "*") -> list[Any]:
        """Return the rows of a table in the order of their numbers."""
        from_table = metadata.tables[table]
        names = from_table.c.keys() if columns == "*" else columns.split(", ")
        query = select(*(from_table.c[name] for name in names)).order_by(from_table.c.id)
        with self.ledger.reading() as connection:
            return list(connection.execute(query))

    def count(self, table: str) -> int:
        """Count the rows of a table."""
        with self.ledger.reading() as connection:
            return len(connection.execute(select(metadata.tables[table])).all())

    def states(self, kind: ActionKind) -> list[str]:
        """Return the states of all actions of a kind."""
        query = select(actions.c.state).where(actions.c.kind == kind).order_by(actions.c.id)
        with self.ledger.reading() as connection:
            return list(connection.scalars(query))

    def action(self, kind: ActionKind) -> Any:
        """Return the one action of a kind."""
        query = select(actions).where(actions.c.kind == kind)
        with self.ledger.reading() as connection:
            return connection.execute(query).one()

    def finding(self) -> Any:
        """Return the one finding."""
        with self.ledger.reading() as connection:
            return connection.execute(select(findings)).one()

    def pass_time(self, passed: timedelta) -> None:
        """Let time pass: everything that is dated moves into the past, or ahead if negative."""
        with self.ledger.writing() as connection:
            for number, due_at, lease in connection.execute(
                select(actions.c.id, actions.c.due_at, actions.c.lease_until)
            ).all():
                connection.execute(
                    update(actions)
                    .where(actions.c.id == number)
                    .values(due_at=due_at - passed, lease_until=lease and lease - passed)
                )

    def now(self) -> Any:
        """Return the ledger's time."""
        with self.ledger.reading() as connection:
            return now(connection)

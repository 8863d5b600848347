"""What came of recording a scan, and how people are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from leakscan.cli import SignalExit
from leakscan.cli.events import event_line, is_well, summary_line
from leakscan.errors import LeakscanError
from leakscan.model import Confidence
from leakscan.report.presentable import presentable_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from leakscan.ledger.record import Recorded
    from leakscan.ledger.words import Entry
    from leakscan.respond.event import Event


class StoppedError(LeakscanError):
    """A signal came while leaks were answered.

    Args:
        stop: what the signal raised.
    """

    def __init__(self, stop: BaseException) -> None:
        super().__init__("interrupted before all was done")
        self.exit_status = stop.status if isinstance(stop, SignalExit) else 130


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What came of recording a scan.

    Attributes:
        unhandled: ids of rules with findings that are to be disabled, and no hook is for.
        undecided: findings that are too unsure to be disabled unless a person says so.  Whether
            they are tokens at all is not known, so they do not count as alive.
        alive: how many of the findings have tokens that are not known to be dead.
        is_settled: whether every token that was found is known to be disabled.
        next_due: when something is to be done next.
        error: what stopped it before its end.
    """

    recorded: Recorded | None
    events: tuple[Event, ...]
    unhandled: frozenset[str]
    undecided: tuple[Entry, ...]
    alive: int
    is_settled: bool
    next_due: datetime | None
    error: LeakscanError | None

    @property
    def status(self) -> int:
        """0 if all is written down and nothing has to be tried again, else the exit status."""
        if self.error:
            return self.error.exit_status
        return 0 if is_well(self.events) and not self.alive else 3

    def show(self) -> None:
        """Tell people on standard error, beside the report."""
        for event in self.events:
            click.echo(event_line(event), err=True)
        if self.recorded:
            line = f"{len(self.recorded.ids)} recorded, {self.recorded.new} of them new"
            if self.events or not self.error:
                line += f" · {summary_line(self.events, self.next_due)}"
            click.echo(f"leakscan: {line}", err=True)
            for remark in self._remarks(self.recorded):
                click.echo(f"leakscan: {remark}", err=True)
        if self.error:
            todo = "run `leakscan respond`"
            if not self.recorded:
                todo = f"scan again with --record; {todo} for what was recorded until now"
            click.echo(f"leakscan: {presentable_line(str(self.error))}; {todo}", err=True)

    def _remarks(self, recorded: Recorded) -> Iterator[str]:
        if recorded.resolved:
            yield (
                f"nothing is done about {recorded.resolved} of them, which a person has resolved:"
                " see `leakscan findings reopen`"
            )
        if self.alive:
            yield f"{self.alive} not known to be dead: see `leakscan findings list`"
        if self.next_due:
            yield "what is due later is done by `leakscan respond`: run it every minute"
        if self.undecided:
            yield undecided_line(self.undecided)
        for rule in sorted(self.unhandled):
            yield (
                f"no disable hook is configured for {rule}, so that nothing was disabled: see"
                " docs/hooks.md, or `leakscan issuer init`"
            )


def undecided_line(entries: Sequence[Entry]) -> str:
    """Say that findings were recorded and not disabled, and where to go on from there."""
    present = {entry.confidence for entry in entries}
    levels = " or ".join(level.value for level in Confidence if level.value in present)
    where = f"show {entries[0].id}" if len(entries) == 1 else "list --undecided"
    return (
        f"{len(entries):,} of {levels} confidence recorded, not disabled:"
        f" see `leakscan findings {where}`"
    )

"""``leakscan scan --record``: write a scan down and respond to what it found."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from leakscan.cli import SignalExit
from leakscan.cli.events import event_line, is_well, summary_line
from leakscan.cli.ledger_access import Response, opened_response
from leakscan.errors import LeakscanError
from leakscan.fingerprint import fingerprint, load_key
from leakscan.git.public import anybody_can_read
from leakscan.git.urls import without_credentials
from leakscan.ledger.queue import Queue
from leakscan.ledger.record import Recorder
from leakscan.ledger.runs import finish_run, has_findings_key, start_run
from leakscan.model import PUBLIC, Secret
from leakscan.report.presentable import presentable, presentable_line
from leakscan.respond.head_start import HeadStart
from leakscan.respond.responder import respond
from leakscan.scan import collect
from leakscan.sources.sighting import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from leakscan.config import Config
    from leakscan.ledger.record import Recorded
    from leakscan.model import Confidence, ScanResult
    from leakscan.respond.event import Event
    from leakscan.sources.sighting import Sighting

EXAMINED = "a scan for leaked tokens found it in plain text"
"""The exposure of what is scanned on this machine, unless the user knows more."""

HOLD = timedelta(minutes=10)
"""How long owners are told nothing of what is disabled while the scan goes on: by its end it is
known where their tokens stand."""


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
        unhandled: ids of rules with findings that no hook is for.
        alive: how many of the findings have tokens that are not known to be dead.
        next_due: when something is to be done next.
        error: what stopped it before its end.
    """

    recorded: Recorded | None
    events: tuple[Event, ...]
    unhandled: frozenset[str]
    alive: int
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
            known = f"{len(self.recorded.ids)} recorded, {self.recorded.new} of them new"
            summary = summary_line(self.events, self.next_due)
            click.echo(f"leakscan: {known} · {summary}", err=True)
            for remark in self._remarks(self.recorded):
                click.echo(f"leakscan: {remark}", err=True)
        if self.error:
            todo = "run `leakscan respond`" if self.recorded else "scan again with --record"
            click.echo(f"leakscan: {presentable_line(str(self.error))}; then {todo}", err=True)

    def _remarks(self, recorded: Recorded) -> Iterator[str]:
        if recorded.resolved:
            yield (
                f"nothing is done about {recorded.resolved} of them, which a person has resolved:"
                " see `leakscan findings reopen`"
            )
        if self.alive:
            yield f"{self.alive} not known to be dead: see `leakscan findings list`"
        for rule in sorted(self.unhandled):
            yield (
                f"no disable hook is configured for {rule}, so that nothing was disabled: see"
                " docs/hooks.md, or `leakscan issuer init`"
            )


@dataclass(frozen=True, slots=True)
class Recording:
    """One scan that is being recorded.

    Attributes:
        target: what is scanned, as the user named it.
        run: its number in the ledger.
        exposure: how its tokens got out; ``None`` to find out whether the target is public.
        key: of fingerprints.
        least: the lowest confidence to record.
    """

    response: Response
    target: str
    run: int
    exposure: str | None
    key: bytes
    least: Confidence
    _head_start: HeadStart = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_head_start", HeadStart(self._answer_early))

    def tell(self, sighting: Sighting) -> None:
        """Tell of what the scan has just found, so that it is not answered only at its end."""
        if sighting.match.confidence.rank >= self.least.rank:
            self._head_start.tell(sighting)

    def finish(self, result: ScanResult) -> Aftermath:
        """Record the result and respond to it.

        Neither a failure nor a signal goes further than this, since the report must follow.
        """
        gc.enable()  # it may be long, and makes cycles
        ledger, hooks = self.response.ledger, self.response.settings.hooks
        recorded, next_due, error = None, None, None
        alive = 0
        events: list[Event] = []
        try:
            events.extend(self._head_start.finish(is_over=True))
            shown = presentable(result, show_secrets=False)
            recorded = self._record(shown)
            finish_run(ledger, self.run, shown.coverage, len(recorded.ids))
            events.extend(self._respond(recorded))
            queue = Queue(ledger)
            alive, next_due = queue.unfinished(recorded.ids), queue.next_due()
        except LeakscanError as failure:
            error = failure
        except (KeyboardInterrupt, SignalExit) as stop:
            error = StoppedError(stop)
        handled = {rule for named in hooks.values() for rule in named.rules}
        unhandled = frozenset({finding.rule.id for finding in result.findings} - handled)
        return Aftermath(recorded, _latest(events), unhandled, alive, next_due, error)

    def abandon(self) -> None:
        """Have what was found answered although the scan came to no end, and say so."""
        for event in self._head_start.finish(is_over=False):
            click.echo(event_line(event), err=True)

    def _answer_early(self, sightings: Sequence[Sighting]) -> list[Event]:
        """Have what a scan has found so far disabled; runs beside the scan."""
        rules = tuple(self.response.rules.values())
        found = collect(
            self.target, sightings, Tally(), rules, key=lambda: self.key, least=self.least
        )
        recorded = self._record(presentable(found, show_secrets=False), HOLD)
        return list(self._respond(recorded, HOLD))

    def _record(self, result: ScanResult, hold: timedelta = timedelta(0)) -> Recorded:
        """Record findings whose texts hold no secret; word to their owners is held back so long."""
        response = self.response
        is_public = bool(result.findings) and anybody_can_read(self.target)
        exposure = self.exposure or (PUBLIC if is_public else EXAMINED)
        duties = replace(response.settings.duties, hold=hold)
        recorder = Recorder(response.ledger, response.vault, duties, self.run)
        return recorder.record(result.findings, exposure)

    def _respond(self, recorded: Recorded, hold: timedelta | None = None) -> Iterator[Event]:
        every = self.response
        return respond(
            every.ledger, every.vault, every.settings, every.rules, recorded.ids, hold=hold
        )


@contextmanager
def recording(
    config: Config, target: str, scope: str | None, exposure: str | None, least: Confidence
) -> Iterator[Recording]:
    """Open the ledger and note that a scan begins.

    Args:
        config: the operator's configuration.
        target: what is scanned.
        scope: what part of it, in words.
        exposure: `model.PUBLIC`, or another sign of compromise in words; ``None`` to find out
            whether the target is public.
        least: the lowest confidence to record.

    Raises:
        UsageError: the configuration is wrong, or the fingerprint key is not the ledger's.
        LeakscanError: the ledger or a key cannot be opened.
    """
    with opened_response(config) as response:
        is_new = not has_findings_key(response.ledger)
        key = load_key(config.fingerprint_key_file, make=is_new)
        check = fingerprint(key, "leakscan ledger", Secret("fingerprint key check"))
        shown = presentable_line(without_credentials(target))
        run = start_run(response.ledger, shown, scope, check)
        # A scan forks, and no connection may be used on both sides of that.
        response.ledger.close()
        known = exposure and presentable_line(exposure)
        made = Recording(response, target, run, known, key, least)
        try:
            yield made
        finally:
            made.abandon()  # which does nothing for what is finished


def _latest(events: Sequence[Event]) -> tuple[Event, ...]:
    """Leave out attempts that others followed."""
    return tuple({(e.entry.id, e.kind, e.responder): e for e in events}.values())

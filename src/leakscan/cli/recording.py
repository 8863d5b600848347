"""``leakscan scan --record``: write a scan down and respond to what it found."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

import click

from leakscan.cli import SignalExit
from leakscan.cli.aftermath import Aftermath, StoppedError
from leakscan.cli.events import event_line
from leakscan.cli.ledger_access import Response, opened_response
from leakscan.errors import LeakscanError
from leakscan.fingerprint import fingerprint, load_key
from leakscan.git.public import anybody_can_read
from leakscan.git.urls import without_credentials
from leakscan.ledger.entries import all_disabled, list_undecided
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
    from collections.abc import Callable, Iterator, Sequence

    from leakscan.config import Config
    from leakscan.ledger.record import Recorded
    from leakscan.ledger.words import Entry
    from leakscan.model import Confidence, ScanResult
    from leakscan.respond.event import Event
    from leakscan.respond.settings import ResponseSettings
    from leakscan.sources.sighting import Sighting

EXAMINED = "a scan for leaked tokens found it in plain text"
"""The exposure of what is scanned on this machine, unless the user knows more."""

HOLD = timedelta(minutes=10)
"""How long owners are told nothing of what is disabled while the scan goes on: by its end it is
known where their tokens stand."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One scan that is being recorded.

    Attributes:
        target: what is scanned, as the user named it.
        run: its number in the ledger.
        exposure: finds out how its tokens got out, which may take asking the target's server.
        key: of fingerprints.
        least: the lowest confidence to record.
    """

    response: Response
    target: str
    run: int
    exposure: Callable[[], str]
    key: bytes
    least: Confidence
    _head_start: HeadStart = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_head_start", HeadStart(self._answer_early))

    def tell(self, sighting: Sighting) -> None:
        """Tell of what the scan has just found, so that it is not answered only at its end.

        What is not to be disabled can wait for that, and takes the place of nothing that is.
        """
        wanted = max(self.least.rank, self.response.settings.disable_from.rank)
        if sighting.match.confidence.rank >= wanted:
            self._head_start.tell(sighting)

    def finish(self, result: ScanResult, done: Callable[[], None]) -> Aftermath:
        """Record the result and respond to it.

        Neither a failure nor a signal goes further than this, since the report must follow.

        Args:
            result: of the scan.
            done: called when all that can be interrupted is over.
        """
        gc.enable()  # it may be long, and makes cycles
        ledger, settings = self.response.ledger, self.response.settings
        recorded, next_due, error = None, None, None
        alive, is_settled = 0, False
        undecided: Sequence[Entry] = ()
        events: list[Event] = []
        try:
            self._head_start.finish(is_over=True)
            shown = self._presentable(result)
            recorded = self._record(shown, settings)
            finish_run(ledger, self.run, shown.coverage, len(recorded.ids))
            events.extend(self._respond(recorded, settings))
            queue = Queue(ledger)
            alive, next_due = queue.unfinished(recorded.ids), queue.next_due()
            is_settled = all_disabled(ledger, recorded.ids)
            undecided = list_undecided(ledger, recorded.ids, settings.duties)
        except LeakscanError as failure:
            error = failure
        except (KeyboardInterrupt, SignalExit) as stop:
            error = StoppedError(stop)
        finally:
            done()
        events[:0] = self._head_start.events
        handled = {rule for named in settings.hooks.values() for rule in named.rules}
        sure = {
            finding.rule.id
            for finding in result.findings
            if finding.confidence.rank >= settings.disable_from.rank
        }
        return Aftermath(
            recorded,
            _latest(events),
            unhandled=frozenset(sure - handled),
            undecided=tuple(undecided),
            alive=alive,
            is_settled=is_settled,
            next_due=next_due,
            error=error,
        )

    def abandon(self) -> None:
        """Have what was found answered although the scan came to no end, and say so."""
        try:
            self._head_start.finish(is_over=False)
        finally:
            for event in self._head_start.events:
                click.echo(event_line(event), err=True)
            if self._head_start.was_told:
                todo = "run `leakscan respond` for what was found until now, or scan again"
                click.echo(f"leakscan: {todo}", err=True)

    def _answer_early(self, sightings: Sequence[Sighting]) -> Iterator[Event]:
        """Have what a scan has found so far disabled; runs beside the scan."""
        seen = dict.fromkeys(sighting.match.rule for sighting in sightings)
        rules, key = tuple(self.response.rules[name] for name in seen), self.key
        found = collect(self.target, sightings, Tally(), rules, key=lambda: key, least=self.least)
        settings = replace(self.response.settings, hold=HOLD)
        recorded = self._record(self._presentable(found), settings)
        yield from self._respond(recorded, settings)

    def _presentable(self, result: ScanResult) -> ScanResult:
        """Redact what looks like a secret to any rule, also to those that were not scanned for."""
        rules = tuple(self.response.rules.values())
        known = replace(result, rules=rules)
        return presentable(known, show_secrets=False, encoded=result.rules)

    def _record(self, result: ScanResult, settings: ResponseSettings) -> Recorded:
        """Record findings whose texts hold no secret."""
        ledger, vault = self.response.ledger, self.response.vault
        exposure = self.exposure() if result.findings else EXAMINED
        return Recorder(ledger, vault, settings.duties, self.run).record(result.findings, exposure)

    def _respond(self, recorded: Recorded, settings: ResponseSettings) -> Iterator[Event]:
        response = self.response
        return respond(response.ledger, response.vault, settings, response.rules, recorded.ids)


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
        made = Recording(
            response, target, run, cache(partial(_exposure, target, exposure)), key, least
        )
        try:
            yield made
        except BaseException:
            made.abandon()
            raise


def _latest(events: Sequence[Event]) -> tuple[Event, ...]:
    """Leave out attempts that others followed."""
    return tuple({(e.entry.id, e.kind, e.responder): e for e in events}.values())


def _exposure(target: str, known: str | None) -> str:
    """Return how tokens in a target got out, if that is not known."""
    if known:
        return presentable_line(known)
    return PUBLIC if anybody_can_read(target) else EXAMINED

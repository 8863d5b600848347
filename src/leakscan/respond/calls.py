"""Run verifications and disable hooks, many at a time."""

from __future__ import annotations

import time
from collections import Counter, deque
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from leakscan.ledger.entries import count_sightings
from leakscan.ledger.outcomes import Disabled, Failure
from leakscan.ledger.seal import DamagedError, SealError
from leakscan.ledger.words import ActionKind, Owner, Verdict
from leakscan.respond.event import Event, Result, event_of
from leakscan.respond.failure import AttemptError, attempt_error, presentable
from leakscan.respond.hooks import DisableRequest, Hook
from leakscan.respond.places import places_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from leakscan.ledger.engine import Ledger
    from leakscan.ledger.outcomes import Outcomes, States
    from leakscan.ledger.queue import Duty, Queue
    from leakscan.ledger.seal import Vault
    from leakscan.ledger.words import Claim
    from leakscan.model import Secret
    from leakscan.respond.heartbeat import Heartbeat
    from leakscan.respond.settings import ResponseSettings

ROUND = 500
"""Actions after which owners are told what is done so far."""

DOWN_AFTER = 5
"""Failures in a row after which a server counts as down for the rest of the run."""

_MOMENT = 2.0
"""Seconds that calls have to end when the process is interrupted."""

_LAST_LEASE = timedelta(seconds=5)
"""After which another process may take up what was stopped: its outcome may come for a moment."""

MOST_PLACES = 20
"""Places that a hook is told."""

Success = Disabled | tuple[Verdict, str | None]
"""What a hook or the verifier answers."""


@dataclass(frozen=True, slots=True)
class Calls:
    """Takes due verifications and disable actions and makes the calls.

    Attributes:
        failures: by duty, how often in a row nobody answered in this run.
    """

    ledger: Ledger
    vault: Vault
    queue: Queue
    outcomes: Outcomes
    settings: ResponseSettings
    heartbeat: Heartbeat
    failures: Counter[Duty] = field(default_factory=Counter)

    def run(self, duties: Collection[Duty], only: Collection[int] | None) -> Iterator[Event]:
        """Do what is due of these duties, a `ROUND` at most; yield each end as it comes.

        Raises:
            LeakscanError: the ledger failed; what is not written down is done again.
        """
        most = self.settings.concurrency
        taken = 0
        backlog: deque[Claim] = deque()
        fresh_until = 0.0
        running: dict[Future[Success], Claim] = {}
        pool = ThreadPoolExecutor(most, thread_name_prefix="leakscan-call")
        try:
            while True:
                if not backlog and taken < ROUND:
                    usable = [duty for duty in duties if not self._is_down(duty)]
                    backlog.extend(self.queue.claim(usable, most, only))
                    self.heartbeat.hold(backlog)
                    taken += len(backlog)
                    fresh_until = time.monotonic() + self.queue.lease.total_seconds() / 3
                while backlog and len(running) < most:
                    claim = backlog[0]
                    is_fresh = time.monotonic() < fresh_until
                    call = self._prepare(claim, is_fresh=is_fresh)
                    if isinstance(call, Event):
                        backlog.popleft()
                        yield call
                        continue
                    # First taken down, then begun: a signal may come between the two.
                    future: Future[Success] = Future()
                    running[future] = claim
                    backlog.popleft()
                    pool.submit(_fulfil, future, call)
                if running:
                    for done in wait(running, return_when=FIRST_COMPLETED).done:
                        event = self._conclude(running[done], done)
                        del running[done]
                        yield event
                elif not backlog:
                    return
        except GeneratorExit:  # nobody listens any more
            list(self._leave(backlog, running))
            raise
        except BaseException:
            yield from self._leave(backlog, running)
            raise
        finally:
            pool.shutdown(wait=False)

    def _leave(
        self, backlog: Collection[Claim], running: dict[Future[Success], Claim]
    ) -> Iterator[Event]:
        """Leave in good order when interrupted: what was not begun is free for others at once.

        What is running has a moment to end; then it is stopped.  What can be stopped is left to a
        short lease, all else to its own.
        """
        begun = {future: claim for future, claim in running.items() if not future.cancel()}
        held = {claim.action: claim for claim in (*running.values(), *backlog)}
        others = [held.pop(number) for number in held.keys() - {c.action for c in begun.values()}]
        try:
            for future in wait(begun, timeout=_MOMENT).done:
                event = self._conclude(begun[future], future)
                del begun[future]
                if event.result is not Result.LOST:  # else it was concluded when the signal came
                    yield event
        finally:
            hooks = self.settings.hooks.items() if begun else ()
            stopped = {name for name, named in hooks if named.hook.stop()}
            self.heartbeat.let_go([*others, *begun.values()])
            ended = [claim for claim in begun.values() if claim.responder in stopped]
            self.queue.renew(ended, _LAST_LEASE)
            if others:
                self.queue.release(others, timedelta(0))

    def _is_down(self, duty: Duty) -> bool:
        return self.failures[duty] >= DOWN_AFTER

    def _prepare(self, claim: Claim, *, is_fresh: bool) -> Callable[[], Success] | Event:
        """Return the call to make, or the end of an attempt that cannot be made."""
        if not is_fresh and not self.queue.renew([claim]):
            return self._left(claim, Result.LOST, "taken over")
        if self._is_down((claim.kind, claim.responder)):
            why = f"not tried: {DOWN_AFTER} calls in a row had no answer"
            self.queue.release([claim], self.settings.patience.delay(1))
            return self._left(claim, Result.LEFT, why)
        if claim.attempts > self.settings.patience.attempts:
            why = f"the process that ran it ended {claim.attempts - 1} times"
            return self._event(claim, self.outcomes.give_up([claim], why), why)
        if claim.sealed is None or claim.sealed_by is None:
            why = "the secret is no longer kept: scan its place again with --record"
            if claim.kind is ActionKind.VERIFY:
                return self._event(claim, self.outcomes.drop([claim], why), why)
            return self._failed(claim, AttemptError(why, trouble=True, unsure=False))
        try:
            token = self.vault.unseal(claim.sealed, claim.sealed_by)
        except SealError as error:
            failure = Failure(
                presentable(str(error)),
                is_trouble=True,
                is_unsure=False,
                spoilt=isinstance(error, DamagedError),
            )
            return self._event(claim, self.outcomes.failed([claim], failure), failure.why)
        if claim.kind is ActionKind.VERIFY and self.settings.verifier:
            return partial(self.settings.verifier.verify, token)
        hook = self.settings.hooks[claim.responder].hook
        return partial(_ask, hook, self._request(claim, token))

    def _request(self, claim: Claim, token: Secret) -> DisableRequest:
        entry = claim.entry
        with self.ledger.reading() as connection:
            places = places_of(connection, entry.id, MOST_PLACES)
            count = count_sightings(connection, entry.id)
        return DisableRequest(
            finding=entry.fingerprint,
            rule=entry.rule,
            token=token,
            exposure=entry.exposure,
            found_at=entry.first_seen_at,
            sightings=places,
            sighting_count=count,
        )

    def _conclude(self, claim: Claim, future: Future[Success]) -> Event:
        if error := future.exception():  # of any kind: a bug in one hook must not stop the others
            return self._failed(claim, attempt_error(error))
        success = future.result()
        self.failures.pop((claim.kind, claim.responder), None)
        if isinstance(success, Disabled):
            states = self.outcomes.disabled(claim, success)
            return self._event(claim, states, success.answer.value, success.owner.email)
        return self._event(claim, self.outcomes.verified(claim, *success), success[0].value)

    def _failed(self, claim: Claim, error: AttemptError) -> Event:
        if error.down:
            self.failures[claim.kind, claim.responder] += 1
        return self._event(claim, self.outcomes.failed([claim], error.failure), error.why)

    def _event(
        self, claim: Claim, states: States, answer: str, owner_email: str | None = None
    ) -> Event:
        return self._left(claim, Result.of(states, claim), answer, owner_email)

    def _left(
        self, claim: Claim, result: Result, answer: str, owner_email: str | None = None
    ) -> Event:
        self.heartbeat.let_go([claim])
        return event_of(claim, result, answer, owner_email=owner_email)


def _fulfil(future: Future[Success], call: Callable[[], Success]) -> None:
    """Make a call, unless it was cancelled before."""
    try:
        if future.set_running_or_notify_cancel():
            future.set_result(call())
    except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it
        future.set_exception(error)
    finally:
        del future, call  # which an error would keep for as long as it refers to this frame


def _ask(hook: Hook, request: DisableRequest) -> Disabled:
    """Ask a hook; what it answers is kept and mailed, so that it may not hold the token."""
    outcome = hook.disable(request)
    owner = outcome.owner

    def clean(text: str | None) -> str | None:
        return text and presentable(text, request.token)

    known = Owner(clean(owner.name), clean(owner.email), clean(owner.locale))
    return replace(outcome, owner=known, token_name=clean(outcome.token_name))

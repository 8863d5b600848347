"""Do all that is due: verify, disable, tell the owners, tell the team."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from leakscan.ledger.duties import ACCOUNT
from leakscan.ledger.outcomes import Outcomes
from leakscan.ledger.queue import Queue
from leakscan.ledger.words import ActionKind
from leakscan.respond.calls import Calls
from leakscan.respond.heartbeat import Heartbeat
from leakscan.respond.owners import Owners
from leakscan.respond.team import Team

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from leakscan.ledger.engine import Ledger
    from leakscan.ledger.queue import Duty
    from leakscan.ledger.seal import Vault
    from leakscan.model import Rule
    from leakscan.respond.event import Event
    from leakscan.respond.settings import ResponseSettings

_CHUNK = 500


def respond(
    ledger: Ledger,
    vault: Vault,
    settings: ResponseSettings,
    rules: Mapping[str, Rule],
    only: Sequence[int] | None = None,
) -> Iterator[Event]:
    """Do what is due until nothing is; yield the end of each attempt.

    Whoever stops drawing, or is killed, loses nothing: what was not written down is done again,
    by whoever comes next.

    Args:
        ledger: where the actions are.
        vault: opens the secrets.
        settings: who does what.
        rules: by id, for the names of the families of tokens.
        only: numbers of the findings to look at; ``None`` for all.

    Raises:
        LeakscanError: the ledger failed.
    """
    queue = Queue(ledger, settings.lease)
    outcomes = Outcomes(ledger, settings.duties, settings.patience)
    with Heartbeat(queue) as heartbeat:
        calls = Calls(ledger, vault, queue, outcomes, settings, heartbeat)
        # A moment's question first: afterwards no token would work any more.
        verify: list[Duty] = [(ActionKind.VERIFY, ACCOUNT)] if settings.verifier else []
        disable: list[Duty] = [(ActionKind.DISABLE, name) for name in settings.hooks]
        steps: list[Callable[[Collection[int] | None], Iterator[Event]]] = [
            lambda some: calls.run(verify, some),
            lambda some: calls.run(disable, some),
        ]
        if settings.mail and not settings.hold:
            steps.append(Owners(ledger, queue, outcomes, settings.mail, rules, heartbeat).run)
        if settings.alerts and not settings.hold:
            steps.append(Team(ledger, queue, outcomes, settings.alerts, heartbeat).run)
        for some in _chunks(only):
            while True:
                events = chain.from_iterable(step(some) for step in steps)
                first = next(events, None)
                if first is None:
                    break
                yield first
                yield from events


def _chunks(only: Sequence[int] | None) -> list[Sequence[int] | None]:
    """Cut a list so that a statement stays small."""
    if only is None:
        return [None]
    return [only[start : start + _CHUNK] for start in range(0, len(only), _CHUNK)]

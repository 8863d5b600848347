"""Owners whose repositories are slow leave room for everybody else."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from engine_stage import Shelf

from leakscan.crawl.owners import AT_ONCE, REMEMBERED, SLOW, Owners, surplus
from leakscan.ledger.push_queue import PushClaim
from pushes import a_push

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine_stage import Watch

    from leakscan.crawl.engine import Engine
    from leakscan.crawl.looks.follow import Spent
    from leakscan.push import Push
    from leakscan.sources.sighting import Sighting, Tally

FASTER = 100
"""How much faster than ours the clock of the owners goes here."""


class Clock:
    def __init__(self) -> None:
        self.moment = 1000.0

    def __call__(self) -> float:
        return self.moment


def claim(number: int, owner: str) -> PushClaim:
    return PushClaim(number, a_push(number, repository=f"{owner}/app{number}"), "ticket", 1)


def test_an_owner_is_slow_while_a_look_lasts_and_some_time_after() -> None:
    clock = Clock()
    owners = Owners(clock)
    with owners.looking(a_push(repository="Ada/app")):
        clock.moment += SLOW
        assert not owners.slow()
        clock.moment += 1
        assert owners.slow() == {"ada"}
    clock.moment += REMEMBERED - 1
    assert owners.slow() == {"ada"}
    clock.moment += 1
    assert not owners.slow()


def test_a_quick_look_makes_nobody_slow_even_if_it_fails() -> None:
    clock = Clock()
    owners = Owners(clock)
    with pytest.raises(ValueError, match="x"), owners.looking(a_push()):
        raise ValueError("x")
    clock.moment += SLOW + 1
    assert not owners.slow()


def test_only_what_is_too_much_of_the_slow_is_put_aside() -> None:
    begun = [claim(0, "slow")]
    waiting = [claim(number, "slow" if number % 2 else "quick") for number in range(1, 9)]
    waiting.append(claim(9, "SLOW"))
    aside = surplus(waiting, begun, {"slow"}, 2)
    assert [one.id for one in aside] == [3, 5, 7, 9]
    assert not surplus(waiting, begun, set(), 2)


@dataclass
class Uneven(Shelf):
    """Takes long over the pushes of one owner.

    Attributes:
        quick: how many pushes of others are still to be read.
        first: how many looks at pushes of the slow one do not wait for those.
    """

    quick: int = 0
    first: int = 4
    at_once: list[int] = field(default_factory=list)
    slow_inside: int = 0
    quick_read: threading.Event = field(default_factory=threading.Event)
    own: threading.Lock = field(default_factory=threading.Lock)

    def read(self, push: Push, tally: Tally, spent: Spent) -> Iterator[Sighting]:
        is_slow = push.repository.startswith("slow/")
        with self.own:
            self.slow_inside += is_slow
            self.at_once.append(self.slow_inside)
            waits = is_slow and len(self.reads) >= self.first
        try:
            if is_slow:
                time.sleep(3 * SLOW / FASTER)
            if waits:
                assert self.quick_read.wait(60)
            yield from super().read(push, tally, spent)
        finally:
            with self.own:
                self.slow_inside -= is_slow
                self.quick -= not is_slow
                if not self.quick:
                    self.quick_read.set()


def an_engine(watch: Watch, most: int) -> Engine:
    engine = watch.engine(most=most)
    engine.workers.owners = Owners(lambda: time.monotonic() * FASTER)
    engine.aside = 0.3
    return engine


def test_an_owner_who_is_slow_keeps_nobody_else_waiting(watch: Watch) -> None:
    watch.queue(*(a_push(number, repository=f"quick/app{number}") for number in range(20)))
    watch.queue(*(a_push(number, repository=f"slow/app{number}") for number in range(100, 120)))
    watch.shelf = shelf = Uneven(quick=20)
    engine = an_engine(watch, 4)
    engine.run()
    assert engine.desk.figures.scanned == 40
    assert set(shelf.reads.values()) == {1}
    assert watch.attempts() == {1}
    assert max(shelf.at_once[8:]) <= AT_ONCE


def test_where_nobody_else_waits_a_slow_owner_gets_half_the_workers(watch: Watch) -> None:
    watch.queue(*(a_push(number, repository=f"slow/app{number}") for number in range(24)))
    watch.shelf = shelf = Uneven(first=1000)
    engine = an_engine(watch, 8)
    engine.run()
    assert engine.desk.figures.scanned == 24
    assert set(shelf.reads.values()) == {1}
    assert AT_ONCE < max(shelf.at_once[8:]) <= 8

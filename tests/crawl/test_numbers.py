"""What repositories are called, by their numbers: asked once, and remembered for a while."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from hub import Fault
from leakscan.crawl.github.answers import ApiMeter
from leakscan.crawl.looks import numbers as numbers_module
from leakscan.crawl.looks.numbers import REMEMBERED_FOR, Called, Numbers
from leakscan.trouble import Trouble

if TYPE_CHECKING:
    from api_stage import Stage

    from hub import HubRepository


class Asking:
    """Asks the small GitHub, by a clock that stands still."""

    def __init__(self, stage: Stage) -> None:
        self.moment = 1000.0
        self.numbers = Numbers(stage.github, lambda: self.moment)
        self.meter = ApiMeter()
        self._stage = stage

    def called(self, number: int, *, anew: bool = False) -> Called:
        return self.numbers.called(number, self.meter, anew=anew)

    @property
    def calls(self) -> int:
        assert self.meter.requests == len(self._stage.hub.requests)
        return self.meter.requests


@pytest.fixture
def asking(stage: Stage) -> Asking:
    return Asking(stage)


@pytest.mark.parametrize("how", ["there", "gone", "blocked", "refused"])
def test_an_answer_is_remembered_for_a_while(
    stage: Stage, app: HubRepository, asking: Asking, how: str
) -> None:
    if how == "gone":
        stage.hub.delete(app)
    elif how == "blocked":
        stage.hub.block(app)
    elif how == "refused":
        forbidden = {"message": "Forbidden by SAML"}
        stage.hub.fault(Fault("^/repositories/", None, 403, forbidden))
    first = asking.called(app.id)
    assert first.name == ("ada/app" if how == "there" else None)
    if how != "there":
        assert first.trouble == how
    asking.moment += REMEMBERED_FOR - 1
    assert (asking.called(app.id), asking.calls) == (first, 1)
    asking.moment += 1
    assert (asking.called(app.id), asking.calls) == (first, 2)


def test_what_failed_is_asked_again(stage: Stage, app: HubRepository, asking: Asking) -> None:
    stage.hub.fault(Fault("^/repositories/", times=1, status=502))
    assert asking.called(app.id).trouble is Trouble.BUSY
    assert (asking.called(app.id).name, asking.calls) == ("ada/app", 2)


def test_a_name_that_is_none_is_not_believed(
    stage: Stage, app: HubRepository, asking: Asking
) -> None:
    stage.hub.fault(Fault("^/repositories/", 1, 200, {"full_name": "../app"}))
    assert asking.called(app.id).trouble is Trouble.BROKEN
    assert asking.called(app.id).name == "ada/app"


def test_what_has_just_come_to_light_is_not_taken_for_gone(
    stage: Stage, app: HubRepository, asking: Asking
) -> None:
    stage.hub.make_private(app)
    assert asking.called(app.id).trouble is Trouble.GONE
    stage.hub.publish(app)
    assert asking.called(app.id).trouble is Trouble.GONE
    assert (asking.called(app.id, anew=True).name, asking.calls) == ("ada/app", 2)
    assert (asking.called(app.id).name, asking.calls) == ("ada/app", 2)


def test_what_comes_to_light_again_may_have_another_name(
    stage: Stage, app: HubRepository, asking: Asking
) -> None:
    assert asking.called(app.id).name == "ada/app"
    stage.hub.rename(app, "ada/better")
    assert asking.called(app.id, anew=True).name == "ada/better"


def test_those_are_forgotten_that_were_needed_longest_ago(
    stage: Stage, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbers_module, "MOST_REMEMBERED", 3)
    first, *others = [stage.hub.repository(f"ada/app{number}").id for number in range(4)]
    for number in (first, *others[:2], first, *others[2:]):  # the last one takes a place
        asking.called(number)
    assert asking.calls == 4
    asking.called(first)
    assert asking.calls == 4
    asking.called(others[0])
    assert asking.calls == 5


@pytest.mark.parametrize("status", [None, 502])
def test_whoever_asks_for_the_same_at_the_same_time_waits_for_one_answer(
    stage: Stage, app: HubRepository, asking: Asking, status: int | None
) -> None:
    """A failure is everybody's, too: else they would ask one after the other."""
    together = threading.Barrier(8)
    stage.hub.fault(Fault("^/repositories/", times=1, status=status, delay=3.0))

    def ask() -> Called:
        together.wait(30)
        return asking.called(app.id)

    with ThreadPoolExecutor(8) as pool:
        answers = [each.result() for each in [pool.submit(ask) for _ in range(8)]]
    assert len(set(answers)) == 1
    assert asking.calls == 1

"""Old pushes are forgotten at the end of a run, however it ends in good order."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from leakscan.cli import watch_forgetting
from leakscan.cli.watch_forgetting import Forgetting
from leakscan.ledger.push_queue import PushQueue
from leakscan.ledger.push_tables import pushes
from leakscan.ledger.schema import open_ledger
from leakscan.push import PushState
from pushes import HOST, NOON, a_push

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEEP = timedelta(days=1)


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[PushQueue]:
    """Make a queue with two pushes that wait since long."""
    ledger = open_ledger(str(tmp_path / "ledger.sqlite3"))
    queue = PushQueue(ledger, HOST)
    queue.add([a_push(1), a_push(2)])
    with ledger.writing() as connection:
        connection.execute(update(pushes).values(seen_at=NOON - timedelta(days=300)))
    yield queue
    ledger.close()


def test_once_at_the_end_and_it_is_counted(queue: PushQueue) -> None:
    said: list[str] = []
    with Forgetting(queue, KEEP, said.append) as forgetting:
        assert queue.counts(PushState.SEEN) == {PushState.SEEN: 2}
    assert forgetting.given_up == 2
    assert queue.counts(PushState.SEEN) == {PushState.SEEN: 0}
    assert said == []


def test_not_when_it_is_ended_at_once(queue: PushQueue) -> None:
    forgetting = Forgetting(queue, KEEP, pytest.fail)
    with pytest.raises(KeyboardInterrupt), forgetting:
        raise KeyboardInterrupt
    forgetting._thread.join(10)
    assert forgetting.given_up == 0
    assert queue.counts(PushState.SEEN) == {PushState.SEEN: 2}


def test_the_end_does_not_wait_for_ever(queue: PushQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger that stands still, and then fails, when nobody listens any more."""
    monkeypatch.setattr(watch_forgetting, "LAST_TIME", 0.1)
    holder = PushQueue(open_ledger(str(queue.ledger.engine.url.database)), HOST)
    is_held, is_to_end = threading.Event(), threading.Event()

    def hold() -> None:
        with holder.ledger.writing():
            is_held.set()
            is_to_end.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    is_held.wait(60)
    forgetting = Forgetting(queue, KEEP, pytest.fail)
    with forgetting:
        pass
    assert forgetting._thread.is_alive()
    is_to_end.set()
    thread.join(60)
    forgetting._thread.join(60)
    assert not forgetting._thread.is_alive()
    holder.ledger.close()


def test_what_goes_wrong_is_said(queue: PushQueue) -> None:
    said: list[str] = []
    with queue.ledger.writing() as connection:
        connection.exec_driver_sql("DROP TABLE polls")
    with Forgetting(queue, KEEP, said.append):
        pass
    (line,) = said
    assert line.startswith("old pushes could not be forgotten (")

"""Several watches share one queue: threads, processes, and processes that are killed."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from leakscan.ledger.prune import prune
from leakscan.ledger.push_queue import PushQueue
from leakscan.ledger.schema import open_ledger
from pushes import BUSY, HOST, NOON, SCANNED, pass_time, rows, some_pushes, states

TESTS = Path(__file__).parents[1]

WORKER = """
import sys
from leakscan.ledger.push_queue import PushQueue
from leakscan.ledger.schema import open_ledger
from pushes import HOST, SCANNED
queue = PushQueue(open_ledger(sys.argv[1]), HOST)
while claims := queue.claim(7).claims:
    queue.finish([(claim, SCANNED, 0) for claim in claims], None)
    for claim in claims:
        print(claim.id)
"""

HOLDER = """
import sys
from leakscan.ledger.push_queue import PushQueue
from leakscan.ledger.schema import open_ledger
from pushes import HOST
claims = PushQueue(open_ledger(sys.argv[1]), HOST).claim(5).claims
print(len(claims), flush=True)
sys.stdin.read()
"""


def start(program: str, url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=TESTS,
        env={"PYTHONPATH": str(TESTS)},
    )


@pytest.fixture
def queue(url: str):
    ledger = open_ledger(url)
    yield PushQueue(ledger, HOST)
    ledger.close()


def test_threads_share_without_overlap(queue: PushQueue) -> None:
    queue.add(some_pushes(200))
    with ThreadPoolExecutor(6) as pool:
        claimed = [
            claim.id
            for claims in pool.map(lambda _: queue.claim(10).claims, range(30))
            for claim in claims
        ]
    assert (len(claimed), len(set(claimed))) == (200, 200)


def test_processes_share_without_overlap(queue: PushQueue, url: str) -> None:
    queue.add(some_pushes(300))
    workers = [start(WORKER, url) for _ in range(3)]
    done = [line for worker in workers for line in worker.communicate(timeout=60)[0].split()]
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    assert (len(done), len(set(done))) == (300, 300)
    assert {(row.state, row.attempts) for row in rows(queue.ledger)} == {("scanned", 1)}


def test_what_a_killed_process_had_in_hand_is_done_again(queue: PushQueue, url: str) -> None:
    queue.add(some_pushes(8))
    holder = start(HOLDER, url)
    assert holder.stdout
    assert holder.stdout.readline().strip() == "5"
    holder.kill()
    holder.communicate(timeout=60)
    rest = queue.claim(99).claims
    assert len(rest) == 3
    assert len(queue.finish([(claim, SCANNED, 0) for claim in rest], None)) == 3
    assert queue.claim(99).claims == []
    pass_time(queue.ledger, timedelta(seconds=61))
    again = queue.claim(99).claims
    assert [claim.attempts for claim in again] == [2] * 5
    assert len(queue.finish([(claim, SCANNED, 0) for claim in again], None)) == 5
    assert set(states(queue.ledger)) == {"scanned"}


def work_off(queue: PushQueue, told: threading.Event, done: Counter[int]) -> None:
    """Claim, renew, give back and end, in the wrong order, until nothing is left."""
    while True:
        was_told = told.is_set()
        claims = queue.claim(16).claims
        if not claims and was_told:
            return
        if not claims:
            told.wait(0.02)  # as a watch does; SQLite lets those who never rest go first
            continue
        queue.renew(claims[::-1])
        given_back = claims[:2] if len(claims) > 2 else []
        queue.release(given_back)
        ours = [(claim, SCANNED, 0) for claim in reversed(claims) if claim not in given_back]
        assert len(queue.finish(ours, None)) == len(ours)
        done.update(claim.push.repository_id for claim, _, _ in ours)


def test_all_that_is_done_at_once_never_waits_in_a_circle(queue: PushQueue) -> None:
    done: Counter[int] = Counter()
    told = threading.Event()

    def tell() -> None:
        for end in range(50, 650, 50):
            queue.add(some_pushes(end)[max(0, end - 100) :])
        told.set()

    def look_back() -> None:
        while not told.wait(0.02):
            prune(queue.ledger, NOON - timedelta(days=1))
            queue.abandon(NOON - timedelta(days=1))
            queue.counts()

    with ThreadPoolExecutor(5) as pool:
        actions = [tell, look_back, *[lambda: work_off(queue, told, done)] * 3]
        for future in [pool.submit(action) for action in actions]:
            future.result(60)
    assert (len(done), set(done.values())) == (600, {1})
    assert set(states(queue.ledger)) == {"scanned"}


def test_failures_of_one_watch_are_tried_again_by_another(queue: PushQueue, url: str) -> None:
    queue.add(some_pushes(3))
    queue.finish([(claim, BUSY, 0) for claim in queue.claim(9).claims], None)
    pass_time(queue.ledger, timedelta(days=1))
    worker = start(WORKER, url)
    assert len(worker.communicate(timeout=60)[0].split()) == 3
    assert {(row.state, row.attempts) for row in rows(queue.ledger)} == {("scanned", 2)}

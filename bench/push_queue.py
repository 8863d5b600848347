"""Whether the queue of pushes stays as fast and as small, however many wait in it.

    python bench/push_queue.py [--ledger postgresql://...] [--pushes 100000]

Queues pushes, hands them out in batches of 32 as a watch does, and writes down what became of them
when all wait, when half of them have failed and wait to be tried again, and when few are left.
Last come the figures of coverage and pruning.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from leakscan.ledger.coverage import coverage
from leakscan.ledger.prune import prune
from leakscan.ledger.push_queue import PushQueue
from leakscan.ledger.schema import open_ledger
from leakscan.push import Look, Push, PushKind, PushState
from leakscan.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable

    from leakscan.ledger.engine import Ledger
    from leakscan.ledger.push_queue import PushClaim

TOLD_AT_ONCE = 300
"""Events of the three pages of GitHub's feed."""

AT_ONCE = 32
HOST = "github.com"
SAMPLES = 50
DAY = timedelta(days=1)
READ = Look(PushState.SCANNED, objects=20, bytes=100_000, received=20_000, git_requests=1)
BUSY = Look(PushState.FAILED, Trouble.BUSY, "HTTP 503")


def a_push(number: int, begin: datetime) -> Push:
    """Make a push of one of 50,000 repositories."""
    repository = number * 7919 % 50_000
    return Push(
        kind=PushKind.PUSH,
        host=HOST,
        repository_id=repository + 1,
        repository=f"some-owner-{repository % 9973}/some-repository-{repository}",
        ref="refs/heads/main",
        before=f"{number:040x}",
        head=f"{number + 1:040x}",
        happened_at=begin + timedelta(seconds=number // 30),
        feed="events",
    )


def timed(action: Callable[[], object]) -> float:
    """Return how many milliseconds something takes."""
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def megabytes() -> float:
    """Return the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def row(what: str, times: list[float]) -> None:
    """Print a line of the table."""
    ordered = sorted(times)
    p95 = ordered[int(len(ordered) * 0.95)]
    print(f"{what:<46} {statistics.median(times):8.2f} {p95:8.2f} {megabytes():8.0f}")


def bench_adding(queue: PushQueue, count: int) -> None:
    """Measure telling of pushes, at the start and at the end, and of telling again."""
    begin = datetime.now(UTC) - timedelta(seconds=count // 30)
    times = []
    for start in range(0, count, TOLD_AT_ONCE):
        told = [a_push(number, begin) for number in range(start, min(start + TOLD_AT_ONCE, count))]
        times.append(timed(partial(queue.add, told)))
    row(f"add {TOLD_AT_ONCE}, to few", times[:SAMPLES])
    row(f"add {TOLD_AT_ONCE}, to many", times[-SAMPLES:-1])
    row(f"add {TOLD_AT_ONCE} again", [timed(lambda: queue.add(told)) for _ in range(SAMPLES)])


def claim_into(claims: list[PushClaim], queue: PushQueue) -> None:
    """Take as many pushes as a watch does at once."""
    claims += queue.claim(AT_ONCE).claims


def bench_claiming(queue: PushQueue, when: str) -> None:
    """Measure what a watch does, as often as `SAMPLES` says."""
    claiming, renewing, finishing = [], [], []
    for _ in range(SAMPLES):
        claims: list[PushClaim] = []
        claiming.append(timed(partial(claim_into, claims, queue)))
        assert len(claims) == AT_ONCE
        renewing.append(timed(partial(queue.renew, claims)))
        ended = [(claim, READ, 0) for claim in claims]
        finishing.append(timed(partial(queue.finish, ended, None)))
    row(f"claim {AT_ONCE}, {when}", claiming)
    row(f"renew {AT_ONCE}, {when}", renewing)
    row(f"finish {AT_ONCE}, {when}", finishing)


def work_off(queue: PushQueue, until: int, look: Look) -> None:
    """Look at pushes until so many are left that were not looked at."""
    left = queue.counts(PushState.SEEN)[PushState.SEEN]
    while left > until:
        claims = queue.claim(min(500, left - until)).claims
        if not claims:
            return
        queue.finish([(claim, look, 0) for claim in claims], None)
        left -= sum(claim.attempts == 1 for claim in claims)


def bench_history(ledger: Ledger, queue: PushQueue, file: Path | None) -> None:
    """Measure looking back."""
    moment = datetime.now(UTC) + DAY
    row("count what waits", [timed(lambda: queue.counts(PushState.SEEN)) for _ in range(5)])
    row("coverage of all", [timed(lambda: coverage(ledger, moment - 9 * DAY, moment))])
    if file:
        total = sum(queue.counts().values())
        print(f"{file.stat().st_size / total:.0f} bytes a push on disk")
    row("prune all", [timed(lambda: prune(ledger, moment))])


def bench(url: str, file: Path | None, count: int) -> None:
    """Measure everything."""
    print(f"{f'{count:,} pushes':<46} {'median':>8} {'p95':>8} {'peak MB':>8}")
    print(f"{'':<46} {'ms':>8} {'ms':>8}")
    with closing(open_ledger(url)) as ledger:
        queue = PushQueue(ledger, HOST)
        bench_adding(queue, count)
        bench_claiming(queue, "all wait")
        work_off(queue, count // 2, BUSY)
        bench_claiming(queue, "half of them have failed")
        work_off(queue, AT_ONCE * SAMPLES, READ)
        bench_claiming(queue, "the last")
        bench_history(ledger, queue, file)


def main() -> None:
    """Measure on SQLite, or where it is said."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ledger", help="URL of an empty PostgreSQL database")
    parser.add_argument("--pushes", type=int, default=100_000)
    options = parser.parse_args()
    if options.ledger:
        bench(options.ledger, None, options.pushes)
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.sqlite3"
        bench(str(file), file, options.pushes)


if __name__ == "__main__":
    main()

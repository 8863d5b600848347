"""Do tasks on all processors by forking: workers share what the parent has read.

Forked workers see the parent's tables and memory maps without copying them, which no pool
of spawned processes does.  Tasks are handed out through a pipe of task numbers, so that a
worker takes the next one as soon as it is done with the last.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from leakscan.processes import forked, message, messages, write_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Task = TypeVar("Task")
Result = TypeVar("Result")

_NUMBER = struct.Struct("=I")

MAX_TASKS = (64 << 10) // _NUMBER.size
"""Task numbers that fit the smallest pipe of today's systems at once."""


def usable_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def fork_map(
    work: Callable[[Task], Result], tasks: Sequence[Task], jobs: int
) -> Iterator[tuple[int, Result | None]]:
    """Do every task once, in worker processes if there is more than one job.

    Args:
        work: called in a worker with one task; its result must pickle and its failures
            must be results too: an exception ends the worker.
        tasks: what to do; at most `MAX_TASKS`.
        jobs: number of workers.

    Yields:
        The index and the result of each task as it ends; ``None`` as the result of tasks
        lost with a worker that died.
    """
    if jobs < 2 or len(tasks) < 2 or not hasattr(os, "fork"):
        for index, task in enumerate(tasks):
            yield index, work(task)
        return
    if len(tasks) > MAX_TASKS:
        raise ValueError(f"at most {MAX_TASKS} tasks, not {len(tasks)}")
    queue, feed = os.pipe()
    os.write(feed, b"".join(_NUMBER.pack(index) for index in range(len(tasks))))
    os.close(feed)
    workers: list[_Worker] = []
    lost = set(range(len(tasks)))
    try:
        for _ in range(min(jobs, len(tasks))):
            _start(work, tasks, queue, workers)
        for index, result in _gather([worker.pipe for worker in workers]):
            lost.discard(index)
            yield index, result
    finally:
        os.close(queue)
        for worker in workers:
            worker.end()
    for index in sorted(lost):
        yield index, None


@dataclass(frozen=True, slots=True)
class _Worker:
    """A process, and the pipe that its results come through."""

    pid: int
    pipe: int

    def end(self) -> None:
        """End it, if it has not ended by itself."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.pipe)


def _start(
    work: Callable[[Task], Result], tasks: Sequence[Task], queue: int, workers: list[_Worker]
) -> None:
    """Fork a worker, and put it to the others."""
    results, out = os.pipe()

    def serve() -> None:
        os.close(results)
        # Nothing is collected that the parent made: its pages stay shared.
        gc.disable()
        while number := os.read(queue, _NUMBER.size):
            (index,) = _NUMBER.unpack(number)
            write_all(out, message((index, work(tasks[index]))))

    # Ctrl-C reaches the whole group; the parent reports it and ends the workers.
    handlers = {
        signal.SIGINT: signal.SIG_IGN,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }
    try:
        forked(serve, handlers, lambda pid: workers.append(_Worker(pid, results)))
    finally:
        os.close(out)


def _gather(pipes: Sequence[int]) -> Iterator[tuple[int, Any]]:
    """Yield the framed results that come through the pipes until all are closed."""
    import selectors

    buffers = {pipe: bytearray() for pipe in pipes}
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                data = os.read(key.fd, 1 << 20)
                if not data:
                    selector.unregister(key.fd)
                    continue
                buffer = buffers[key.fd]
                buffer += data
                yield from messages(buffer)

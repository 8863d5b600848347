"""Changes the hooks of a folder in processes that are killed, or held up, at each of their steps.

It reads one JSON, ``{"before": folder, "after": folder, "hook": h, "script": s, "action": a,
"meanwhile": b, "lacking": l}``.  For each step of the action, it copies the folder ``before`` into
``after`` under a number, and acts there.  A step is whatever changes a file: Python announces it
before it happens.  Without ``meanwhile`` the process is killed there; with it, it is held up while
another one does that.  The list l has what the file system lacks: ``os.link``, second names for
files; ``fcntl.flock``, locks, without which it is no mistake if one of two fails.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import shutil
import signal
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leakscan.git_hooks.install import install, uninstall

if TYPE_CHECKING:
    from collections.abc import Callable, Container

CHANGES = ("os.chmod", "os.link", "os.mkdir", "os.remove", "os.rename", "os.symlink")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def is_change(event: str, arguments: tuple[Any, ...]) -> bool:
    """Tell whether something is about to change a file."""
    return event in CHANGES or (event == "open" and bool(arguments[2] & WRITING))


def send_at(step: int, number: int) -> None:
    """Have this process get a signal before it takes a step."""
    steps = itertools.count(1)

    def take(event: str, arguments: tuple[Any, ...]) -> None:
        if is_change(event, arguments) and next(steps) == step:
            os.kill(os.getpid(), number)

    sys.addaudithook(take)


def refuse(lacking: Container[str], event: str, _arguments: tuple[Any, ...]) -> None:
    """Have the file system lack something."""
    if event in lacking:
        raise PermissionError


def forked(act: Callable[[], object], step: int, number: int) -> int:
    """Act in a process of its own, which gets a signal at a step; return its id."""
    child = os.fork()
    if not child:
        status = 1
        try:
            if step:
                send_at(step, number)
            act()
            status = 0
        finally:
            os._exit(status)
    return child


def tell_when_waiting(end: int) -> None:
    """Have this process write to a pipe when it is about to wait for a lock."""
    asking = False

    def ask(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal asking
        if event == "fcntl.flock" and not asking:
            asking = True
            try:
                fcntl.flock(arguments[0], fcntl.LOCK_EX | fcntl.LOCK_NB)  # it is to have it anyway
            except BlockingIOError:
                os.write(end, b"!")
            finally:
                asking = False

    sys.addaudithook(ask)


def until_it_waits(act: Callable[[], object]) -> int:
    """Act in a process of its own; return its id when that has ended, or waits for a lock."""
    told, tell = os.pipe()

    def telling() -> None:
        tell_when_waiting(tell)
        act()

    child = forked(telling, 0, 0)
    os.close(tell)
    os.read(told, 1)  # at its end, the pipe is closed
    os.close(told)
    return child


def killed(act: Callable[[], object], step: int) -> bool:
    """Act, and be killed at a step; tell whether there is such a step."""
    status = os.waitpid(forked(act, step, signal.SIGKILL), 0)[1]
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
    return bool(status)


def held_up(
    act: Callable[[], object], meanwhile: Callable[[], object], step: int, *, locked: bool
) -> bool:
    """Act, and have something else done at a step; tell whether there is such a step."""
    first = forked(act, step, signal.SIGSTOP)
    status = os.waitpid(first, os.WUNTRACED)[1]
    if not os.WIFSTOPPED(status):
        assert not status
        return False
    second = until_it_waits(meanwhile)
    os.kill(first, signal.SIGCONT)
    failed = [os.waitpid(child, 0)[1] for child in (first, second)]
    assert not (any(failed) if locked else all(failed))
    return True


def run(told: dict[str, Any]) -> None:
    """Do all that was asked for."""
    sys.addaudithook(partial(refuse, told["lacking"]))
    locked = "fcntl.flock" not in told["lacking"]
    for step in itertools.count(1):
        folder = Path(told["after"], f"{step}")
        shutil.copytree(told["before"], folder, symlinks=True)
        actions: dict[str, Callable[[], object]] = {
            "install": partial(install, folder, told["hook"], lambda _: told["script"].encode()),
            "uninstall": partial(uninstall, folder, told["hook"]),
        }
        act, other = actions[told["action"]], actions.get(told["meanwhile"])
        if not (held_up(act, other, step, locked=locked) if other else killed(act, step)):
            shutil.rmtree(folder)
            return


if __name__ == "__main__":
    run(json.load(sys.stdin))

"""A signal ends a command wherever it comes, also where Python passes over exceptions."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, sys, time, weakref
from leakscan import cli

def signalled():
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.01)

class Thing:
    def __del__(self):
        if WHERE == "destructor":
            signalled()

def remove(_reference):
    if WHERE == "callback":
        signalled()

def run():
    thing = Thing()
    kept = weakref.ref(thing, remove)
    del thing
    if WHERE == "here":
        signalled()
    time.sleep(20)

WHERE = sys.argv[1]
cli._run = run
sys.exit(cli.main())
"""


@pytest.mark.parametrize("where", ["destructor", "callback", "here"])
def test_a_signal_is_not_lost(where: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, where],
        capture_output=True,
        text=True,
        check=False,
        timeout=15,
    )
    assert done.returncode == 143
    assert done.stderr == "leakscan: interrupted before the end\n"

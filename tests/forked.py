"""Runs the command line in processes that are forked from one that has imported it all.

Importing takes most of the time of a command that does little.  Each command still has a process of
its own, with the arguments, variables, folder and streams that it is given.  That a new interpreter
can run a command too is for the tests that start one.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Self

from gitrepo import clean_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LATE = ("alembic.command", "hyperscan", "mako.template", "rich.table", "uvicorn")
"""What leakscan imports when it needs it, besides its own modules."""

_MESSAGE = 200_000
"""Bytes at most of what a command is told."""

_AHEAD = 60_000
"""Bytes that a pipe takes though nobody reads yet."""


class Commands:
    """Runs commands, one after the other.  Use it as a context manager."""

    def __enter__(self) -> Self:
        self._server, self._channel = _started()
        return self

    def __exit__(self, *_error: object) -> None:
        self._channel.close()
        self._server.wait()

    def run(
        self,
        arguments: Sequence[str],
        *,
        stdin: bytes = b"",
        env: Mapping[str, str],
        cwd: Path | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run ``leakscan`` to its end, and to that of all that holds its standard output."""
        if self._server.poll() is not None:
            self._server, self._channel = _started()
        assert len(stdin) < _AHEAD
        told = {"arguments": arguments, "env": dict(env), "cwd": str(cwd or Path.cwd())}
        given, giving = os.pipe()
        shown, showing = os.pipe()
        with tempfile.TemporaryFile() as errors, os.fdopen(shown, "rb") as stdout:
            os.write(giving, stdin)
            os.close(giving)
            streams = [given, showing, errors.fileno()]
            socket.send_fds(self._channel, [json.dumps(told).encode()], streams)
            os.close(given)
            os.close(showing)
            try:
                output = stdout.read()
                status = int(self._channel.recv(_MESSAGE))
            except BaseException:  # the test has taken too long, say
                os.killpg(self._server.pid, signal.SIGKILL)
                self.__exit__()
                raise
            errors.seek(0)
            return subprocess.CompletedProcess(arguments, status, output, errors.read())


def _started() -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start the process that forks, which ends with the channel that it is told by."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, __file__]
        env, cwd = clean_environment(), Path(__file__).parent
        server = subprocess.Popen(command, cwd=cwd, env=env, stdin=theirs, start_new_session=True)
    return server, ours


def preload() -> None:
    """Import everything that a command may need."""
    for name in _LATE:
        importlib.import_module(name)
    package = importlib.import_module("leakscan")
    for module in pkgutil.walk_packages(package.__path__, "leakscan."):
        if "migrations" not in module.name and "_vector" not in module.name:
            importlib.import_module(module.name)
    gc.disable()  # as every command does
    gc.freeze()


def serve() -> None:
    """Fork for each command, until nobody can ask for one any more."""
    preload()
    with socket.socket(fileno=0) as channel:
        while True:
            told, streams, _, _ = socket.recv_fds(channel, _MESSAGE, 3)
            if not told:
                return
            child = os.fork()
            if not child:
                become(streams, **json.loads(told))
            for stream in streams:
                os.close(stream)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            channel.send(str(status).encode())


def become(streams: list[int], arguments: list[str], env: dict[str, str], cwd: str) -> NoReturn:
    """Be the command that was asked for."""
    from leakscan.__main__ import start

    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.path[:0] = filter(None, env.get("PYTHONPATH", "").split(os.pathsep))
    sys.argv = ["leakscan", *arguments]
    start()


if __name__ == "__main__":
    serve()

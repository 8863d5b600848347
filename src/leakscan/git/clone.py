"""Bring a remote repository here, whole, within limits, and take it away again."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import tenacity

os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # git may be missing: see `cloned`
import git
from leakscan.errors import TargetError, UsageError
from leakscan.git.program import CLONING, PROTOCOLS, quiet_environment
from leakscan.git.urls import transport, without_credentials

ATTEMPTS = 3

_PASSING = (
    "could not resolve host",
    "connection reset",
    "connection timed out",
    "early eof",
    "unexpected disconnect",
    "the requested url returned error: 5",
    "the requested url returned error: 429",
)
"""What git says of faults that may be gone a moment later."""

Message = Callable[[str, int, int], None]
"""Told a stage of the clone, and how much of how much is done (0 where unknown)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a clone may cost.

    Attributes:
        bytes: on disk; 0 for no limit.
        seconds: of wall time; 0 for no limit.
    """

    bytes: int = 0
    seconds: float = 0.0


class _PassingError(TargetError):
    """A fault of the network or the server that is worth another try."""


@contextlib.contextmanager
def cloned(
    url: str, limits: Limits, message: Message, protocols: tuple[str, ...] = PROTOCOLS
) -> Iterator[Path]:
    """Clone all refs of a repository to a temporary folder, for as long as it is used.

    Args:
        url: an https, http, ssh, git or file URL, or ``user@host:path``.
        limits: what the clone may cost.
        message: told how the clone gets on.
        protocols: transports that git may use, after a redirect too.

    Raises:
        UsageError: the transport is one that leakscan does not let git use.
        TargetError: the repository cannot be had, or is over a limit.
    """
    if transport(url) not in PROTOCOLS:
        raise UsageError(
            f"will not clone over {transport(url)!r}", f"use one of {', '.join(PROTOCOLS)}"
        )
    if shutil.which("git") is None:
        raise TargetError("the git program was not found", "install git")
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(_PassingError),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=tenacity.wait_random_exponential(multiplier=1, max=8),
        reraise=True,
    )
    with tempfile.TemporaryDirectory(prefix="leakscan-clone-") as folder:
        deadline = time.monotonic() + limits.seconds if limits.seconds else None
        target = Path(folder) / "repository.git"
        for attempt in retrying:
            with attempt:
                _clone(url, target, limits, deadline, message, protocols)
        yield target


def _clone(
    url: str,
    target: Path,
    limits: Limits,
    deadline: float | None,
    message: Message,
    protocols: tuple[str, ...],
) -> None:
    """Run ``git clone --mirror`` once.

    Raises:
        TargetError: it failed.
    """
    with _no_redirection():
        process = git.Git(target.parent).execute(
            ["git", "clone", "--mirror", "--progress", "--end-of-options", url, str(target)],
            as_process=True,
            env=quiet_environment(CLONING, protocols) | {"GIT_ALLOC_LIMIT": "0"},
            universal_newlines=True,
        )
    assert not isinstance(process, (str, bytes, tuple))  # noqa: S101 - as_process=True returns a Popen
    guard = _Guard(process, target.parent, limits, deadline)
    handler = _Handler(message)
    handle_line = handler.new_message_handler()
    try:
        guard.start()
        for line in process.stderr or ():
            handle_line(line)
        process.wait()
        guard.look()
    except git.GitCommandError:
        if not guard.exceeded:
            raise _explained(url, handler) from None
    finally:
        guard.stop()
        if process.proc and process.proc.poll() is None:
            process.proc.terminate()
            process.proc.wait()
    if guard.exceeded:
        raise TargetError(f"{without_credentials(url)}: {guard.exceeded}")


class _Handler(git.RemoteProgress):
    """Passes git's progress on."""

    def __init__(self, message: Message) -> None:
        super().__init__()
        self._message = message

    def update(
        self, op_code: int, cur_count: str | float, max_count: str | float | None = None,
        message: str = "",
    ) -> None:  # fmt: skip
        """Pass on one line of progress."""
        del message
        stage = "Receiving" if op_code & self.RECEIVING else "Resolving"
        self._message(stage, int(float(cur_count or 0)), int(float(max_count or 0)))


class _Guard(threading.Thread):
    """Ends a clone that takes too much time or room."""

    def __init__(
        self, process: git.Git.AutoInterrupt, folder: Path, limits: Limits, deadline: float | None
    ) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._folder = folder
        self._limits = limits
        self._deadline = deadline
        self._done = threading.Event()
        self.exceeded = ""

    def run(self) -> None:
        """Look at clock and disk a few times a second."""
        while not self._done.wait(0.2):
            self.look()
            if self.exceeded and self._process.proc:
                self._process.proc.terminate()
                return

    def look(self) -> None:
        """Note which limit is exceeded, if one is."""
        if self._deadline and time.monotonic() > self._deadline:
            self.exceeded = f"not cloned within {self._limits.seconds:g} s; raise --timeout"
        elif self._limits.bytes and _size(self._folder) > self._limits.bytes:
            self.exceeded = f"larger than {self._limits.bytes} bytes; raise --max-size"

    def stop(self) -> None:
        """Stop looking."""
        self._done.set()
        if self.is_alive():
            self.join()


def _size(folder: Path) -> int:
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # git renames and removes its temporary files
                total += Path(where, name).stat().st_size
    return total


def _explained(url: str, handler: git.RemoteProgress) -> TargetError:
    """Make one clear line of what git said."""
    shown = without_credentials(url)
    lines = [line for line in [*handler.error_lines, *handler.other_lines] if line.strip()]
    said = [_plain(line) for line in lines if not line.startswith(("Cloning into", "warning:"))]
    faults = [line for line in lines if line.startswith(("fatal:", "ERROR:", "remote: "))]
    text = _plain(faults[0]) if faults else said[-1] if said else "git clone failed"
    whole = " ".join(said).lower()
    if any(words in whole for words in _PASSING):
        return _PassingError(f"cannot clone {shown} ({text})", "try again later")
    if "dubious ownership" in whole:
        remedy = "git does not serve what another user owns: scan its path"
    elif "authentication failed" in whole or "could not read" in whole or "permission" in whole:
        remedy = "it does not exist or needs credentials: set up git's credential helper or ssh key"
    else:
        remedy = "check the address"
    return TargetError(f"cannot clone {shown} ({text})", remedy)


def _plain(line: str) -> str:
    for prefix in ("fatal: ", "ERROR: ", "error: ", "remote: "):
        line = line.removeprefix(prefix)
    return without_credentials(line.strip())


@contextlib.contextmanager
def _no_redirection() -> Iterator[None]:
    """Hide the variables that point git to another repository, as inside a git hook.

    GitPython adds to the environment of this process but cannot take from it.
    """
    kept = quiet_environment(CLONING)
    hidden = {n: v for n, v in os.environ.items() if n.startswith("GIT_") and n not in kept}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)

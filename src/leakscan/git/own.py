"""Running git in the repository that its user works in.

Unlike `git.program`, this leaves everything as the user, or the git that runs a hook, has it: which
repository, index and objects (a commit of some paths has an index of its own, a push that is
received a quarantine), and the configuration.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from leakscan.errors import TargetError
from leakscan.git.damage import DamagedError
from leakscan.git.texts import readable
from leakscan.glance import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence
    from pathlib import Path


def ask(
    *arguments: str | Path,
    stdin: bytes = b"",
    cwd: Path | None = None,
    without: Container[str] = (),
    doing: str,
) -> bytes:
    """Return what git says.

    Args:
        arguments: after ``git``.
        stdin: what it is told.
        cwd: the folder in which it is asked, by default where its user is.
        without: variables that it is not to see, such as those that lead it elsewhere.
        doing: what it is asked for, for the error: "say what is staged".

    Raises:
        TargetError: it fails, or is not there.
    """
    done = _run(arguments, stdin, cwd, without)
    if done.returncode:
        raise failed(doing, done.stderr, cwd)
    return done.stdout


def settings(names: str) -> dict[str, str]:
    """Return settings of git that are texts, by their names; of several values the last.

    In a name, all but the middle of three parts is in lower case.  What is set without a value, as
    only a boolean can be, is empty here: `flag` reads those.

    Args:
        names: a regular expression for them.

    Raises:
        TargetError: git cannot read them, or is not there.
    """
    done = _run(("config", "-z", "--get-regexp", names), b"")
    if done.returncode > 1:  # 1: there are none
        raise failed("read its configuration", done.stderr)
    entries = os.fsdecode(done.stdout).split("\0")[:-1]
    return {name: value for name, _, value in (entry.partition("\n") for entry in entries)}


def flag(name: str, *, default: bool) -> bool:
    """Return a setting of git that is a boolean, in whichever way that is written.

    Args:
        name: of the setting.
        default: what holds where it is not set.

    Raises:
        TargetError: it is no boolean, or git is not there.
    """
    done = _run(("config", "--type=bool", "--get", name), b"")
    if done.returncode > 1:  # 1: it is not set
        raise failed("read its configuration", done.stderr)
    return default if done.returncode else done.stdout == b"true\n"


def has(revision: str) -> bool:
    """Whether the repository has a commit of that name.

    Raises:
        TargetError: git is not there.
    """
    arguments = ("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    return not _run(arguments, b"").returncode


def present(names: Iterable[str]) -> list[str]:
    """Return the hex ids of the objects that are here: the other side may name what we have not.

    Args:
        names: their ids, or whatever else names them.

    Raises:
        TargetError: git cannot tell.
    """
    told = "".join(f"{name}\n" for name in names).encode()
    if not told:
        return []
    lines = ask("cat-file", "--batch-check=%(objectname)", stdin=told, doing="look for objects")
    return [line for line in lines.decode().splitlines() if " " not in line]  # "ID missing"


def _run(
    arguments: Sequence[str | Path],
    stdin: bytes,
    cwd: Path | None = None,
    without: Container[str] = (),
) -> subprocess.CompletedProcess[bytes]:
    seen = {name: value for name, value in os.environ.items() if name not in without}
    try:
        return subprocess.run(
            ["git", *arguments],
            input=stdin,
            capture_output=True,
            check=False,
            cwd=cwd,
            env=seen | VARIABLES,
        )
    except FileNotFoundError:
        raise _no_git() from None


def _no_git() -> TargetError:
    return TargetError("the git program was not found", "install git, or put it on the PATH")


def failed(doing: str, errors: bytes, cwd: Path | None = None) -> TargetError:
    """Return the error that says why git could not do something."""
    said = readable(errors).strip()
    lines = said.splitlines() or ["it says nothing"]
    grave = [line for line in lines if line.startswith(("fatal: ", "error: "))]
    reason = (grave or lines)[0].removeprefix("fatal: ").removeprefix("error: ")
    # Outside of repositories, `git diff` compares files, and says so at length.
    if "not a git repository" in reason or "git diff --no-index" in said:
        if cwd:
            remedy = "name one, or make it with `git init`"
            return TargetError(f"{cwd} is in no git repository", remedy)
        return TargetError("this is no git repository", "run it inside of one")
    return TargetError(f"git cannot {doing} ({reason})", "see `git status` and `git fsck`")


@contextmanager
def running(*arguments: str, stdin: bytes = b"", doing: str) -> Iterator[IO[bytes]]:
    """Run git, and give what it writes while it writes it.

    Args:
        arguments: after ``git``.
        stdin: what it is told.
        doing: as for `ask`.

    Raises:
        TargetError: it fails, or is not there; known when all has been read, or what was read of
            it has turned out to be damaged.
    """
    with _temporary(stdin) as told, _temporary() as errors:
        try:
            process = subprocess.Popen(
                ["git", *arguments],
                stdin=told,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=os.environ | VARIABLES,
            )
        except FileNotFoundError:
            raise _no_git() from None
        assert process.stdout  # noqa: S101 - it was asked for
        try:
            with process.stdout as output:
                yield output
            if process.wait():
                raise failed(doing, _said(errors))
        except DamagedError:
            process.wait()
            if reason := _said(errors):  # git knows better why it stopped
                raise failed(doing, reason) from None
            raise
        finally:
            process.kill()
            process.wait()


def _temporary(content: bytes = b"") -> IO[bytes]:
    """Return a temporary file, at its beginning.

    Raises:
        TargetError: there is no room for one.
    """
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
        file.write(content)
        file.seek(0)
    except OSError as error:
        raise TargetError(
            f"cannot write a temporary file ({error.strerror})", "make room, or set TMPDIR"
        ) from None
    return file


def _said(errors: IO[bytes]) -> bytes:
    errors.seek(0)
    return errors.read(10_000)

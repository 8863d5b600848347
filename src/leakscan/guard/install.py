"""Putting one git hook beside what is there, and taking it away again.

At every moment there is either the hook that was there before, whole, or ours, whole; whatever
interrupts this, doing it again puts it right.
"""

from __future__ import annotations

import enum
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from leakscan.errors import LeakscanError
from leakscan.guard.script import KEPT, THE_PROGRAMS, is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LEGACY = ".legacy"
"""Added by the pre-commit program to the name of a hook that it finds, and then runs."""

_MODE = 0o755
"""On a server, users other than the one who installs it run it; git ignores what they cannot."""

_HEAD = 1_000
"""Bytes in which the mark of a script of ours stands."""


class Outcome(enum.StrEnum):
    """What was done about one git hook."""

    INSTALLED = "installed"
    BESIDE = "installed beside another"
    UPDATED = "brought up to date"
    UNCHANGED = "was up to date"
    REMOVED = "removed"
    RESTORED = "removed, and the earlier one put back"
    ABSENT = "was not there"
    FOREIGN = "is somebody else's"


def install(folder: Path, hook: str, script: bytes) -> Outcome:
    """Have a script run as a git hook.

    A hook that is there already stays beside it; the script runs that one too.

    Args:
        folder: where git looks for hooks; made if need be.
        hook: the name of the hook.
        script: what git shall run.

    Raises:
        LeakscanError: the folder cannot be written to, or two hooks claim to be the earlier one.
    """
    with _explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        path = _ours(folder, hook)
        if path:
            return _update(path.resolve(), script)
        path, kept = folder / hook, folder / (hook + KEPT)
        if os.path.lexists(path):
            _keep(path, kept)
        _write(path, script)
        return Outcome.BESIDE if os.path.lexists(kept) else Outcome.INSTALLED


def uninstall(folder: Path, hook: str) -> Outcome:
    """Take a git hook of ours away, and put back the one that was there before.

    Args:
        folder: where git looks for hooks.
        hook: the name of the hook.

    Raises:
        LeakscanError: the folder cannot be written to.
    """
    with _explained(folder):
        path, kept = _ours(folder, hook), folder / (hook + KEPT)
        if not path and os.path.lexists(folder / hook):
            if _are_the_same(folder / hook, kept):
                kept.unlink()  # we were interrupted before ours was there
            return Outcome.FOREIGN
        if path and path.name.endswith(LEGACY) and _is_the_programs(kept):
            kept.unlink()  # the pre-commit program's newer script is where git runs it
        if os.path.lexists(kept):
            kept.replace(path or folder / hook)
            return Outcome.RESTORED
        if not path:
            return Outcome.ABSENT
        path.unlink()
        return Outcome.REMOVED


def _ours(folder: Path, hook: str) -> Path | None:
    """Find our script: where git runs it, or where the pre-commit program has moved it."""
    for path in (folder / hook, folder / (hook + LEGACY)):
        if path.is_file():
            with path.open("rb") as file:
                if is_ours(file.read(_HEAD)):
                    return path
    return None


def _is_the_programs(path: Path) -> bool:
    """Tell whether the pre-commit program made a script."""
    return path.is_file() and THE_PROGRAMS.encode() in path.read_bytes()[:_HEAD]


def _update(path: Path, script: bytes) -> Outcome:
    if path.read_bytes() == script and path.stat().st_mode & _MODE == _MODE:
        return Outcome.UNCHANGED
    _write(path, script)
    return Outcome.UPDATED


def _keep(path: Path, kept: Path) -> None:
    """Give the hook that is there a second name."""
    if not path.is_file() and not path.is_symlink():
        raise LeakscanError(
            f"{path} is in the way and is no file", "move it away, then install again"
        )
    if _are_the_same(path, kept):  # we were interrupted
        return
    if os.path.lexists(kept):
        raise LeakscanError(
            f"there are both {path.name} and an earlier {kept.name} in {path.parent}",
            "remove the one that you do not need, then install again",
        )
    try:
        os.link(path, kept, follow_symlinks=False)
    except (OSError, NotImplementedError):  # the file system may know no second names
        copy = _beside(kept)
        shutil.copy2(path, copy, follow_symlinks=False)
        copy.replace(kept)


def _are_the_same(path: Path, kept: Path) -> bool:
    if not os.path.lexists(kept):
        return False
    if os.path.samestat(path.lstat(), kept.lstat()):
        return True
    if path.is_symlink() or kept.is_symlink():
        return path.is_symlink() and kept.is_symlink() and path.readlink() == kept.readlink()
    return path.read_bytes() == kept.read_bytes()


def _write(path: Path, script: bytes) -> None:
    """Put a script in the place of what is there, at once."""
    fresh = _beside(path)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(script)
        os.fchmod(descriptor, _MODE)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)


def _beside(path: Path) -> Path:
    """Name a file to be renamed; what an interrupted run has left there is removed."""
    fresh = path.with_name(f"{path.name}.leakscan-new")
    fresh.unlink(missing_ok=True)
    return fresh


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LeakscanError(
            f"the hooks in {folder} cannot be changed ({error.strerror or error})",
            "install as a user who may write there",
        ) from None

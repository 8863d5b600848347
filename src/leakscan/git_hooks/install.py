"""Putting one git hook beside what is there, and taking it away again.

At every moment there is either the hook that was there before, whole, or ours, whole; whatever
interrupts this, doing it again puts it right.  Of several that do it at once, each waits for the
one before; where the file system knows no locks, one may fail, but no hook is lost.
"""

from __future__ import annotations

import enum
import errno
import fcntl
import glob
import os
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from leakscan.errors import LeakscanError
from leakscan.git_hooks.script import KEPT, THE_PROGRAMS, is_edited, is_ours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LEGACY = ".legacy"
"""Added by the pre-commit program to the name of a hook that it finds, and then runs."""

EDITED = ".edited"
"""Added to the name of a hook of ours that somebody has changed; that is kept, but not run."""

_MODE = 0o755
"""On a server, users other than the one who installs it run it; git ignores what they cannot."""

_HEAD = 1_000
"""Bytes in which the mark of a script of ours stands."""

_FRESH = ".leakscan-new"
"""With a process's number, added to the name of a file that is to take that name when whole."""

_BUSY = ("another one is installing the same git hook", "try again")


class Outcome(enum.Enum):
    """What was done about one git hook."""

    INSTALLED = enum.auto()
    BESIDE = enum.auto()
    """It was installed, and another is kept beside it."""
    BESIDE_IGNORED = enum.auto()
    """The same, but git ignored that other one, and we do."""
    UPDATED = enum.auto()
    UPDATED_EDITED = enum.auto()
    """It was brought up to date; what somebody had made of it is kept."""
    UNCHANGED = enum.auto()
    REMOVED = enum.auto()
    REMOVED_EDITED = enum.auto()
    """It was removed; what somebody had made of it is kept."""
    RESTORED = enum.auto()
    """It was removed, and the earlier one put back."""
    RESTORED_EDITED = enum.auto()
    """Both of these."""
    ABSENT = enum.auto()
    FOREIGN = enum.auto()
    """It is somebody else's."""
    STRANDED = enum.auto()
    """It is somebody else's, and the earlier one is still kept."""


def install(folder: Path, hook: str, write: Callable[[bytes], bytes]) -> Outcome:
    """Have a script run as a git hook.

    A hook that is there already stays beside it; the script runs that one too.

    Args:
        folder: where git looks for hooks; made if need be.
        hook: the name of the hook.
        write: returns the script, given ours that is there; that is empty if there is none.

    Raises:
        LeakscanError: the folder cannot be written to, or two hooks claim to be the earlier one.
    """
    with _explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            _clear(folder, hook)
            return _install(folder, hook, write)


def _install(folder: Path, hook: str, write: Callable[[bytes], bytes]) -> Outcome:
    path, kept = folder / hook, folder / (hook + KEPT)
    if _is_ours(kept):  # it would run itself
        kept.unlink()
    if ours := _ours(folder, hook):
        return _update(ours.resolve(), hook, write(ours.read_bytes()))
    if os.path.lexists(path):
        _keep(path, kept)
        if _is_ours(kept):  # there are no locks here, and somebody was faster
            kept.unlink()
            raise LeakscanError(*_BUSY)
    _write(path, write(b""))
    if not os.path.lexists(kept):
        return Outcome.INSTALLED
    return Outcome.BESIDE if os.access(kept, os.X_OK) else Outcome.BESIDE_IGNORED


def uninstall(folder: Path, hook: str) -> Outcome:
    """Take a git hook of ours away, and put back the one that was there before.

    Args:
        folder: where git looks for hooks.
        hook: the name of the hook.

    Raises:
        LeakscanError: the folder cannot be written to, or has another file to keep ours as.
    """
    with _explained(folder):
        if not folder.exists():
            return Outcome.ABSENT
        with _alone(folder):
            _clear(folder, hook)
            return _uninstall(folder, hook)


def _uninstall(folder: Path, hook: str) -> Outcome:
    path, kept = _ours(folder, hook), folder / (hook + KEPT)
    if _is_ours(kept):  # it would run itself
        kept.unlink()
    if not path and os.path.lexists(folder / hook):
        if _are_the_same(folder / hook, kept):
            kept.unlink()  # we were interrupted before ours was there
        return Outcome.STRANDED if os.path.lexists(kept) else Outcome.FOREIGN
    if path and path.name.endswith(LEGACY) and _is_the_programs(kept):
        kept.unlink()  # the pre-commit program's newer script is where git runs it
    edited = path is not None and not path.is_symlink() and _keep_edited(path, hook)
    if os.path.lexists(kept):
        kept.replace(path or folder / hook)
        return Outcome.RESTORED_EDITED if edited else Outcome.RESTORED
    if not path:
        return Outcome.ABSENT
    path.unlink()
    return Outcome.REMOVED_EDITED if edited else Outcome.REMOVED


def installed(folder: Path, hook: str) -> bytes:
    """Return our script for a git hook; it is empty if there is none.

    Args:
        folder: where git looks for hooks.
        hook: the name of the hook.

    Raises:
        LeakscanError: it cannot be read.
    """
    with _explained(folder):
        path = _ours(folder, hook)
        return path.read_bytes() if path else b""


def _ours(folder: Path, hook: str) -> Path | None:
    """Find our script: where git runs it, or where the pre-commit program has moved it."""
    return next(filter(_is_ours, (folder / hook, folder / (hook + LEGACY))), None)


def _is_ours(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return is_ours(file.read(_HEAD))


def _is_the_programs(path: Path) -> bool:
    """Tell whether the pre-commit program made a script."""
    return path.is_file() and THE_PROGRAMS.encode() in path.read_bytes()[:_HEAD]


def _update(path: Path, hook: str, script: bytes) -> Outcome:
    if path.read_bytes() == script and path.stat().st_mode & _MODE == _MODE:
        return Outcome.UNCHANGED
    edited = _keep_edited(path, hook)
    _write(path, script)
    return Outcome.UPDATED_EDITED if edited else Outcome.UPDATED


def _keep_edited(path: Path, hook: str) -> bool:
    """Give a script of ours a second name if somebody has changed it; tell whether that is so."""
    edited = is_edited(path.read_bytes())
    if edited:
        _keep(path, path.with_name(hook + EDITED))
    return edited


def _keep(path: Path, kept: Path) -> None:
    """Give the hook that is there a second name.

    Raises:
        LeakscanError: it is no file, or something else has that name.
    """
    if not path.is_file() and not path.is_symlink():
        raise LeakscanError(
            f"{path} is in the way and is no file", "move it away, then install again"
        )
    if _are_the_same(path, kept):  # we were interrupted
        return
    if os.path.lexists(kept):
        raise LeakscanError(
            f"there are both {path.name} and an earlier {kept.name} in {path.parent}",
            "remove the one that you do not need, then try again",
        )
    try:
        os.link(path, kept, follow_symlinks=False)
    except (OSError, NotImplementedError):  # the file system may know no second names
        copy = _beside(kept)
        shutil.copy2(path, copy, follow_symlinks=False)
        if os.path.lexists(kept) or _is_ours(copy):  # somebody was faster
            copy.unlink()
            raise LeakscanError(*_BUSY) from None
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
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(script)
            os.fchmod(descriptor, _MODE)
            file.flush()
            os.fsync(descriptor)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def _beside(path: Path) -> Path:
    """Name a file to be renamed."""
    fresh = path.with_name(f"{path.name}{_FRESH}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    return fresh


def _clear(folder: Path, hook: str) -> None:
    """Remove what an interrupted run has left."""
    for name in (hook, hook + LEGACY, hook + KEPT, hook + EDITED):
        for fresh in folder.glob(glob.escape(name + _FRESH) + "*"):
            fresh.unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep others from changing the hooks of a folder until this is done, or killed."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # NFS knows no locks of folders
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise LeakscanError(
            f"the hooks in {folder} cannot be changed ({error.strerror or error})",
            "make room" if is_full else "install as a user who may write there",
        ) from None

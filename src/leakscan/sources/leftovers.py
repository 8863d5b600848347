"""Folders for what arrives, and what becomes of those of processes that were killed."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_PREFIX = "leakscan-arriving-"


def folder_for_arrivals() -> tempfile.TemporaryDirectory[str]:
    """Make a folder that is taken away with what is in it, if not at the end then by `sweep`.

    Raises:
        OSError: there is no room.
    """
    return tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-")


def sweep() -> None:
    """Remove what processes of this user have left that were killed: it may hold live tokens."""
    if os.name != "posix":
        return  # where the question whether a process lives would end it
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        number = path.name.removeprefix(_PREFIX).partition("-")[0]
        if number.isdigit() and not _is_alive(int(number)):
            shutil.rmtree(path, ignore_errors=True)  # another user's stays


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True

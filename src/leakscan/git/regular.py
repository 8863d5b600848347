"""Read small files of a repository that nobody vouches for: no pipes, no devices, no giants."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from leakscan.git.damage import DamagedError

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 1 << 30
"""Bytes of a file of git's own that is read whole; a packed-refs of ten million refs has 0.7 GB."""


def read_regular(path: Path) -> bytes:
    """Read a regular file.

    Raises:
        DamagedError: it is a pipe or a device, which could keep one waiting, or too large.
        OSError: it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise DamagedError(f"{path.name} is no regular file")
        if state.st_size > LARGEST:
            raise DamagedError(f"{path.name} has {state.st_size} bytes, too many to hold")
        return file.read(LARGEST)

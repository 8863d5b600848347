"""Reading files that anybody may have put there: never a pipe, a device or a giant."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MOST_TOML = 1 << 20
"""Bytes of a TOML file that is read."""

MOST_DOTS = 1000
"""In a line of a TOML file: with as many names in one key, it takes quadratic time to read."""


def read_plain_file(path: Path, most: int) -> bytes:
    """Read a regular file whole.

    Args:
        path: the file, or a link to it.
        most: bytes that it may have.

    Raises:
        OSError: it cannot be read, is no regular file, or is larger; `strerror` says which.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "no regular file")
        pieces, left = [], most + 1
        while left and (piece := os.read(descriptor, min(left, 1 << 20))):
            pieces.append(piece)
            left -= len(piece)
    finally:
        os.close(descriptor)
    if not left:
        raise OSError(errno.EFBIG, f"larger than {most:,} bytes")
    return b"".join(pieces)


def read_toml_file(path: Path) -> dict[str, object]:
    """Read a TOML file.

    Raises:
        OSError: as for `read_plain_file`.
        ValueError: it is not TOML, or not such as can be read in moderate time.
    """
    import tomllib

    text = read_plain_file(path, MOST_TOML).decode()
    if any(line.count(".") > MOST_DOTS for line in text.splitlines()):
        raise ValueError(f"more than {MOST_DOTS:,} dots in a line")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("too many brackets within brackets") from None

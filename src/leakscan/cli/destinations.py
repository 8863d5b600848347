"""Where reports go: never over what is scanned, nor over each other."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from leakscan.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def refuse_overwriting(target: str, output: str, also: Sequence[tuple[str, str]]) -> None:
    """Refuse to write a report in the place of what is scanned, or of another report.

    Args:
        target: what is scanned.
        output: the file of ``--output``.
        also: formats and files of ``--also``.

    Raises:
        UsageError: a file would be written over.
    """
    taken: dict[tuple[int, int] | str, str] = {}
    for option, file in [
        (f"--output {output}", output),
        *((f"--also {format}={file}", file) for format, file in also),
    ]:
        with contextlib.suppress(OSError):
            if "-" not in (target, file) and os.path.samefile(target, file):  # noqa: PTH121 - the target may be no path
                raise UsageError(f"{option} is the TARGET itself", "write somewhere else")
        if file == os.devnull:
            continue
        place = _place(file)
        if place in taken:
            raise UsageError(f"{option} goes where {taken[place]} goes", "name another file")
        taken[place] = option


def _place(file: str) -> tuple[int, int] | str:
    """Return what is the same for all names of a file, whether or not it is there yet."""
    try:
        about = os.fstat(1) if file == "-" else os.stat(file)  # noqa: PTH116 - a name, or none
    except (OSError, ValueError):
        return file if file == "-" else os.path.realpath(file)
    return about.st_dev, about.st_ino

"""Globs over paths, as git's own files of patterns have them, without negation.

``*.lock`` and ``fixtures`` match a name at any depth, ``tests/*.py`` and ``/build`` from the top
on; ``**`` stands for any number of folders, ``*``, ``?`` and ``[a-z]`` never for a slash.  A folder
that matches covers all below it; with a slash at its end, a glob matches folders only.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_ANY_FOLDERS = "**"


def matches(glob: str, path: str) -> bool:
    """Whether a glob covers the path of a file.  It takes no longer than both are long.

    Args:
        glob: relative to the top, or to any folder where it has no slash before its end.
        path: relative to the top, with slashes.
    """
    names = path.split("/")
    if glob.endswith("/"):
        names.pop()  # the file itself is no folder
        glob = glob.rstrip("/")
    if not glob:
        return False
    if "/" not in glob:
        return any(fnmatchcase(name, glob) for name in names)
    return _matches_from_the_top(glob.removeprefix("/").split("/"), names)


def _matches_from_the_top(parts: Sequence[str], names: Sequence[str]) -> bool:
    """Follow all ways to match at once, so that no glob can take exponential time."""
    reached = _past_folders({0}, parts)
    for name in names:
        after = set()
        for at in reached:
            if parts[at] == _ANY_FOLDERS:
                after |= {at, at + 1} if at == len(parts) - 1 else {at}
            elif fnmatchcase(name, parts[at]):
                after.add(at + 1)
        reached = _past_folders(after, parts)
        if len(parts) in reached:
            return True
    return False


def _past_folders(reached: set[int], parts: Sequence[str]) -> set[int]:
    """Add what is reached if ``**`` stands for no folder, which it cannot at the end."""
    further = set(reached)
    for at, part in enumerate(parts[:-1]):
        if at in further and part == _ANY_FOLDERS:
            further.add(at + 1)
    return further

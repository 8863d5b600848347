"""What ``git rebase`` takes to have a user change commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakscan.errors import TargetError
from leakscan.git.own import ask, has

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 100
"""Commits that are looked at."""


def rebase_arguments(commits: Sequence[str], tips: Sequence[str]) -> str | None:
    """Return what to give to ``git rebase -i``; ``None`` if to amend the last commit is enough.

    Args:
        commits: hex ids of those to change, the oldest first.
        tips: revisions that are pushed.

    Raises:
        TargetError: git is not there.
    """
    if len(commits) == 1 and commits[0] in _ids(*tips):
        return None
    shared = _ids_of("merge-base", "--octopus", *commits[:MOST])
    if not shared:
        base = None
    elif shared[0] not in commits:
        base = shared[0][:12]
    else:
        base = f"{shared[0][:12]}^" if has(f"{shared[0]}^") else None
    limits = ("--not", base) if base else ()
    merges = _ids_of("rev-list", "--merges", "--max-count=1", *tips[:MOST], *limits)
    return ("--rebase-merges " if merges else "") + (base or "--root")


def _ids(*revisions: str) -> list[str]:
    return _ids_of("rev-parse", *(f"{revision}^{{}}" for revision in revisions[:MOST]))


def _ids_of(*arguments: str) -> list[str]:
    """Return the ids that git lists; none if it fails: this is for advice only."""
    try:
        return ask(*arguments, doing="find commits").decode().split()
    except TargetError:
        return []

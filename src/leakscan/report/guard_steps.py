"""How to take a token out of what the guard stopped, as commands that can be copied."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from leakscan.model import Location

MOST_NAMED = 3
"""Files that are named in a command."""


def out_of_index(places: Sequence[Location], *, has_head: bool, at_top: bool) -> str:
    """Say how to stage files without their tokens, or not at all.

    Args:
        places: where the tokens are.
        has_head: whether there is a commit to take the former content from.
        at_top: whether the user stands at the top of the work tree.
    """
    unstage = "git restore --staged" if has_head else "git reset --"
    paths = list(dict.fromkeys(place.path or "" for place in places))
    can_be_typed = all(map(_can_be_typed, paths)) and len(paths) <= MOST_NAMED
    named = [_pathspec(path, at_top=at_top) for path in (paths if can_be_typed else [""])]
    return f"Edit it and `git add` it again, or unstage it:  {unstage} {shlex.join(named)}"


def _can_be_typed(path: str) -> bool:
    """Whether a path is shown as it is: nothing is spelled out in it, nor redacted."""
    return path.isprintable() and "\\" not in path and "..." not in path


def _pathspec(path: str, *, at_top: bool) -> str:
    """Return what names a path to git, wherever the user stands, and whatever it begins with."""
    if at_top and not path.startswith(("-", ":")):
        return path or "."
    # What follows `:/` may be taken for more magic (gitglossary(7), pathspec).
    return f":/{path}" if not path or path[0].isalnum() else f":(top){path}"


def out_of_message(_places: Sequence[Location], *, file: Path) -> str:
    """Say how to commit with another message; git has kept the one that was stopped in a file."""
    return f"Write another message:  git commit -e -F {shlex.quote(str(file))}"


def out_of_files(_places: Sequence[Location]) -> str:
    """Say what can be done about what was committed before."""
    return "Take it out of the files. The history keeps it, so that only disabling it helps."


def out_of_commits(
    places: Sequence[Location], *, rebase: Callable[[Sequence[str]], str | None]
) -> str:
    """Say how to rewrite commits.

    Args:
        places: where the tokens are.
        rebase: tells what to give to ``git rebase -i`` to change commits, the oldest first;
            ``None`` if they are but the last one, that needs no rebase.
    """
    dated = [(p.date.timestamp() if p.date else 0, p.commit) for p in places if p.commit]
    commits = list(dict.fromkeys(commit for _, commit in sorted(dated)))
    if not commits:
        return "Take it out of the commits, tags or names that hold it, and push again."
    base = rebase(commits)
    if base is None:
        return "Take it out of the last commit of the branch:  edit, then  git commit -a --amend"
    return (
        f"Take it out of the commits of the branch:  git rebase -i {base}  marks them as"
        ' "edit"; at each, edit, git commit -a --amend, git rebase --continue'
    )

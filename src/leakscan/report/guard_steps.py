"""How to take a token out of what the guard stopped, as commands that can be copied.

A step is one text. What is to be typed stands behind two spaces, at the end of its line; lines
that follow the first say in detail what it says in short.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from leakscan.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from leakscan.model import Finding, Location

MOST_NAMED = 5
"""Files that are named in a command."""

IN_FILES = frozenset({Kind.BLOB, Kind.STAGED, Kind.FILE, Kind.SYMLINK})
"""Kinds of places that are the content of a file, or of a symlink."""

NAMES = frozenset({Kind.PATH, Kind.REF_NAME, Kind.IDENTITY, Kind.COMMIT_HEADER})
"""Kinds of places that have no line for a comment."""

RENAME = "Give the file another name:  git mv OLD NEW"


def places_of(findings: Iterable[Finding], kinds: Iterable[Kind] = Kind) -> list[Location]:
    """Return where findings are, in places of these kinds."""
    return [it for finding in findings for it in finding.locations if it.kind in kinds]


def out_of_index(
    findings: Sequence[Finding], *, has_head: bool, at_top: bool, is_temporary: bool
) -> list[str]:
    """Say how to stage files without their tokens, or not at all.

    Args:
        findings: what is staged.
        has_head: whether there is a commit to take the former content from.
        at_top: whether the user stands at the top of the work tree.
        is_temporary: whether it is staged for this one commit only, as with ``git commit -a``.
    """
    steps = []
    if files := places_of(findings, IN_FILES):
        edit = "Take it out of the file, then commit again."
        steps += [edit if is_temporary else _unstaging(files, has_head=has_head, at_top=at_top)]
    if places_of(findings, (Kind.PATH,)):
        steps += [RENAME]
    return steps


def _unstaging(places: Sequence[Location], *, has_head: bool, at_top: bool) -> str:
    unstage = "git restore --staged" if has_head else "git reset --"
    paths = list(dict.fromkeys(place.path or "" for place in places))
    can_be_typed = all(map(_can_be_typed, paths)) and len(paths) <= MOST_NAMED
    named = [_pathspec(path, at_top=at_top) for path in (paths if can_be_typed else [""])]
    what = "unstage it" if can_be_typed else "unstage everything"
    return f"Edit it and `git add` it again, or {what}:  {unstage} {shlex.join(named)}"


def _can_be_typed(path: str) -> bool:
    """Whether a path is shown as it is: nothing is spelled out in it, nor redacted."""
    return bool(path) and path.isprintable() and "\\" not in path and "..." not in path


def _pathspec(path: str, *, at_top: bool) -> str:
    """Return what names a path to git, wherever the user stands, and whatever it begins with."""
    if at_top and not path.startswith(("-", ":")):
        return path or "."
    # What follows `:/` may be taken for more magic (gitglossary(7), pathspec).
    return f":/{path}" if not path or path[0].isalnum() else f":(top){path}"


def out_of_message(
    _findings: Sequence[Finding], *, file: Path, has_difference: bool = False
) -> list[str]:
    """Say how to commit with another message; git has kept the one that was stopped in a file.

    Args:
        file: it.
        has_difference: whether a difference stands in it, too, which git cuts off only with ``-v``.
    """
    if file.name == "MERGE_MSG":  # the merge itself is done, and its message is offered again
        return ["Commit the merge with another message:  git commit"]
    edit = f"to edit this one, give it in place of -m:  -e -F {shlex.quote(str(file))}"
    cut = "\nwithout -v, delete its line of scissors and all below" if has_difference else ""
    return [f"Repeat your command with another message;\n{edit}{cut}"]


def out_of_files(findings: Sequence[Finding]) -> list[str]:
    """Say what can be done about what may have been committed before."""
    steps = ["Take it out of the files."] if places_of(findings, IN_FILES) else []
    return [*steps, RENAME] if places_of(findings, (Kind.PATH,)) else steps

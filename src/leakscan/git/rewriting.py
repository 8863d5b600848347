"""How to have a user change commits, which is what gets a token out of a push."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.errors import TargetError
from leakscan.git.own import ask, has

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 100
"""Commits that are looked at."""

MOST_REFS = 20
"""Refs of a push that are looked at."""

_BRANCH, _TAG, _NOTES = "refs/heads/", "refs/tags/", "refs/notes/"


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag that has to be made anew.

    Attributes:
        name: of the tag.
        is_annotated: whether it has a message.
        branch: whose last commit it names; empty if it is none.
    """

    name: str
    is_annotated: bool
    branch: str


@dataclass(frozen=True, slots=True)
class Rewriting:
    """How to change commits of one branch.

    Attributes:
        branch: its name; empty if none is known that leads to them.
        commits: those to change, as ``git rebase`` shows them, and in its order.
        base: what to give to ``git rebase -i``; ``None`` if to amend the last commit is enough.
        has_merges: whether there are merges among the commits.
        begin: the commit at which the user has to make a branch; empty if there is one.
        notes: the ref of notes that they are of, which is no branch; empty if it is one.
        tags: those that are pushed and lead to them.
    """

    branch: str
    commits: tuple[str, ...]
    base: str | None
    has_merges: bool = False
    begin: str = ""
    notes: str = ""
    tags: tuple[Tag, ...] = ()


def rewritings(
    commits: Sequence[str], pushed: Sequence[tuple[str, str]], *, is_here: bool
) -> list[Rewriting]:
    """Say for each branch that is pushed how to change those of the commits that it leads to.

    Args:
        commits: hex ids of those to change.
        pushed: names of refs as the user has them, and what they are to lead to.
        is_here: whether the user works in this repository, so that its branches are the user's.

    Raises:
        TargetError: git is not there.
    """
    wanted = commits[:MOST]
    shared = _words_of("merge-base", "--octopus", *wanted)
    limits = ("--not", f"{shared[0]}^@") if shared else ()
    led_to: dict[tuple[str, str], list[str]] = {}  # by a ref, or no branch, and its last commit
    tags: dict[tuple[str, str], list[Tag]] = {}
    for ref, after in sorted(pushed[:MOST_REFS], key=lambda it: it[0].startswith(_TAG)):
        for tip in _words_of("rev-parse", "--verify", f"{after}^{{commit}}"):
            led = _led_to(wanted, tip, limits)
            is_tag = ref.startswith(_TAG)
            # Of a tag, the commits may be changed on a branch that is pushed, too.
            alike = (it for it, commits in led_to.items() if is_tag and {*led} <= {*commits})
            if led:
                line = next(alike, None) or _line(ref, tip, is_here=is_here)
                led_to.setdefault(line, _led_to(wanted, line[1], limits))
                branch = line[0].removeprefix(_BRANCH) if line[1] == tip else ""
                if is_tag:
                    tag = Tag(ref.removeprefix(_TAG), after != tip, branch)
                    tags.setdefault(line, []).append(tag)
    return [
        _rewriting(ref, tip, changed, tags.get((ref, tip), []), is_here=is_here)
        for (ref, tip), changed in led_to.items()
    ]


def _led_to(commits: Sequence[str], tip: str, limits: Sequence[str]) -> list[str]:
    """Return which of the commits another one leads to, in the order of a rebase."""
    listed = _words_of("rev-list", "--topo-order", "--reverse", tip, *limits)
    return [oid for oid in listed if oid in commits]


def _line(ref: str, tip: str, *, is_here: bool) -> tuple[str, str]:
    """Return the branch, or notes, that lead to what is pushed, and their last commit."""
    if ref.startswith((_BRANCH, _NOTES)):
        return ref, tip
    if is_here:  # rather the current branch
        wanted = "--format=%(HEAD) %(objectname) %(refname)", f"--contains={tip}"
        lines = _said("for-each-ref", *wanted, _BRANCH).splitlines()
        for line in sorted(lines, key=lambda it: (it[0] != "*", tip not in it)):
            oid, name = line[2:].split(" ", 1)
            return name, oid
    return "", tip


def _rewriting(
    ref: str, tip: str, commits: Sequence[str], tags: Sequence[Tag], *, is_here: bool
) -> Rewriting:
    listed = _said("rev-list", "--no-walk=unsorted", "--abbrev-commit", "--parents", *commits)
    named = [line.split() for line in listed.splitlines()]
    is_notes = ref.startswith(_NOTES)
    return Rewriting(
        "" if is_notes else ref.removeprefix(_BRANCH),
        tuple(ids[0] for ids in named),
        None if is_notes or list(commits) == [tip] else _base(commits, tip),
        any(len(ids) > 2 for ids in named),
        "" if ref or not is_here else tip[:12],
        ref if is_notes else "",
        tuple(tags),
    )


def _base(commits: Sequence[str], tip: str) -> str:
    """Return what to give to ``git rebase -i`` so that it comes to all the commits."""
    shared = _words_of("merge-base", "--octopus", *commits)
    base = None
    if shared and shared[0] not in commits:
        base = shared[0][:12]
    elif shared and has(f"{shared[0]}^"):
        base = f"{shared[0][:12]}^"
    limits = ("--not", base) if base else ()
    merges = _words_of("rev-list", "--merges", "--max-count=1", tip, *limits)
    return ("--rebase-merges " if merges else "") + (base or "--root")


def _words_of(*arguments: str) -> list[str]:
    return _said(*arguments).split()


def _said(*arguments: str) -> str:
    """Return what git says; nothing if it fails: this is for advice only."""
    try:
        return os.fsdecode(ask(*arguments, doing="find commits"))
    except TargetError:
        return ""

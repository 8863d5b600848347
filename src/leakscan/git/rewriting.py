"""How to have a user change commits, which is what gets a token out of a push."""

from __future__ import annotations

import os
import shlex
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

_BRANCH, _TAG = "refs/heads/", "refs/tags/"


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
        switch: the command that goes there; empty if that is not needed, or not known.
        commits: those to change, as ``git rebase`` shows them, and in its order.
        merges: those of them that are merges.
        base: what to give to ``git rebase -i``; ``None`` if to amend the last commit is enough.
        tags: those that are pushed and lead to them.
        is_detached: whether no branch of the user's leads to them.
    """

    branch: str
    switch: str
    commits: tuple[str, ...]
    merges: tuple[str, ...]
    base: str | None
    tags: tuple[Tag, ...] = ()
    is_detached: bool = False


@dataclass(frozen=True, slots=True)
class _Branch:
    """A branch: its name, the command that goes there, the hex id of its last commit."""

    name: str
    switch: str
    tip: str
    is_detached: bool = False


def rewritings(
    commits: Sequence[str], pushed: Sequence[tuple[str, str]], *, is_here: bool
) -> list[Rewriting]:
    """Say for each branch that is pushed how to change those of the commits that it leads to.

    The current branch, to which nobody has to go, comes first.

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
    tags: dict[_Branch, list[Tag]] = {}
    for ref, leads_to in sorted(pushed[:MOST_REFS], key=lambda it: it[0].startswith(_TAG)):
        for tip in _words_of("rev-parse", "--verify", f"{leads_to}^{{commit}}"):
            if not (led_to := _led_to(wanted, tip, limits)):
                continue
            if is_here:
                branch = _own(ref, tip)
            else:  # of what leads to the same, the first is as good as any
                alike = (it for it in tags if it.tip == tip or ref.startswith(_TAG))
                alike = (it for it in alike if set(led_to) <= set(_led_to(wanted, it.tip, limits)))
                branch = next(alike, None) or _others(ref, tip)
            tags.setdefault(branch, [])
            if ref.startswith(_TAG):
                of_tip = branch.name if branch.tip == tip else ""
                tags[branch].append(Tag(ref.removeprefix(_TAG), leads_to != tip, of_tip))
    return [
        _rewriting(branch, _led_to(wanted, branch.tip, limits), names)
        for branch, names in sorted(tags.items(), key=lambda it: bool(it[0].switch))
    ]


def _led_to(commits: Sequence[str], tip: str, limits: Sequence[str]) -> list[str]:
    """Return which of the commits another one leads to, in the order of a rebase."""
    listed = _words_of("rev-list", "--topo-order", "--reverse", tip, *limits)
    return [oid for oid in listed if oid in commits]


def _own(ref: str, tip: str) -> _Branch:
    """Return a branch that leads to a commit: rather that of the ref's name, or the current one."""
    name = ref.removeprefix(_BRANCH)
    wanted = "--format=%(objectname) %(HEAD)%(refname:lstrip=2)"
    for relation in ("--points-at", "--contains"):
        lines = _said("for-each-ref", wanted, f"{relation}={tip}", _BRANCH).splitlines()
        branches = [line.split(" ", 1) for line in lines if line]
        branches.sort(key=lambda it: (it[1][1:] != name, it[1][0] != "*"))
        if branches:
            oid, marked = branches[0]
            return _Branch(marked[1:], "" if marked[0] == "*" else _switch(marked[1:]), oid)
    if _words_of("rev-parse", "HEAD") == [tip]:
        return _Branch("", "", tip, is_detached=True)
    return _Branch("", f"git switch --detach {tip[:12]}", tip, is_detached=True)


def _others(ref: str, tip: str) -> _Branch:
    """Return the branch of whoever pushes, as far as a server can tell: it has the same name."""
    name = ref.removeprefix(_BRANCH)
    return _Branch("", "", tip) if name == ref else _Branch(name, _switch(name), tip)


def _switch(branch: str) -> str:
    return f"git switch {shlex.quote(branch)}"


def _rewriting(branch: _Branch, commits: Sequence[str], tags: Sequence[Tag]) -> Rewriting:
    listed = _said("rev-list", "--no-walk=unsorted", "--abbrev-commit", "--parents", *commits)
    named = [line.split() for line in listed.splitlines()]
    return Rewriting(
        branch.name,
        branch.switch,
        tuple(ids[0] for ids in named),
        tuple(ids[0] for ids in named if len(ids) > 2),
        None if list(commits) == [branch.tip] else _base(commits, branch.tip),
        tuple(tags),
        branch.is_detached,
    )


def _base(commits: Sequence[str], tip: str) -> str:
    """Return what to give to ``git rebase -i`` so that it comes to all the commits."""
    shared = _words_of("merge-base", "--octopus", *commits)
    if not shared:
        base = None
    elif shared[0] not in commits:
        base = shared[0][:12]
    else:
        base = f"{shared[0][:12]}^" if has(f"{shared[0]}^") else None
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

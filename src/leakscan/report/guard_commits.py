"""How to take a token out of commits, tags and names that were to be pushed.

The steps are written as in `report.guard_steps`.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from leakscan.model import Kind
from leakscan.report.guard_steps import IN_FILES, places_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from leakscan.git.rewriting import Rewriting, Tag
    from leakscan.model import Finding, Location

MOST_NAMED = 10
"""Commits that are named, and tags."""

_TAG = "refs/tags/"

_IN_TAGS = frozenset({Kind.TAG_MESSAGE, Kind.IDENTITY, Kind.COMMIT_HEADER})

_AMENDING = (
    (IN_FILES, "take the token out of the file, then:  git commit -a --amend --no-edit"),
    ({Kind.PATH}, "give the file another name:  git mv OLD NEW && git commit --amend --no-edit"),
    ({Kind.COMMIT_MESSAGE}, "write another message:  git commit --amend"),
    (
        {Kind.IDENTITY},
        "mend user.name and user.email, then:  git commit --amend --no-edit --reset-author",
    ),
    ({Kind.COMMIT_HEADER}, "make the commit anew, without that header"),
)
"""What is to be done about places of some kinds in the last commit."""


def out_of_commits(
    findings: Sequence[Finding], *, rewritings: Callable[[Sequence[str]], Sequence[Rewriting]]
) -> list[str]:
    """Say how to change commits, tags and names.

    Args:
        findings: what stands in them.
        rewritings: says how to change commits, by their hex ids.
    """
    places = places_of(findings)
    commits = list(dict.fromkeys(place.commit for place in places if place.commit))
    changed = rewritings(commits) if commits else []
    steps = [_rewriting(places, it, findings) for it in changed]
    if any(place.kind is Kind.REF_NAME for place in places):
        steps += ["Push under another name. To rename the current branch:  git branch -m NEW"]
    steps += _tags(places, list(dict.fromkeys(tag for it in changed for tag in it.tags)))
    return steps or ["Make anew, without the token, what holds it."]


def _rewriting(
    places: Sequence[Location], rewriting: Rewriting, findings: Sequence[Finding]
) -> str:
    return "\n".join(
        [
            f"Change {_what(rewriting)}:",
            *_going(rewriting, findings),
            *(_rebasing(rewriting, places) if rewriting.base else _amending(places, rewriting)),
            *(["push HEAD in its place"] if rewriting.is_detached else []),
        ]
    )


def _what(rewriting: Rewriting) -> str:
    branch = f" of branch {rewriting.branch}" if rewriting.branch else ""
    if not rewriting.base and branch:
        return f"the last commit{branch}"
    noun = "commit" if len(rewriting.commits) == 1 else "commits"
    return f"{noun} {_listed(rewriting.commits)}{branch}"


def _going(rewriting: Rewriting, findings: Sequence[Finding]) -> Iterator[str]:
    if any(finding.secret.reveal() in rewriting.switch for finding in findings):
        yield "go to that branch"  # what is not shown whole cannot be typed
    elif rewriting.switch:
        yield f"go there:  {rewriting.switch}"


def _rebasing(rewriting: Rewriting, places: Sequence[Location]) -> Iterator[str]:
    yield f"start:  git rebase -i {rewriting.base}"
    if len(rewriting.commits) > len(rewriting.merges):  # of merges, the list has no "pick"
        them = "each of them" if len(rewriting.commits) > 1 else "it"
        yield f'in the list that opens, change "pick" to "edit" before {them}'
    for merge in rewriting.merges[:MOST_NAMED]:
        yield f'in the list that opens, below "merge -C {merge}", add a line:  break'
    yield from _amending(places, rewriting)
    yield "then go on:  git rebase --continue"


def _amending(places: Sequence[Location], rewriting: Rewriting) -> Iterator[str]:
    """Yield what is to be done with each commit, and where, if that is not the same in all."""
    for kinds, how in _AMENDING:
        wanted = {place.commit for place in places if place.commit and place.kind in kinds}
        those = [it for it in rewriting.commits if any(oid.startswith(it) for oid in wanted)]
        if not rewriting.base:
            where = ""
        elif len(those) == len(rewriting.commits):
            where = "at each stop, "
        else:
            where = f"at {_listed(those)}, "
        if those:
            yield where + how


def _listed(commits: Sequence[str]) -> str:
    more = len(commits) - MOST_NAMED
    return ", ".join(commits[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _tags(places: Sequence[Location], moved: Sequence[Tag]) -> list[str]:
    """Say how to make tags anew that hold a token, or name a commit that does."""
    kinds: dict[str, set[Kind]] = {}
    for place in places:
        if not place.commit and place.kind in _IN_TAGS and place.path:
            kinds.setdefault(place.path.removeprefix(_TAG), set()).add(place.kind)
    targets = {name: f"{name}^{{}}" for name in kinds}
    targets |= {tag.name: tag.branch or "COMMIT" for tag in moved}
    annotated = {tag.name for tag in moved if tag.is_annotated} | kinds.keys()
    steps = []
    for name, target in [*targets.items()][:MOST_NAMED]:
        told = kinds.get(name, set())
        what = "Mend user.name and user.email, then make" if Kind.IDENTITY in told else "Make"
        how = ", with another message" if Kind.TAG_MESSAGE in told else ""
        message = "-a " if name in annotated else ""
        command = f"git tag -f {message}{shlex.quote(name)} {shlex.quote(target)}"
        steps += [f"{what} the tag anew{how}:  {command}"]
    return steps

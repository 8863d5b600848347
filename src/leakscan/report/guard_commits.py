"""How to take a token out of commits, tags, notes and names that were to be pushed."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from leakscan.model import Kind
from leakscan.report.guard_places import noted
from leakscan.report.guard_steps import IN_FILES, Step, places_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from leakscan.git.rewriting import Rewriting, Tag
    from leakscan.model import Finding, Location

MOST_NAMED = 10
"""Commits that are named, and tags, and notes."""

_TAG = "refs/tags/"

_IN_TAGS = frozenset({Kind.TAG_MESSAGE, Kind.IDENTITY, Kind.COMMIT_HEADER})


def out_of_commits(
    findings: Sequence[Finding], *, rewritings: Callable[[Sequence[str]], Sequence[Rewriting]]
) -> list[Step]:
    """Say how to change commits, tags, notes and names.

    Args:
        findings: what stands in them.
        rewritings: says how to change commits, by their hex ids.

    Raises:
        TargetError: git, which is asked for the branches, is not there.
    """
    places = places_of(findings)
    commits = list(dict.fromkeys(place.commit for place in places if place.commit))
    changed = rewritings(commits) if commits else []
    # A rebase does not begin while anything else is changed, and `commit -a` would take it along.
    hindered = [it for it in changed if it.base or _kinds(places, it.commits) & IN_FILES]
    steps: list[Step] = []
    for rewriting in changed:
        if rewriting.notes:
            steps += _noted(places, rewriting)
        else:
            steps += [_rewriting(places, rewriting, is_first=rewriting in hindered[:1])]
    steps += _names(places)
    steps += _tags(places, list(dict.fromkeys(tag for it in changed for tag in it.tags)))
    return steps or [Step("Make anew, without the token, what holds it.")]


def _rewriting(places: Sequence[Location], rewriting: Rewriting, *, is_first: bool) -> Step:
    more = [*_amending(places, rewriting)]
    if rewriting.base:
        each = "each of them" if len(rewriting.commits) > 1 else "it"
        merges = [Step("of a merge, add a line below it:", "break")]
        more = [
            Step("start:", f"git rebase -i {rewriting.base}"),
            Step(f'in the list that opens, change "pick" to "edit" before {each}'),
            *(merges if rewriting.has_merges else []),
            *more,
            Step("then go on:", "git rebase --continue"),
        ]
    if rewriting.begin:
        begin = Step("make a branch there:", f"git switch -c NEW {rewriting.begin}")
        more = [begin, *more, Step("push NEW in its place")]
    first = " (stash other changes first)" if is_first else ""
    return Step(f"Change {_what(rewriting)}{first}:", more=tuple(more))


def _kinds(places: Sequence[Location], commits: tuple[str, ...]) -> set[Kind]:
    return {it.kind for it in places if it.commit and it.commit.startswith(commits)}


def _what(rewriting: Rewriting) -> str:
    branch = f" of branch {rewriting.branch}" if rewriting.branch else ""
    if not rewriting.base and branch:
        return f"the last commit{branch}"
    noun = "commit" if len(rewriting.commits) == 1 else "commits"
    return f"{noun} {_listed(rewriting.commits)}{branch}"


def _amending(places: Sequence[Location], rewriting: Rewriting) -> Iterator[Step]:
    """Yield what is to be done with each commit, and where, if that is not the same in all."""
    alike: dict[Step, list[str]] = {}
    for commit in rewriting.commits:
        alike.setdefault(_amended(_kinds(places, (commit,))), []).append(commit)
    for how, commits in alike.items():
        where = ""
        if rewriting.base:
            where = "at each stop, " if len(alike) == 1 else f"at {_listed(commits)}, "
        yield Step(where + how.text, how.typed)


def _amended(kinds: Collection[Kind]) -> Step:
    """Say what is to be done about places of some kinds in the last commit."""
    in_files, in_message = not IN_FILES.isdisjoint(kinds), Kind.COMMIT_MESSAGE in kinds
    todo = ["take the token out of the file"] if in_files else []
    if Kind.PATH in kinds:
        todo += ["give the file another name (`git mv OLD NEW`)"]
    if Kind.IDENTITY in kinds:
        todo += ["mend user.name and user.email"]
    if Kind.COMMIT_HEADER in kinds:
        return Step("make the commit anew, without that header" + "".join(f", {it}" for it in todo))
    if in_message and not todo:
        return Step("write another message:", "git commit --amend")
    command = "git commit -a --amend" if in_files else "git commit --amend"
    command += "" if in_message else " --no-edit"
    command += " --reset-author" if Kind.IDENTITY in kinds else ""
    then = "then, with another message:" if in_message else "then:"
    return Step(", ".join([*todo, then]), command)


def _listed(commits: Sequence[str]) -> str:
    more = len(commits) - MOST_NAMED
    return ", ".join(commits[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _noted(places: Sequence[Location], rewriting: Rewriting) -> Iterator[Step]:
    """Say how to edit notes, and to leave out their history, which keeps what they were."""
    ref, tree = (shlex.quote(f"{rewriting.notes}{suffix}") for suffix in ("", "^{tree}"))
    those = [it for it in places if it.commit and it.commit.startswith(rewriting.commits)]
    objects = dict.fromkeys(noted(it) for it in those if it.kind is Kind.NOTE)
    for name in [*objects][:MOST_NAMED]:
        yield Step("Edit the note:", f"git notes --ref={ref} edit {shlex.quote(name)}")
    yield Step(
        "Notes keep their history: make them anew without, and push with --force:",
        f"git update-ref {ref} $(git commit-tree -m Notes {tree})",
        instead=Step("Notes keep their history: make their ref anew without, under another name."),
    )


def _names(places: Sequence[Location]) -> Iterator[Step]:
    """Say how to give refs other names."""
    for name in dict.fromkeys(it.path or "" for it in places if it.kind is Kind.REF_NAME):
        if name.startswith(_TAG):
            yield _under_another_name(name.removeprefix(_TAG))
        elif name.startswith("refs/heads/"):
            yield Step(
                "Push under another name. To rename the current branch:", "git branch -m NEW"
            )
        else:
            yield Step("Push under another name.")


def _under_another_name(tag: str) -> Step:
    return Step(f"Make tag {tag} anew under another name, and delete this one.")


def _tags(places: Sequence[Location], moved: Sequence[Tag]) -> Iterator[Step]:
    """Say how to make tags anew that hold a token, or name a commit that does."""
    kinds: dict[str, set[Kind]] = {}
    for place in places:
        if not place.commit and place.kind in _IN_TAGS and place.path:
            kinds.setdefault(place.path.removeprefix(_TAG), set()).add(place.kind)
    targets = {name: f"{name}^{{}}" for name in kinds}
    targets |= {tag.name: tag.branch or "COMMIT" for tag in moved}
    annotated = {tag.name for tag in moved if tag.is_annotated} | kinds.keys()
    for name, target in [*targets.items()][:MOST_NAMED]:
        told = kinds.get(name, set())
        what = "Mend user.name and user.email, then make" if Kind.IDENTITY in told else "Make"
        how = ", with another message" if Kind.TAG_MESSAGE in told else ""
        text = f"{what} the tag anew{how}:"
        command = f"git tag -f {'-a ' if name in annotated else ''}{shlex.quote(name)}"
        elsewhere = Step(text, f"{command} COMMIT", instead=_under_another_name(name))
        yield Step(text, f"{command} {shlex.quote(target)}", instead=elsewhere)

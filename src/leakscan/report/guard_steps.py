"""How to take a token out of what the guard stopped, as commands that can be copied."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.model import Kind
from leakscan.safe_text import safe_text
from leakscan.sources.placing import outer_path, way_inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from leakscan.model import Finding, Location

MOST_NAMED = 5
"""Files that are named in a command."""

IN_FILES = frozenset({Kind.BLOB, Kind.STAGED, Kind.FILE, Kind.SYMLINK})
"""Kinds of places that are the content of a file, or of a symlink."""

NAMES = frozenset({Kind.PATH, Kind.REF_NAME, Kind.IDENTITY, Kind.COMMIT_HEADER})
"""Kinds of places that have no line for a comment."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do.

    Attributes:
        text: it, in words; may name what holds a token.
        typed: the command that does it; empty if there is none.
        more: what it is, in detail.
        instead: what to do where the command cannot be shown as it is; what the words say if
            ``None``.
    """

    text: str
    typed: str = ""
    more: tuple[Step, ...] = ()
    instead: Step | None = None

    def shown(self, clean: Callable[[str], str]) -> Step:
        """Return the step so that all of it may be shown, and all that is typed is whole.

        Args:
            clean: takes secrets out of a text.
        """
        more = tuple(step.shown(clean) for step in self.more)
        if not _is_whole(self.typed, clean):
            return (self.instead or Step(self.text.rstrip(":"), more=more)).shown(clean)
        return Step(safe_text(clean(self.text)), self.typed, more)


def _is_whole(typed: str, clean: Callable[[str], str]) -> bool:
    """Whether a command can be shown: nothing has been spelled out in it or redacted, or would."""
    return safe_text(clean(typed)) == typed and "\\" not in typed and "..." not in typed


RENAME = Step("Give the file another name:", "git mv OLD NEW")


def has_line(place: Location) -> bool:
    """Whether there is a line for a comment: not in a name, nor inside of an archive."""
    return place.kind not in NAMES and not way_inside(place.path)


def places_of(findings: Iterable[Finding], kinds: Iterable[Kind] = Kind) -> list[Location]:
    """Return where findings are, in places of these kinds."""
    return [it for finding in findings for it in finding.locations if it.kind in kinds]


def out_of_index(
    findings: Sequence[Finding],
    *,
    has_head: bool,
    at_top: bool,
    is_temporary: bool,
    is_patch: bool = False,
) -> list[Step]:
    """Say how to stage files without their tokens, or not at all.

    Args:
        findings: what is staged.
        has_head: whether there is a commit to take the former content from.
        at_top: whether the user stands at the top of the work tree.
        is_temporary: whether it is staged for this one commit only, as with ``git commit -a``.
        is_patch: whether it is a patch that ``git am`` has stopped at.
    """
    if is_patch:
        return [Step("Mend it and `git add` it, then:", "git am --continue")]
    steps = []
    if files := places_of(findings, IN_FILES):
        edit = Step("Take it out of the file, then commit again.")
        steps += [edit if is_temporary else _unstaging(files, has_head=has_head, at_top=at_top)]
    if places_of(findings, (Kind.PATH,)):
        steps += [RENAME]
    return steps


def _unstaging(places: Sequence[Location], *, has_head: bool, at_top: bool) -> Step:
    unstage = "git restore --staged" if has_head else "git reset --"
    paths = list(dict.fromkeys(outer_path(place.path or "") for place in places))
    edit = "Edit it and `git add` it again, or unstage"
    everything = Step(f"{edit} everything:", f"{unstage} {_pathspec('', at_top=at_top)}")
    if not all(paths) or len(paths) > MOST_NAMED:
        return everything
    named = shlex.join(_pathspec(path, at_top=at_top) for path in paths)
    return Step(f"{edit} it:", f"{unstage} {named}", instead=everything)


def _pathspec(path: str, *, at_top: bool) -> str:
    """Return what names a path to git, wherever the user stands, and whatever it begins with."""
    if at_top and not path.startswith(("-", ":")):
        return path or "."
    # What follows `:/` may be taken for more magic (gitglossary(7), pathspec).
    return f":/{path}" if not path or path[0].isalnum() else f":(top){path}"


def out_of_message(
    _findings: Sequence[Finding], *, file: Path, has_difference: bool = False
) -> list[Step]:
    """Say how to commit with another message; git has kept the one that was stopped in a file.

    Args:
        file: it.
        has_difference: whether a difference stands in it, too, which git cuts off only with ``-v``.
    """
    if file.name == "MERGE_MSG":  # the merge itself is done, and its message is offered again
        return [Step("Commit the merge with another message:", "git commit")]
    edit = "to edit this one, give it in place of -m"
    unnamed = Step(f"{edit}, by -e -F and the name of its file")
    more = [Step(f"{edit}:", f"-e -F {shlex.quote(str(file))}", instead=unnamed)]
    if has_difference:
        more += [Step("without -v, delete its line of scissors and all below")]
    return [Step("Repeat your command with another message;", more=tuple(more))]


def out_of_files(findings: Sequence[Finding]) -> list[Step]:
    """Say what can be done about what may have been committed before."""
    steps = [Step("Take it out of the files.")] if places_of(findings, IN_FILES) else []
    return [*steps, RENAME] if places_of(findings, (Kind.PATH,)) else steps

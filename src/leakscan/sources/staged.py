"""What a commit would add: what is staged, compared with what is committed."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from leakscan.errors import TargetError
from leakscan.git.layout import find_layout
from leakscan.git.own import ask
from leakscan.git.raw_diff import read_changes
from leakscan.git.texts import readable
from leakscan.glance import STAGED
from leakscan.model import Kind, Location
from leakscan.sources.files import scan_files
from leakscan.sources.novelty import Novelty
from leakscan.sources.objects import search_objects
from leakscan.sources.placing import named_place, placed, shown_name
from leakscan.sources.sighting import no_progress
from leakscan.sources.worktree import WorkTree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leakscan.detect import Detector
    from leakscan.git.raw_diff import Change
    from leakscan.model import Match
    from leakscan.sources.sighting import Sighting, Tally

IN_HEAD = "in HEAD already"
IN_MERGED = "in a commit that is merged"


def staged_changes(*against: str) -> list[Change]:
    """Return what is staged, in comparison with a commit, by default HEAD if there is one.

    Raises:
        TargetError: git cannot tell.
    """
    return read_changes(ask(*STAGED[1:], *against, "--", doing="tell what is staged"))


def scan_staged(
    changes: Sequence[Change], repository: str, detector: Detector, tally: Tally
) -> Iterator[Sighting]:
    """Search what is staged; with tokens that the commit does not add comes where they stood.

    Args:
        changes: as `staged_changes` returns them.
        repository: what to call it in locations.
        detector: what to search with.
        tally: told what was read and what could not be.

    Raises:
        TargetError: git cannot tell with what to compare.
    """
    for change in changes:
        if change.is_unmerged:
            path = shown_name(change.path, detector)
            tally.skip(path, "it is unmerged: choose a version, and `git add` it")
    # Only in an index that is corrupt is there a file without a name.
    paths = {change.after: change.path for change in changes if change.after}

    def named(oid: str) -> str:
        return shown_name(paths[oid], detector) or f"object {oid}"

    searched = search_objects([*paths], detector, tally, named)
    in_blobs = {item.oid: found for item, found in searched}
    in_paths = (detector.search(change.path) for change in changes if not change.is_gone)
    if any(in_blobs.values()) or any(in_paths):
        merged = _merged()
        comparisons = [changes, *(staged_changes(commit) for commit in merged)]
        novelty = Novelty(in_blobs, detector)
        known = IN_MERGED if merged else IN_HEAD
        yield from novelty.sightings(comparisons, partial(_location, repository), known)


def scan_tracked(repository: str, detector: Detector, tally: Tally) -> Iterator[Sighting]:
    """Search the tracked files of a work tree as they are.

    Args:
        repository: its top.
        detector: what to search with.
        tally: told what was read and what could not be.

    Raises:
        TargetError: there is no work tree.
    """
    layout = find_layout(Path(repository))
    if layout is None or layout.work_tree is None:
        raise TargetError("there is no work tree here", "run it inside of one")
    tree = WorkTree(layout, tally)
    yield from scan_files(tree.tracked_files(), tree.root, repository, detector, tally, no_progress)


def _location(repository: str, change: Change, match: Match, kind: Kind) -> Location:
    path = readable(change.path)
    if kind is Kind.PATH:
        return named_place(Location(kind, repository, path=path), match)
    staged = Kind.STAGED if kind is Kind.BLOB else kind
    return placed(Location(staged, repository, change.after, path=path), match)


def _merged() -> list[str]:
    """Return the commits that a merge in progress brings in, in hex.

    Raises:
        TargetError: git cannot tell.
    """
    path = os.fsdecode(ask("rev-parse", "--git-path", "MERGE_HEAD", doing="name its files"))
    try:
        return os.fsdecode(Path(path.removesuffix("\n")).read_bytes()).split()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise TargetError(f"cannot read {path} ({error.strerror})", "see `git status`") from None

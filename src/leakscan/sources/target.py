"""What the user means by a target: a URL, a repository, a folder, a file, standard input."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from leakscan.errors import TargetError, UsageError
from leakscan.git.layout import Layout, find_layout
from leakscan.git.urls import transport, without_credentials
from leakscan.sources.files import scan_files, scan_named_file, scan_stream, walk_folder
from leakscan.sources.repository import RepositoryOptions, repository_at, scan_repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leakscan.detect import Detector
    from leakscan.sources.sighting import Progress, Sighting, Tally


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """How to scan a target.

    Attributes:
        repository: what to read of a repository.
        max_bytes, timeout: limits for cloning a URL; 0 for none.
        cloning: told how a clone gets on: stage, done, total.
    """

    repository: RepositoryOptions
    max_bytes: int
    timeout: float
    cloning: Callable[[str, int, int], None]


def scan_target(
    target: str, detector: Detector, options: TargetOptions, tally: Tally, progress: Progress
) -> Iterator[Sighting]:
    """Search whatever ``target`` names.

    Raises:
        TargetError: it does not exist or cannot be had.
        UsageError: the options do not fit it.
    """
    wanted = options.repository
    limited = not wanted.history or wanted.since or wanted.revisions
    if target == "-":
        _only_for_repositories(limited, "standard input")
        yield from scan_stream(sys.stdin.buffer, "<stdin>", detector, tally)
        return
    if transport(target):
        yield from _scan_url(target, detector, options, tally, progress)
        return
    path = Path(target)
    layout = repository_at(path)
    if layout:
        yield from scan_repository(layout, target, detector, wanted, tally, progress)
        return
    _only_for_repositories(limited, target)
    if path.is_dir():
        yield from _scan_folder(path, target, detector, wanted, tally, progress)
    elif path.exists():
        yield from scan_named_file(path, target, detector, tally)
    else:
        like_a_url = re.match(r"[\w-]+(\.[\w-]+)+/\w", target)
        remedy = f"did you mean https://{target}?" if like_a_url else "check the path"
        raise TargetError(f"{target} does not exist", remedy)


def _scan_folder(
    folder: Path,
    target: str,
    detector: Detector,
    wanted: RepositoryOptions,
    tally: Tally,
    progress: Progress,
) -> Iterator[Sighting]:
    """Search the files of a folder, and the repositories in it as repositories."""
    nested: list[Layout] = []

    def is_repository(path: Path) -> bool:
        try:
            layout = repository_at(path)
        except TargetError as error:  # its files are read as any others
            tally.skip(f"the repository {path}", str(error))
            return False
        if layout:
            nested.append(layout)
        return layout is not None

    files = walk_folder(folder, tally, is_repository)
    yield from scan_files(files, folder, target, detector, tally, progress)
    for layout in nested:
        name = str(layout.work_tree or layout.git_dir)
        yield from scan_repository(layout, name, detector, wanted, tally, progress)


def _scan_url(
    url: str, detector: Detector, options: TargetOptions, tally: Tally, progress: Progress
) -> Iterator[Sighting]:
    if not options.repository.history:
        raise UsageError("--no-history reads a work tree, which a URL has not", "drop it")
    from leakscan.git.program import PROTOCOLS
    from leakscan.sources.remote import NeedsGitError, reads_itself, scan_remote

    protocols: tuple[str, ...] = PROTOCOLS
    if reads_itself(url):
        try:
            yield from scan_remote(url, detector, options, tally, progress)
            return
        except NeedsGitError:
            # Nothing has been yielded: it is known before anything is read.  And no redirect
            # may make of a safe transport one that anybody can listen to.
            protocols = ("https",) if transport(url) == "https" else PROTOCOLS
    from leakscan.git.clone import Limits, cloned

    limits = Limits(options.max_bytes, options.timeout)
    with cloned(url, limits, options.cloning, protocols) as folder:
        layout = find_layout(folder)
        assert layout  # noqa: S101 - git has just made it
        # The files around the objects are ours, not the remote's.
        wanted = replace(options.repository, metadata=False, work_tree=False)
        name = without_credentials(url)
        yield from scan_repository(
            replace(layout, origin=url), name, detector, wanted, tally, progress
        )


def _only_for_repositories(limited: object, target: str) -> None:
    if limited:
        raise UsageError(f"{target} is no repository", "drop --no-history, --since and --range")

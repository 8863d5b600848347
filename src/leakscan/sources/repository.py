"""A git repository: its objects, the names and logs around them, and its work tree."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from leakscan.errors import UsageError
from leakscan.git.damage import DamagedError
from leakscan.git.layout import Layout, find_layout
from leakscan.git.pack import TYPE_NAMES
from leakscan.git.program import run_git
from leakscan.git.refs import Ref, log_files, metadata_files, read_refs, read_stashes
from leakscan.git.store import ObjectStore
from leakscan.git.survey import Hit, Portion, Survey
from leakscan.git.texts import readable
from leakscan.model import Kind, Location, Match
from leakscan.sources.files import scan_files, scan_name, walk_folder
from leakscan.sources.sighting import Progress, Sighting, Tally, no_progress
from leakscan.sources.worktree import WorkTree, staged_entries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leakscan.detect import Detector

MAX_LISTED = 1000
"""Missing or broken objects that are listed one by one."""


@dataclass(frozen=True, slots=True)
class RepositoryOptions:
    """What to read of a repository.

    Attributes:
        history: read all objects, refs and logs; else only the files of the work tree.
        work_tree: read staged, changed and untracked files too.
        ignored: read untracked files that git is told to ignore, too.
        metadata: read reflogs, configuration and other files of the git directory.
        all_commits: list every introducing commit of a place.
        since: only what was committed since then: a date, or "2.weeks".
        revisions: only what these commits introduced: ``A..B``, ``A`` or ``A...B``.
        jobs: worker processes.
    """

    history: bool = True
    work_tree: bool = True
    ignored: bool = False
    metadata: bool = True
    all_commits: bool = False
    since: str | None = None
    revisions: str | None = None
    jobs: int = 1


def scan_repository(
    layout: Layout,
    name: str,
    detector: Detector,
    options: RepositoryOptions,
    tally: Tally,
    progress: Progress,
) -> Iterator[Sighting]:
    """Search a repository.

    Args:
        layout: the repository.
        name: what to call it in locations: its path or URL.
        detector: what to search with.
        options: what to read of it.
        tally: told what was read and what could not be.
        progress: told how many objects have been read.

    Raises:
        UsageError: the options do not fit the repository.
    """
    tally.skipped += layout.problems
    tree = WorkTree(layout, tally) if layout.work_tree and options.work_tree else None
    if not options.history:
        if options.since or options.revisions:
            raise UsageError("--no-history has no commits for --since and --range", "drop one")
        if tree is None:
            raise UsageError(f"{name} is bare", "it has nothing but history: drop --no-history")
        yield from _work_tree(tree, name, detector, options, tally, progress)
        return
    within = _selected_commits(layout, options)
    with ObjectStore(layout) as store:
        survey = Survey(store, detector, jobs=options.jobs, check_links=True)
        portion = survey.run(progress)
        tally.skipped += store.problems
        tally.objects += portion.objects
        tally.bytes += portion.size
        refs = _refs(layout, tally)
        staged = _staged(layout, tally)
        _note_gaps(layout, survey, portion, store, refs, staged, tally)
        if portion.hits:
            yield from _attributed(
                portion.hits,
                store,
                layout,
                refs,
                staged,
                name,
                options,
                within,
                tally,
            )
    if within is None:
        yield from _ref_names(refs, name, detector, tally)
        yield from _staged_names(staged, name, detector)
        if options.metadata:
            yield from _metadata(layout, name, detector, tally)
        if tree:
            yield from _work_tree(tree, name, detector, options, tally, progress)


def repository_at(path: Path) -> Layout | None:
    """Return the repository whose root, work tree or git directory ``path`` is."""
    if not path.is_dir():
        return None
    layout = find_layout(path)
    here = path.resolve()
    if layout and here in (
        layout.git_dir.resolve(),
        layout.common_dir.resolve(),
        layout.work_tree and layout.work_tree.resolve(),
    ):
        return layout
    return None


def _attributed(
    hits: list[Hit[Match]],
    store: ObjectStore,
    layout: Layout,
    refs: dict[bytes, Ref],
    staged: dict[bytes, bytes],
    name: str,
    options: RepositoryOptions,
    within: frozenset[bytes] | None,
    tally: Tally,
) -> Iterator[Sighting]:
    from leakscan.sources.attribution import Attribution

    unique: dict[bytes, Hit[Match]] = {}
    for hit in hits:  # an object can lie in more than one pack
        known = unique.setdefault(hit.oid, hit)
        if known.found != hit.found:
            unique[hit.oid] = replace(known, found=(*known.found, *hit.found))
    attribution = Attribution(
        store,
        layout,
        refs,
        staged,
        read_stashes(layout),
        name,
        tally=tally,
        all_commits=options.all_commits,
        within=within,
        jobs=options.jobs,
    )
    yield from attribution.sightings(unique.values())


def _staged(layout: Layout, tally: Tally) -> dict[bytes, bytes]:
    """Return the paths of all objects that are staged, in this and in linked work trees."""
    staged: dict[bytes, bytes] = {}
    for git_dir in layout.git_dirs:
        try:
            staged |= {e.oid: e.path for e in staged_entries(git_dir, layout.hash_size)}
        except (DamagedError, OSError) as error:
            if git_dir != layout.git_dir:
                tally.skip(f"the index of {git_dir.name}", str(error))
    return staged


def _note_gaps(
    layout: Layout,
    survey: Survey[Match],
    portion: Portion[Match],
    store: ObjectStore,
    refs: dict[bytes, Ref],
    staged: dict[bytes, bytes],
    tally: Tally,
) -> None:
    """Record everything that the repository should have but that could not be read."""
    gaps = [(f"object {oid.hex()}", why) for oid, why in portion.broken]
    why_missing = "left out of this partial clone" if layout.partial else "missing"
    for oid, (namer, kind) in portion.missing.items():
        if namer.hex() not in layout.shallow:
            named_by = f"{TYPE_NAMES[kind]} {namer.hex()[:12]} names it"
            gaps.append((f"object {oid.hex()}", f"{why_missing}; {named_by}"))
    gaps += [
        (f"object {ref.oid.hex()}", f"missing; {readable(ref.name)} names it")
        for ref in refs.values()
        if ref.oid
        and (ref.name.startswith(b"refs/") or ref.name.endswith(b"/HEAD") or ref.name == b"HEAD")
        and ref.oid not in store
    ]
    gaps += [
        (f"object {oid.hex()}", f"{why_missing}; it is staged as {readable(path)}")
        for oid, path in staged.items()
        if oid not in store and oid not in portion.missing
    ]
    for what, why in gaps[:MAX_LISTED]:
        tally.skip(what, why)
    if len(gaps) > MAX_LISTED:
        tally.skip(f"{len(gaps) - MAX_LISTED} more objects", "missing or damaged like these")
    if (layout.partial or portion.missing) and not survey.checks_all_links:
        tally.skip(
            "perhaps more objects that are missing",
            "in a repository of this size only trees that are stored whole are checked for them",
        )
    if layout.shallow:
        tally.skip(
            f"the history before {len(layout.shallow)} commits",
            "this clone is shallow; `git fetch --unshallow` brings the rest",
        )


def _refs(layout: Layout, tally: Tally) -> dict[bytes, Ref]:
    try:
        return read_refs(layout)
    except DamagedError as error:
        tally.skip("names of refs", str(error))
        return {}


def _ref_names(
    refs: dict[bytes, Ref], name: str, detector: Detector, tally: Tally
) -> Iterator[Sighting]:
    for ref in refs.values():
        for match in detector.search(ref.name):
            yield Sighting(
                match,
                Location(
                    Kind.REF_NAME,
                    name,
                    commit=ref.oid.hex() if ref.oid else None,
                    path=readable(ref.name),
                    current=True,
                ),
            )
    tally.bytes += sum(len(ref) for ref in refs)


def _staged_names(staged: dict[bytes, bytes], name: str, detector: Detector) -> Iterator[Sighting]:
    for path in staged.values():
        yield from scan_name(path, name, detector)


def _metadata(layout: Layout, name: str, detector: Detector, tally: Tally) -> Iterator[Sighting]:
    """Search the files of the git directory itself; they do not count as objects."""
    read = Tally()
    sources = ((Kind.REFLOG, log_files), (Kind.GIT_FILE, metadata_files))
    for kind, paths in sources:
        try:
            files = scan_files(paths(layout), layout.git_dir, name, detector, read, no_progress)
            for sighting in files:
                yield Sighting(sighting.match, replace(sighting.location, kind=kind))
        except DamagedError as error:
            tally.skip(f"some of the {kind.value} files", str(error))
    tally.bytes += read.bytes
    tally.skipped += read.skipped


def _work_tree(
    tree: WorkTree,
    name: str,
    detector: Detector,
    options: RepositoryOptions,
    tally: Tally,
    progress: Progress,
) -> Iterator[Sighting]:
    """Search the files that the index does not hold as they are; without history, all.

    Repositories within the work tree, submodules or such as nobody added, are searched too.
    """

    def paths() -> Iterator[Path]:
        yield from tree.changed_files() if options.history else tree.tracked_files()
        yield from tree.untracked_files(ignored=options.ignored)

    yield from scan_files(paths(), tree.root, name, detector, tally, progress)
    for path in tree.nested:
        if layout := repository_at(path):
            yield from scan_repository(layout, str(path), detector, options, tally, progress)
        elif path.is_dir() and not path.is_symlink():
            # A folder of a sparse index, or a submodule that is a plain folder here.
            files = walk_folder(path, tally, lambda _folder: False)
            yield from scan_files(files, tree.root, name, detector, tally, progress)


def _selected_commits(layout: Layout, options: RepositoryOptions) -> frozenset[bytes] | None:
    """Return the commits that ``since`` and ``revisions`` select; ``None`` for no limit.

    Raises:
        UsageError: git cannot make sense of them.
    """
    if not options.since and not options.revisions:
        return None
    wanted = ["--all"] if not options.revisions else ["--end-of-options", options.revisions]
    since = [f"--since={_exact_date(options.since)}"] if options.since else []
    done = run_git(
        f"--git-dir={layout.git_dir}", "rev-list", *since, *wanted, "--", cwd=layout.git_dir
    )
    if done.returncode:
        reason = readable(done.stderr).strip().splitlines()[-1:] or ["git rev-list failed"]
        raise UsageError(f"no such commits: {reason[0]}", "name them as `git log` takes them")
    return frozenset(bytes.fromhex(line) for line in done.stdout.decode().split())


def _exact_date(text: str) -> str:
    """Return a date as git takes it without guessing; git makes "now" of what it cannot read.

    Raises:
        UsageError: it is neither a date nor a time ago.
    """
    if re.fullmatch(_AGO, text):
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is no date", "write 2026-01-31, 2026-01-31T12:00 or 2.weeks"
        ) from None
    return moment.isoformat()


_AGO = r"\d+[. ](?:second|minute|hour|day|week|month|year)s?(?:[. ]ago)?|yesterday"

"""A git repository: its objects, the names and logs around them, and its work tree."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from leakscan.detect.redaction import without_encoded
from leakscan.errors import TargetError, UsageError
from leakscan.git.damage import DamagedError
from leakscan.git.layout import Layout, find_layout
from leakscan.git.pack import BLOB, COMMIT, TAG
from leakscan.git.refs import (
    LASTING,
    Ref,
    absorbed,
    log_files,
    metadata_files,
    read_refs,
    read_stashes,
)
from leakscan.git.store import ObjectStore
from leakscan.git.survey import Survey
from leakscan.git.texts import readable
from leakscan.model import PROVISIONAL, Kind, Location, Match
from leakscan.sources.files import scan_files, scan_name, walk_folder
from leakscan.sources.gaps import note_gaps
from leakscan.sources.placing import named_place
from leakscan.sources.sighting import Early, Progress, Sighting, Tally, no_progress
from leakscan.sources.worktree import WorkTree, staged_entries

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence
    from pathlib import Path

    from leakscan.detect import Detector
    from leakscan.git.survey import Hit
    from leakscan.sources.placing import Found


EARLY_KINDS = {BLOB: Kind.BLOB, COMMIT: Kind.COMMIT_MESSAGE, TAG: Kind.TAG_MESSAGE}


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
        early: told of what is found before it is known where it stands; it comes again with that.
    """

    history: bool = True
    work_tree: bool = True
    ignored: bool = False
    metadata: bool = True
    all_commits: bool = False
    since: str | None = None
    revisions: str | None = None
    jobs: int = 1
    early: Early | None = None


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository without its objects.

    Attributes:
        name: what to call it in locations: its path or URL.
        refs: its refs by name.
        staged: paths of staged objects, in this and in linked work trees.
        stashes: commits of the stash, older ones included.
    """

    name: str
    layout: Layout
    refs: Mapping[bytes, Ref]
    staged: Mapping[bytes, bytes]
    stashes: Sequence[bytes]

    @property
    def remote(self) -> str:
        """Where its commits can be seen, perhaps."""
        return self.layout.origin or self.name


def scan_repository(
    layout: Layout,
    name: str,
    detector: Detector,
    options: RepositoryOptions,
    tally: Tally,
    progress: Progress,
    seen: set[Path] | None = None,
) -> Iterator[Sighting]:
    """Search a repository, and those within it.

    Args:
        layout: the repository.
        name: what to call it in locations: its path or URL.
        detector: what to search with.
        options: what to read of it.
        tally: told what was read and what could not be.
        progress: told how many objects have been read.
        seen: git directories that have been searched; hostile ones may lead to one another.

    Raises:
        UsageError: the options do not fit the repository.
    """
    seen = set() if seen is None else seen
    if layout.git_dir.resolve() in seen:
        return
    seen.add(layout.git_dir.resolve())
    tally.skipped += layout.problems
    tree = WorkTree(layout, tally) if layout.work_tree and options.work_tree else None
    if not options.history:
        if options.since or options.revisions:
            raise UsageError("--no-history has no commits for --since and --range", "drop one")
        if tree is None:
            raise UsageError(f"{name} is bare", "it has nothing but history: drop --no-history")
        yield from _work_tree(tree, name, detector, options, tally, progress, seen)
        return
    within = _within(layout, options)
    repository = yield from _history(layout, name, detector, options, within, tally, progress)
    if within is None:
        yield from _ref_names(repository, detector, tally)
        yield from _staged_names(repository, detector)
        if options.metadata:
            yield from _metadata(layout, name, detector, tally)
        if tree:
            yield from _work_tree(tree, name, detector, options, tally, progress, seen)
        if options.metadata:
            inner = replace(options, work_tree=False)
            for path in _absorbed(layout, tally):
                if found := _layout_at(path, tally):
                    yield from scan_repository(
                        found, str(path), detector, inner, tally, progress, seen
                    )


def _history(
    layout: Layout,
    name: str,
    detector: Detector,
    options: RepositoryOptions,
    within: frozenset[bytes] | None,
    tally: Tally,
    progress: Progress,
) -> Generator[Sighting, None, Repository]:
    """Search the objects, and return what was read around them."""
    told = layout.git_dir if layout.work_tree and options.work_tree else None
    with ObjectStore(layout) as store:
        survey = Survey(store, detector, jobs=options.jobs)
        # Of a part of the commits, who knows yet whether they are in it?
        early = options.early if within is None else None
        portion = survey.run(progress, lambda hits: tell_early(hits, name, early))
        tally.skipped += store.problems
        tally.objects += portion.objects
        tally.bytes += portion.size
        refs, staged = _refs(layout, tally), _staged(layout, tally, told)
        repository = Repository(name, layout, refs, staged, read_stashes(layout))
        note_gaps(repository, survey, portion, store, tally)
        if portion.hits:
            from leakscan.sources.attribution import Attribution

            attribution = Attribution(repository, store, portion, options, within, tally)
            yield from attribution.sightings()
    return repository


def tell_early(hits: Sequence[Hit[Found]], name: str, early: Early | None) -> None:
    """Tell of what surely will be a sighting; in a tree it may be no name at all."""
    if early is None:
        return
    for hit in hits:
        if hit.type in EARLY_KINDS:
            kind = EARLY_KINDS[hit.type]
            place = Location(kind, name, object=hit.oid.hex(), note=PROVISIONAL)
            for match in hit.found:
                if isinstance(match, Match):
                    early(Sighting(match, place))


def _absorbed(layout: Layout, tally: Tally) -> Iterator[Path]:
    try:
        yield from absorbed(layout)
    except DamagedError as error:
        tally.skip("repositories of some submodules", str(error))


def _layout_at(path: Path, tally: Tally) -> Layout | None:
    try:
        return repository_at(path)
    except TargetError as error:
        tally.skip(f"the repository {path}", str(error))
        return None


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


def _within(layout: Layout, options: RepositoryOptions) -> frozenset[bytes] | None:
    """Return the commits that the options limit the scan to; ``None`` for no limit."""
    if not options.since and not options.revisions:
        return None
    from leakscan.sources.selection import selected_commits

    return selected_commits(layout, options.since, options.revisions)


def _staged(layout: Layout, tally: Tally, told: Path | None) -> dict[bytes, bytes]:
    """Return the paths of all objects that are staged, in this and in linked work trees.

    Damage of the index in one git directory is ``told`` by who reads its work tree.
    """
    staged: dict[bytes, bytes] = {}
    for git_dir in layout.git_dirs:
        try:
            for entry in staged_entries(git_dir, layout.hash_size):
                staged[entry.oid] = entry.path
        except (DamagedError, OSError) as error:
            if git_dir != told:
                tally.skip(f"the index of {git_dir.name}", str(error))
    return staged


def _refs(layout: Layout, tally: Tally) -> dict[bytes, Ref]:
    try:
        return read_refs(layout)
    except DamagedError as error:
        tally.skip("names of refs", str(error))
        return {}


def _ref_names(repository: Repository, detector: Detector, tally: Tally) -> Iterator[Sighting]:
    refs = repository.refs.values()
    tally.bytes += sum(len(ref.name) + len(ref.target) for ref in refs)
    if not detector.search(b"\0".join([name for ref in refs for name in (ref.name, ref.target)])):
        return
    for ref in refs:
        in_name = detector.search(ref.name)
        for match in (*in_name, *detector.search(ref.target)):
            place = Location(
                Kind.REF_NAME,
                repository.name,
                commit=ref.oid.hex() if ref.oid else None,
                path=readable(without_encoded(ref.name, in_name)),
                current=True,
                reachable=ref.name.startswith(LASTING),
            )
            yield Sighting(match, named_place(place, match))


def _staged_names(repository: Repository, detector: Detector) -> Iterator[Sighting]:
    for path in repository.staged.values():
        yield from scan_name(path, repository.name, detector)


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
    seen: set[Path],
) -> Iterator[Sighting]:
    """Search the files that the index does not hold as they are; without history, all.

    Repositories within the work tree, submodules or such as nobody added, are searched too.
    """

    def paths() -> Iterator[Path]:
        yield from tree.changed_files() if options.history else tree.tracked_files()
        yield from tree.untracked_files(ignored=options.ignored)

    yield from scan_files(paths(), tree.root, name, detector, tally, progress)
    for path in tree.nested:
        if path.is_symlink():  # it may lead anywhere
            yield from scan_files([path], tree.root, name, detector, tally, progress)
        elif layout := _layout_at(path, tally):
            yield from scan_repository(layout, str(path), detector, options, tally, progress, seen)
        elif path.is_dir():
            # A folder of a sparse index, or a submodule that is a plain folder here.
            files = walk_folder(path, tally, lambda _folder: False)
            yield from scan_files(files, tree.root, name, detector, tally, progress)

"""Plain files, folders and standard input."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from leakscan.detect.redaction import without_encoded
from leakscan.errors import TargetError
from leakscan.git.texts import readable
from leakscan.model import Kind, Location
from leakscan.sources.placing import named_place, placed, readable_parts
from leakscan.sources.sighting import Progress, Sighting, Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from leakscan.detect import Detector
    from leakscan.model import Match
    from leakscan.sources.placing import Found

CHUNK = 4 << 20
"""Bytes read at a time; a smaller file is searched in one call."""


def scan_stream(
    stream: BinaryIO, name: str, detector: Detector, tally: Tally
) -> Iterator[Sighting]:
    """Search standard input, or anything else that is read once."""
    place = Location(Kind.STDIN, name)
    inside = Location(Kind.STDIN, name, path=name)
    for match in readable_parts(_search(stream, detector, tally), name, tally):
        yield Sighting(match, placed(inside if match.within else place, match))


def scan_files(
    paths: Iterable[Path],
    root: Path,
    repository: str,
    detector: Detector,
    tally: Tally,
    progress: Progress,
) -> Iterator[Sighting]:
    """Search the contents, names and symlink targets of files.

    Args:
        paths: the files, as they are to be opened.
        root: what the paths in locations are relative to.
        repository: what was scanned, for the locations.
        detector: what to search with.
        tally: told what was read and what could not be.
        progress: told how many files are done.
    """
    for done, path in enumerate(paths, 1):
        raw = os.fsencode(os.path.relpath(path, root))
        in_name = detector.search(raw)
        yield from _in_name(raw, in_name, repository)
        name = readable(without_encoded(raw, in_name))
        yield from _scan_file(path, Location(Kind.FILE, repository, path=name), detector, tally)
        progress(done, 0)


def scan_name(path: bytes, repository: str, detector: Detector) -> Iterator[Sighting]:
    """Search a path; of a folder's name the location is the folder, once for all its files."""
    return _in_name(path, detector.search(path), repository)


def _in_name(path: bytes, matches: Sequence[Match], repository: str) -> Iterator[Sighting]:
    for match in matches:
        end = path.find(b"/", match.start + match.length)
        named = readable(without_encoded(path if end < 0 else path[:end], matches))
        yield Sighting(match, named_place(Location(Kind.PATH, repository, path=named), match))


def scan_named_file(path: Path, name: str, detector: Detector, tally: Tally) -> Iterator[Sighting]:
    """Search the one file that was asked for, be it a link or a pipe.

    Raises:
        TargetError: it is a device, which may have no end.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise TargetError(f"{name} is a device", "name a file, or - for standard input")
        with path.open("rb") as file:
            place = Location(Kind.FILE, name, path=name)
            for match in readable_parts(_search(file, detector, tally), f"file {name}", tally):
                yield Sighting(match, placed(place, match))
    except OSError as error:
        tally.skip(f"file {name}", error.strerror or str(error))


def _scan_file(path: Path, place: Location, detector: Detector, tally: Tally) -> Iterator[Sighting]:
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            target = os.fsencode(path.readlink())
            tally.read(len(target))
            link = Location(Kind.SYMLINK, place.repository, path=place.path)
            found = detector.search_text(target)
            for match in readable_parts(found, f"symlink {place.path}", tally):
                yield Sighting(match, placed(link, match))
        elif stat.S_ISREG(mode):
            with path.open("rb") as file:
                contents = _search(file, detector, tally)
                for match in readable_parts(contents, f"file {place.path}", tally):
                    yield Sighting(match, placed(place, match))
        # Sockets, pipes and devices hold nothing to be found, and reading them can hang.
    except OSError as error:
        tally.skip(f"file {place.path}", error.strerror or str(error))


def _search(file: BinaryIO, detector: Detector, tally: Tally) -> Iterable[Found]:
    """Search a file in one call if it is small, else as a stream."""
    first = file.read(CHUNK)
    if len(first) < CHUNK and not (rest := file.read(CHUNK)):
        tally.read(len(first))
        return detector.search_blob(first)
    if len(first) < CHUNK:
        first += rest
    return _search_stream(first, file, detector, tally)


def _search_stream(
    first: bytes, file: BinaryIO, detector: Detector, tally: Tally
) -> Iterator[Found]:
    size = 0

    def chunks() -> Iterator[bytes]:
        nonlocal size
        chunk = first
        while chunk:
            size += len(chunk)
            yield chunk
            chunk = file.read(CHUNK)

    yield from detector.search_stream(chunks())
    tally.read(size)


def walk_folder(folder: Path, tally: Tally, passed_over: Callable[[Path], bool]) -> Iterator[Path]:
    """Yield every file below a folder, in order; symlinks are not followed.

    Args:
        folder: where to begin.
        tally: told what cannot be listed.
        passed_over: whether to leave out a folder and all below it.
    """

    def failed(error: OSError) -> None:
        tally.skip(f"folder {readable(os.fsencode(error.filename))}", error.strerror or str(error))

    for where, folders, names in os.walk(folder, onerror=failed):
        if where != str(folder) and passed_over(Path(where)):
            folders.clear()
            continue
        folders.sort()
        linked = [name for name in folders if Path(where, name).is_symlink()]
        yield from (Path(where, name) for name in sorted(names + linked))

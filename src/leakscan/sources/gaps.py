"""What a repository should have but what could not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakscan.git.pack import TYPE_NAMES
from leakscan.git.texts import readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.git.store import ObjectStore
    from leakscan.git.survey import Portion, Survey
    from leakscan.sources.placing import Found
    from leakscan.sources.repository import Repository
    from leakscan.sources.sighting import Tally

MAX_LISTED = 1000
"""Missing or broken objects that are listed one by one."""


def note_gaps(
    repository: Repository,
    survey: Survey[Found],
    portion: Portion[Found],
    store: ObjectStore,
    tally: Tally,
) -> None:
    """Record everything that the repository should have but that could not be read."""
    layout = repository.layout
    gaps = list(_gaps(repository, portion, store))
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


def _gaps(
    repository: Repository, portion: Portion[Found], store: ObjectStore
) -> Iterator[tuple[str, str]]:
    """Yield each object that is broken or missing, and why."""
    layout = repository.layout
    yield from ((f"object {oid.hex()}", why) for oid, why in portion.broken)
    why_missing = "left out of this partial clone" if layout.partial else "missing"
    for oid, (namer, kind) in portion.missing.items():
        if namer.hex() not in layout.shallow:
            named_by = f"{TYPE_NAMES[kind]} {namer.hex()[:12]} names it"
            yield f"object {oid.hex()}", f"{why_missing}; {named_by}"
    pointing = []
    for ref in repository.refs.values():
        if ref.oid and len(ref.oid) != layout.hash_size:
            yield f"ref {readable(ref.name)}", "its id is of another length than this repository's"
        elif ref.oid and _must_exist(ref.name):
            pointing.append(ref)
    absent = store.absent(ref.oid for ref in pointing if ref.oid)
    for ref in pointing:
        if ref.oid in absent:
            yield f"object {ref.oid.hex()}", f"missing; {readable(ref.name)} names it"
    for oid in store.absent(repository.staged) - portion.missing.keys():
        path = readable(repository.staged[oid])
        yield f"object {oid.hex()}", f"{why_missing}; it is staged as {path}"


def _must_exist(name: bytes) -> bool:
    """Tell refs from such as FETCH_HEAD of long ago, which may name what is gone."""
    return name.startswith(b"refs/") or name.endswith(b"/HEAD") or name == b"HEAD"

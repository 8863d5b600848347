"""What one push brought: fetched with as few bytes as it takes, searched while it arrives."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from leakscan.git.damage import DamagedError
from leakscan.git.refs import read_refs
from leakscan.git.store import ObjectStore
from leakscan.git.survey import Survey
from leakscan.git.urls import GITHUB, page_of
from leakscan.git.wire import Fetch
from leakscan.model import Location
from leakscan.sources.attribution import Attribution
from leakscan.sources.reception import Reception
from leakscan.sources.repository import EARLY_KINDS, Repository, RepositoryOptions
from leakscan.sources.sighting import Sighting
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Set
    from contextlib import AbstractContextManager

    from leakscan.detect import Detector
    from leakscan.git.wire import Arriving, Limits, Meter, Wire
    from leakscan.push import Push
    from leakscan.sources.sighting import Tally


def scan_push(
    push: Push,
    site: str,
    wire: Wire,
    detector: Detector,
    limits: Limits,
    tally: Tally,
    meter: Meter,
) -> Iterator[Sighting]:
    """Search what a push brought; what is found before a failure is yielded before it is raised.

    Args:
        push: what happened.
        site: address of the hosting site, whose pages are laid out as GitHub's.
        wire: what fetches.
        detector: what to search with.
        limits: what it may cost.
        tally: told what was read and what could not be.
        meter: told what it costs.

    Raises:
        TroubleError: it could not be read, or not to its end.
        TargetError: the disk is full.
    """
    page = f"{site}/{push.repository}"
    url = f"{page}.git"
    refs, fetching = _fetching(push, url, wire, limits, meter)
    with fetching as arriving, Reception(detector, arriving.hash_size, jobs=1) as reception:
        try:
            reception.take(arriving)
        except (TroubleError, DamagedError) as error:
            yield from _found_until_then(reception, page)
            tally.objects += reception.arrived.objects
            tally.bytes += reception.arrived.size
            if isinstance(error, TroubleError):
                raise
            what = f"what {page} sends is damaged ({error})"
            raise TroubleError(Trouble.BROKEN, what, "it is tried again") from None
        if arriving.shallow:
            tally.skip(
                f"commits before the newest {limits.depth}",
                "what the push is built on is not known; raise watch.limits.depth",
            )
        if arriving.is_filtered:
            tally.skip(f"blobs of more than {limits.blob_bytes} bytes", "watch.limits.blob")
        if reception.is_clean(None):
            tally.objects += reception.objects
            tally.bytes += reception.size
            return
        yield from _attributed(reception, refs, arriving.shallow, page, detector, tally)


def _fetching(
    push: Push, url: str, wire: Wire, limits: Limits, meter: Meter
) -> tuple[Mapping[bytes, str], AbstractContextManager[Arriving]]:
    """Ask for a push; where the event does not say what is new, look that up first.

    Of a new branch, what the default branch has by now is left out: it is that branch's own.

    Returns:
        The refs that lead to what comes, and what comes.

    Raises:
        TroubleError: the repository, or the ref, is gone.
    """
    if push.head and push.before:
        tips = {push.ref.encode(): push.head}
        return tips, wire.fetch_push(url, push.before, push.head, limits, meter)
    if not push.ref:
        found = wire.refs(url, meter)
        tips = {ref.name: ref.oid for ref in found.refs if ref.name != b"HEAD"}
        if not tips:
            raise TroubleError(Trouble.EMPTY, f"{url} is empty", "there is nothing to read")
        wants = tuple(dict.fromkeys(tips.values()))
        return tips, wire.fetch(found.url, Fetch(wants), limits, meter)
    found = wire.refs(url, meter, (push.ref, "HEAD"))
    named, default = found.by_name.get(push.ref), found.by_name.get("HEAD")
    head = push.head or (named and named.oid)
    if not head:
        raise TroubleError(Trouble.GONE, f"{url} has no {push.ref} any more")
    is_new = default and default.oid != head and push.ref.encode() not in (b"HEAD", default.target)
    known = (default.oid,) if default and is_new else ()
    fetching = wire.fetch_push(found.url, None, head, limits, meter, known)
    return {push.ref.encode(): head}, fetching


def _attributed(
    reception: Reception,
    refs: Mapping[bytes, str],
    shallow: tuple[str, ...],
    page: str,
    detector: Detector,
    tally: Tally,
) -> Iterator[Sighting]:
    """Read what came as a repository, and say where in it the matches stand."""
    layout = reception.repository(refs, shallow=shallow)
    with ObjectStore(layout) as store:
        portion = Survey(store, detector, jobs=1).run()
        tally.objects += portion.objects
        tally.bytes += portion.size
        tally.skipped += store.problems
        for oid, why in portion.broken:
            tally.skip(f"object {oid.hex()}", why)
        # What is missing is what was there before the push: it was not asked for.
        portion.missing.clear()
        repository = Repository(page, replace(layout, origin=None), read_refs(layout), {}, ())
        options = RepositoryOptions(work_tree=False, metadata=False)
        attribution = Attribution(repository, store, portion, options, None, tally)
        for sighting in attribution.sightings():
            yield replace(sighting, location=_linked(sighting.location, page))
    # Of a pack that cannot be indexed nothing is read again.
    yield from _found_until_then(reception, page, {hit.oid for hit in portion.hits})


def _linked(place: Location, page: str) -> Location:
    """Add the link to the line, or to the commit."""
    if not place.commit:
        return place
    path = place.path if place.line else None
    return replace(place, url=page_of(GITHUB, page, place.commit, path, place.line))


def _found_until_then(
    reception: Reception, page: str, placed: Set[bytes] = frozenset()
) -> Iterator[Sighting]:
    """Yield what was found in a pack that could not be read to its end: only in which object.

    Args:
        reception: what took the pack in.
        page: address of the repository.
        placed: objects of which it is known where they stand.
    """
    for hit in reception.arrived.hits:
        if hit.type in EARLY_KINDS and hit.oid not in placed:
            place = Location(EARLY_KINDS[hit.type], page, object=hit.oid.hex(), note=_CUT_SHORT)
            for match in hit.found:
                yield Sighting(match, place)


_CUT_SHORT = "the push could not be read to its end"

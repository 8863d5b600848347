"""What one push brought: fetched with as few bytes as it takes, searched while it arrives."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from leakscan.git.census import Heads
from leakscan.git.damage import DamagedError
from leakscan.git.refs import read_refs
from leakscan.git.store import ObjectStore
from leakscan.git.survey import Survey
from leakscan.git.urls import GITHUB, page_of
from leakscan.git.wire import Fetch
from leakscan.push import PushKind
from leakscan.sources.attribution import Attribution
from leakscan.sources.placing import outer_path, way_inside
from leakscan.sources.punctual import Punctual
from leakscan.sources.recent import RECENT, built_on
from leakscan.sources.reception import Reception
from leakscan.sources.repository import Repository, RepositoryOptions
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from leakscan.detect import Detector
    from leakscan.git.layout import Layout
    from leakscan.git.versions import Searcher
    from leakscan.git.wire import Arriving, Limits, Meter, Wire
    from leakscan.model import Location
    from leakscan.push import Push
    from leakscan.sources.placing import Found
    from leakscan.sources.sighting import Sighting, Tally


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
    with _naming_the_limit(push):
        page = f"{site}/{push.repository}"
        punctual = Punctual(detector, limits.seconds)
        for refs, fetching in _fetchings(push, f"{page}.git", wire, limits, meter):
            with (
                fetching as arriving,
                Reception(punctual, Heads, arriving.hash_size, jobs=1) as reception,
            ):
                now = _page_now(arriving.url, site, page)
                yield from _received(arriving, reception, refs, now, punctual, limits, tally)
            if reception.arrived.offsets:
                return


@contextmanager
def _naming_the_limit(push: Push) -> Iterator[None]:
    """Say which setting allows more, where a push is larger or takes longer than is allowed."""
    try:
        yield
    except TroubleError as error:
        size = "repository" if push.kind is PushKind.PUBLIC else "pack"
        setting = {Trouble.TOO_LARGE: size, Trouble.TOO_LONG: "seconds"}.get(error.trouble)
        if setting is None:
            raise
        remedy = f"raise watch.limits.{setting}"
        raise TroubleError(error.trouble, error.what, remedy) from None


def _page_now(url: str, site: str, page: str) -> str:
    """Return the page of a repository by its name of now: a site redirects from the old one."""
    moved = url.removesuffix(".git")
    return moved if moved.startswith(f"{site}/") else page


def _received(
    arriving: Arriving,
    reception: Reception,
    refs: Mapping[bytes, str],
    page: str,
    punctual: Punctual[Found],
    limits: Limits,
    tally: Tally,
) -> Iterator[Sighting]:
    """Take in what comes, and search it; ``refs`` lead to it."""
    told: set[tuple[str, str]] = set()
    try:
        reception.take(arriving)
        _note_limits(arriving, limits, tally)
        if reception.is_clean({bytes.fromhex(oid) for oid in refs.values()}):
            _count(reception, tally)
            return
        layout = reception.repository(refs, None, arriving.shallow, punctual.heed)
        for sighting in _attributed(layout, page, punctual, tally):
            told.add((sighting.match.rule, sighting.match.secret.reveal()))
            yield sighting
    except (TroubleError, DamagedError) as error:
        yield from reception.untold(page, told)
        _count(reception, tally)
        if isinstance(error, TroubleError):
            raise
        what = f"what {page} sends is damaged ({error})"
        raise TroubleError(Trouble.BROKEN, what, "it is tried again") from None
    # Of a pack that cannot be indexed nothing is read again.
    yield from reception.untold(page, told)


def _count(reception: Reception, tally: Tally) -> None:
    tally.objects += reception.objects
    tally.bytes += reception.size


def _note_limits(arriving: Arriving, limits: Limits, tally: Tally) -> None:
    """Take down what was not asked for."""
    if arriving.shallow:
        tally.skip(
            f"commits before the newest {limits.depth}",
            "what the push is built on is not known; raise watch.limits.depth",
        )
    if arriving.is_filtered:
        what = f"blobs of more than {limits.blob_bytes} bytes"
        tally.skip(what, "they are not asked for; raise watch.limits.blob")


def _fetchings(
    push: Push, url: str, wire: Wire, limits: Limits, meter: Meter
) -> Iterator[tuple[Mapping[bytes, str], AbstractContextManager[Arriving]]]:
    """Ask for a push; where the event does not say what is new, look that up first.

    Yields:
        The refs that lead to what comes, and what comes; another one to be asked for if
        that is nothing.

    Raises:
        TroubleError: the repository, or the ref, is gone.
    """
    if push.head and push.before:
        tips = {push.ref.encode(): push.head}
        yield tips, wire.fetch_push(url, push.before, push.head, limits, meter)
        return
    if not push.ref:
        found = wire.refs(url, meter, seconds=limits.seconds)
        tips = {ref.name: ref.oid for ref in found.refs if ref.name != b"HEAD"}
        if not tips:
            raise TroubleError(Trouble.EMPTY, f"{url} is empty", "there is nothing to read")
        wants = tuple(dict.fromkeys(tips.values()))
        yield tips, wire.fetch(found.url, Fetch(wants), limits, meter)
        return
    found = wire.refs(url, meter, (push.ref, "HEAD"), limits.seconds)
    named, default = found.by_name.get(push.ref), found.by_name.get("HEAD")
    head = push.head or (named and named.oid)
    if not head:
        raise TroubleError(Trouble.GONE, f"{url} has no {push.ref} any more")
    tips = {push.ref.encode(): head}
    if not default or push.ref.encode() in (b"HEAD", default.target):
        yield tips, wire.fetch_push(found.url, None, head, limits, meter)
        return
    if head != default.oid:
        yield tips, wire.fetch_push(found.url, None, head, limits, meter, (default.oid,))
    # The default branch has it all by now; what of it is as new as the push?
    since = push.happened_at - RECENT
    base = built_on(found.url, head, since, wire, limits, meter)
    if base is not None:
        yield tips, wire.fetch_push(found.url, None, head, limits, meter, base)


def _attributed(
    layout: Layout, page: str, searcher: Searcher[Found], tally: Tally
) -> Iterator[Sighting]:
    """Read what came as a repository, and say where in it the matches stand."""
    with ObjectStore(layout) as store:
        portion = Survey(store, searcher, jobs=1).run()
        tally.objects += portion.objects
        tally.bytes += portion.size
        tally.skipped += store.problems
        for oid, why in portion.broken:
            tally.skip(f"object {oid.hex()}", why)
        # What is missing is what was there before the push: it was not asked for.
        portion.missing.clear()
        read = read_refs(layout)
        for ref in read.values():
            if ref.oid and store.absent([ref.oid]) and store.packs:
                tally.skip(f"object {ref.oid.hex()}", "the server did not send it")
        repository = Repository(page, replace(layout, origin=None), read, {}, ())
        options = RepositoryOptions(work_tree=False, metadata=False)
        attribution = Attribution(repository, store, portion, options, None, tally)
        for sighting in attribution.sightings():
            yield replace(sighting, location=_linked(sighting.location, page))


def _linked(place: Location, page: str) -> Location:
    """Add the link to the line, or to the commit."""
    if not place.commit:
        return place
    path = place.path if place.line else None
    line = None if way_inside(path) else place.line
    path = path and outer_path(path)
    return replace(place, url=page_of(GITHUB, page, place.commit, path, line))

"""A repository behind a URL, read over git's own protocol, without a clone."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import tenacity

from leakscan.git.census import Closure
from leakscan.git.damage import DamagedError
from leakscan.git.program import run_git
from leakscan.git.urls import transport, without_credentials
from leakscan.git.wire import Fetch, Limits, Meter, NotSmartError, StatusError, Wire
from leakscan.sources.leftovers import sweep
from leakscan.sources.reception import Reception
from leakscan.sources.repository import scan_repository, tell_early
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from leakscan.detect import Detector
    from leakscan.git.wire import Refs
    from leakscan.sources.sighting import Progress, Sighting, Tally
    from leakscan.sources.target import TargetOptions

ATTEMPTS = 3
"""How often a fault that may be over a moment later is tried again, as with a clone."""

_BY_GIT = r"^(http\.|https?\.|url\..*\.insteadof$|core\.gitproxy$)"
"""Settings of the user's that say how git reaches a server, which git then must do itself."""

_LOGIN = (401, 403, 407)
"""Statuses that say that the server, or the proxy, wants to know who asks."""

_OPTIONS = {Trouble.TOO_LARGE: "raise --max-size", Trouble.TOO_LONG: "raise --timeout"}


def reads_itself(url: str) -> bool:
    """Whether a URL can be read by our own client, rather than with the git program."""
    if transport(url) not in ("http", "https"):
        return False
    users = {"GIT_CONFIG_COUNT": "0"}  # not what we tell git in a repository
    return not run_git("config", "--get-regexp", _BY_GIT, cwd=os.sep, variables=users).stdout


class NeedsGitError(Exception):
    """The server wants to know who asks, or does not speak git's own protocol."""


def scan_remote(
    url: str, detector: Detector, options: TargetOptions, tally: Tally, progress: Progress
) -> Iterator[Sighting]:
    """Search all that the refs of a repository lead to.

    Args:
        url: an http or https URL.
        detector: what to search with.
        options: limits, and what part of the repository to look at.
        tally: told what was read and what could not be.
        progress: told how many objects have been read.

    Raises:
        NeedsGitError: only the git program can read it, if anything can.
        TargetError: the repository cannot be had, or is over a limit.
    """
    sweep()
    name = without_credentials(url)
    wanted = replace(options.repository, metadata=False, work_tree=False)
    is_part = bool(wanted.since or wanted.revisions)
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_is_passing),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=tenacity.wait_random_exponential(multiplier=1, max=8),
        reraise=True,
    )
    refs, reception = retrying(_receive, url, detector, options)
    with reception:
        tips = {bytes.fromhex(ref.oid) for ref in refs.refs}
        names = _names(refs)
        if not is_part and not detector.search(names) and reception.is_clean(tips):
            tally.objects += reception.objects
            tally.bytes += reception.size + len(names)
            return
        named = {ref.name: ref.oid for ref in refs.refs if ref.name != b"HEAD"}
        layout = replace(reception.repository(named, _head(refs)), origin=url)
        told: set[tuple[str, str]] = set()
        for sighting in scan_repository(layout, name, detector, wanted, tally, progress):
            told.add((sighting.match.rule, sighting.match.secret.reveal()))
            yield sighting
        if not is_part:
            yield from reception.untold(name, told)


def _names(refs: Refs) -> bytes:
    """Return the names of refs, and of what they stand for, which need not be there."""
    names = [name for ref in refs.refs for name in (ref.name, ref.target) if name]
    return b"\0".join((*names, _head(refs) or b""))


def _head(refs: Refs) -> bytes | None:
    """Return what the file HEAD of a clone would say."""
    if refs.head is not None:
        return b"ref: " + refs.head.encode("utf-8", "surrogateescape")
    detached = refs.by_name.get("HEAD")
    return detached.oid.encode() if detached else None


def _receive(url: str, detector: Detector, options: TargetOptions) -> tuple[Refs, Reception]:
    """Ask for all that the refs lead to, and take it in.

    Raises:
        NeedsGitError: the git program must do it.
        TargetError: it cannot be had.
    """
    name, wanted, meter = without_credentials(url), options.repository, Meter()
    limits = Limits(options.max_bytes, options.timeout)
    wire = Wire(connections=1)
    try:
        refs = wire.refs(url, meter, seconds=options.timeout)
        early = None if wanted.since or wanted.revisions else wanted.early
        reception = Reception(
            detector,
            Closure,
            refs.hash_size,
            wanted.jobs,
            lambda hit: tell_early([hit], name, early),
        )
        wants = tuple(dict.fromkeys(ref.oid for ref in refs.refs))
        with ExitStack() as stack:
            stack.enter_context(reception)
            if wants:
                with wire.fetch(refs.url, Fetch(wants), limits, meter) as arriving:
                    reception.take(_watched(arriving, options))
            stack.pop_all()
        return refs, reception
    except DamagedError as error:
        what = f"{name}: what it sends is damaged ({error})"
        raise TroubleError(Trouble.BROKEN, what, "try again later") from None
    except TroubleError as error:
        is_login = isinstance(error, StatusError) and error.status in _LOGIN
        if is_login or isinstance(error, NotSmartError):
            raise NeedsGitError from error
        option = _OPTIONS.get(error.trouble)
        raise TroubleError(error.trouble, error.what, option or error.remedy) from None
    finally:
        wire.close()


def _watched(chunks: Iterable[bytes], options: TargetOptions) -> Iterator[bytes]:
    """Pass a pack on, and tell how much of it has arrived."""
    received = 0
    for chunk in chunks:
        received += len(chunk)
        options.cloning("Receiving", received >> 10, 0)
        yield chunk


def _is_passing(error: BaseException) -> bool:
    return isinstance(error, TroubleError) and error.trouble.is_passing

"""What the commands of the guard that look at pushes share."""

from __future__ import annotations

import os
import shlex
import sys
from functools import partial
from typing import TYPE_CHECKING

from leakscan.cli.guarding import Guarded
from leakscan.occasion import of_framework
from leakscan.report.guard import Occasion, Way
from leakscan.report.guard_commits import out_of_commits
from leakscan.report.guard_steps import Step, places_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leakscan.git.remotes import Remote
    from leakscan.model import Finding
    from leakscan.sources.ref_updates import RefUpdate


def told_by_git() -> str:
    """Return what git tells its hook on standard input.

    Raises:
        UsageError: there is none.
    """
    if not sys.stdin:
        from leakscan.errors import UsageError

        raise UsageError("standard input is closed", "git tells there what is pushed: let it be")
    return os.fsdecode(sys.stdin.buffer.read())


def pushed_by_git(
    updates: Sequence[RefUpdate], name: str, url: str, *, by_hand: bool = False
) -> Guarded:
    """Return what a push brings to a remote.

    Args:
        updates: of its refs.
        name: of the remote; its URL, where it is none that is configured.
        url: where it is; empty if git is to be asked.
        by_hand: whether somebody asks what a push would bring.

    Raises:
        TargetError: git cannot tell what is known of the remote, or is not there.
    """
    from leakscan.git.remotes import find_remote

    brings = any(update.after for update in updates)
    told = {update.name: update.before for update in updates} if brings else {}
    remote = find_remote(name, url, told)
    # By hand, it looks at what is checked out; git may push something else.
    again = f"leakscan pre-push {shlex.quote(remote.name)}" if by_hand and remote.name else ""
    return _pushed(updates, name, remote, by_hand=by_hand, again=again)


def pushed_by_framework() -> Guarded:
    """Return what the pre-commit framework says is pushed, or to be looked at.

    It names one branch and where that leads, and the remote in case of a push.

    Raises:
        TargetError: git cannot tell what is known of the remote, or is not there.
    """
    from leakscan.git.remotes import Remote, ask_remote
    from leakscan.sources.ref_updates import RefUpdate

    branch, source = of_framework("REMOTE_BRANCH"), of_framework("LOCAL_BRANCH")
    after = of_framework("TO_REF") or source or "HEAD"
    name, url = of_framework("REMOTE_NAME"), of_framework("REMOTE_URL")
    if not name and not url:
        before = of_framework("FROM_REF") or None
        return _pushed([RefUpdate(branch or after, before, after, source)], name, Remote())
    # Where it begins may be what the framework makes of what was fetched once: that proves nothing.
    remote = ask_remote(name, url)
    update = RefUpdate(branch or after, remote.refs.get(branch), after, source)
    return _pushed([update], name, remote)


def _pushed(
    updates: Sequence[RefUpdate],
    name: str,
    remote: Remote,
    *,
    by_hand: bool = False,
    again: str = "",
) -> Guarded:
    from leakscan.sources.brought import OtherSide
    from leakscan.sources.outgoing import scan_outgoing

    known = "on the remote already" if name else "in the commits before"
    there = OtherSide(known, remote.tracked, remote.oids, remote.promises)
    pushed = [(update.source or update.name, update.after) for update in updates if update.after]
    way = Way(
        Occasion.PUSH,
        partial(_taking_out, pushed=pushed),
        partial(_fetching, name=name, remote=remote),
        by_hand=by_hand,
        again=again,
    )
    return Guarded("what is pushed", way, partial(scan_outgoing, updates, there))


def _taking_out(findings: Sequence[Finding], *, pushed: Sequence[tuple[str, str]]) -> list[Step]:
    from leakscan.git.rewriting import rewritings

    return out_of_commits(findings, rewritings=partial(rewritings, pushed=pushed, is_here=True))


def _fetching(findings: Sequence[Finding], *, name: str, remote: Remote) -> Step | None:
    """Say how to learn that the remote has the commits, where that is not known."""
    if not any(place.commit for place in places_of(findings)):
        return None
    if remote.is_silent:
        words = "Let the remote answer without a prompt, so that what it has already stops nothing"
        place = shlex.quote(remote.name) if remote.name else "URL"  # which may hold a password
        return Step(f"{words}:", f"git ls-remote {place}", instead=Step(f"{words}."))
    if not name or not remote.may_have_more:
        return None
    if remote.name:
        command = f"git fetch --prune {shlex.quote(remote.name)}"
    else:
        command = "git remote add NAME URL && git fetch NAME"
    words = "If these commits are on the remote already"
    return Step(f"{words}:", command, instead=Step(f"{words}, fetch from it."))

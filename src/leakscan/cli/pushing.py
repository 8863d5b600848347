"""What the commands of the guard that look at pushes share."""

from __future__ import annotations

import os
import shlex
import sys
from functools import partial
from typing import TYPE_CHECKING

from leakscan.cli.guarding import Guarded
from leakscan.report.guard import Occasion, Way
from leakscan.report.guard_commits import out_of_commits

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

    lacking = [update.name for update in updates if update.before is None]
    return _pushed(updates, name, find_remote(name, url, lacking), by_hand=by_hand)


def pushed_by_framework() -> Guarded:
    """Return what the pre-commit framework says is pushed, or to be looked at.

    It names one branch and where that leads, and the remote in case of a push.

    Raises:
        TargetError: git cannot tell what is known of the remote, or is not there.
    """
    from leakscan.git.remotes import find_remote
    from leakscan.sources.brought import present
    from leakscan.sources.ref_updates import RefUpdate

    known = os.environ.get
    after = known("PRE_COMMIT_TO_REF") or known("PRE_COMMIT_LOCAL_BRANCH") or "HEAD"
    before = known("PRE_COMMIT_FROM_REF") or None
    branch, source = known("PRE_COMMIT_REMOTE_BRANCH"), known("PRE_COMMIT_LOCAL_BRANCH", "")
    name, url = known("PRE_COMMIT_REMOTE_NAME", ""), known("PRE_COMMIT_REMOTE_URL", "")
    remote = find_remote(name, url)
    if name not in (url, remote.name):
        before = None  # the framework took it from what was fetched, which was from elsewhere
    if before and branch and not remote.had([branch]):
        # Of a new branch the framework tells, too, where it begins.
        return _pushed([RefUpdate(branch, None, after, source)], name, remote, present([before]))
    return _pushed([RefUpdate(branch or after, before, after, source)], name, remote)


def _pushed(
    updates: Sequence[RefUpdate],
    name: str,
    remote: Remote,
    there_already: Sequence[str] = (),
    *,
    by_hand: bool = False,
) -> Guarded:
    from leakscan.sources.brought import OtherSide
    from leakscan.sources.outgoing import scan_outgoing

    known = "on the remote already" if name else "in the commits before"
    there = OtherSide(known, (*remote.tracked, *there_already), remote.promises)
    pushed = [(update.source or update.name, update.after) for update in updates if update.after]
    taking_out = partial(_taking_out, pushed=pushed, name=name, remote=remote)
    way = Way(Occasion.PUSH, taking_out, by_hand=by_hand)
    return Guarded("what is pushed", way, partial(scan_outgoing, updates, there))


def _taking_out(
    findings: Sequence[Finding], *, pushed: Sequence[tuple[str, str]], name: str, remote: Remote
) -> list[str]:
    """Say how to rewrite commits, and how to learn that the remote has them."""
    from leakscan.git.rewriting import rewritings

    steps = out_of_commits(findings, rewritings=partial(rewritings, pushed=pushed, is_here=True))
    learn = ""
    if remote.has_changed:
        learn = f"git fetch --prune {shlex.quote(remote.name)}"
    elif remote.name and not remote.has_been_heard_of():
        learn = f"git fetch {shlex.quote(remote.name)}"
    elif name and not remote.name:
        learn = "git remote add NAME URL && git fetch NAME"
    if learn:
        steps[0] += f"\nAre they on the remote already? Then only this is needed:  {learn}"
    return steps

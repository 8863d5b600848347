"""``leakscan pre-push``."""

from __future__ import annotations

import os
import shlex
import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from leakscan.cli.guarding import Guarded, GuardOptions, guard, guard_options
from leakscan.report.guard import Occasion, Way
from leakscan.report.guard_steps import out_of_commits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leakscan.git.remotes import Remote
    from leakscan.model import Location
    from leakscan.sources.ref_updates import RefUpdate


@click.command("pre-push")
@click.argument("remote", default="")
@click.argument("url", default="")
@guard_options
def pre_push(remote: str, url: str, options: GuardOptions) -> int:
    """Stop a push that would bring a token to REMOTE.

    Looks at every commit that REMOTE has not yet: all that they change, their messages, tags and
    names of refs, as git tells them on standard input. On a terminal it looks at what a push of
    the current branch would bring.

    Exit status: 0 the push may go on, 1 it would bring a token, 2 wrong usage, 3 an error, or not
    all could be read.
    """
    from leakscan.git.remotes import usual_remote
    from leakscan.sources.ref_updates import RefUpdate, pushed_updates

    if os.environ.get("PRE_COMMIT_REMOTE_NAME") or os.environ.get("PRE_COMMIT_TO_REF"):
        looked_at = pushed_by_framework()
    elif sys.stdin and sys.stdin.isatty():
        update = RefUpdate("HEAD", None, "HEAD")
        looked_at = _pushed([update], remote or usual_remote() or "origin", url)
    else:
        looked_at = _pushed(pushed_updates(told_by_git()), remote, url)
    return guard(looked_at, options)


def pushed_by_framework() -> Guarded:
    """Return what the pre-commit framework says is pushed, or to be looked at.

    It names one branch and where that leads, and the remote in case of a push.

    Raises:
        TargetError: git cannot read its configuration, or is not there.
    """
    from leakscan.sources.ref_updates import RefUpdate

    known = os.environ.get
    after = known("PRE_COMMIT_TO_REF") or known("PRE_COMMIT_LOCAL_BRANCH") or "HEAD"
    name = known("PRE_COMMIT_REMOTE_BRANCH") or after
    update = RefUpdate(name, known("PRE_COMMIT_FROM_REF") or None, after)
    to = known("PRE_COMMIT_REMOTE_NAME", ""), known("PRE_COMMIT_REMOTE_URL", "")
    return _pushed([update], *to)


def told_by_git() -> str:
    """Return what git tells its hook on standard input.

    Raises:
        UsageError: there is none.
    """
    if not sys.stdin:
        from leakscan.errors import UsageError

        raise UsageError("standard input is closed", "git tells there what is pushed: let it be")
    return os.fsdecode(sys.stdin.buffer.read())


def _pushed(updates: Sequence[RefUpdate], name: str, url: str) -> Guarded:
    from leakscan.git.remotes import find_remote
    from leakscan.sources.brought import OtherSide
    from leakscan.sources.outgoing import scan_outgoing

    remote = find_remote(name, url)
    known = "on the remote already" if name else "in the commits before"
    there = OtherSide(known, remote.tracked, remote.promises)
    tips = [update.after for update in updates if update.after]
    way = Way(Occasion.PUSH, partial(_taking_out, tips=tips, remote=remote))
    return Guarded("what is pushed", way, partial(scan_outgoing, updates, there))


def _taking_out(places: Sequence[Location], *, tips: Sequence[str], remote: Remote) -> str:
    """Say how to rewrite commits, or how to learn that the remote has them."""
    from leakscan.git.rewriting import rebase_arguments

    step = out_of_commits(places, rebase=partial(rebase_arguments, tips=tips))
    if remote.tracked and not remote.has_been_heard_of():
        step += f" (Should they be there already:  git fetch {shlex.quote(remote.name)})"
    return step

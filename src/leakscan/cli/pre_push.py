"""``leakscan pre-push``."""

from __future__ import annotations

import sys

import click

from leakscan.cli.guarding import GuardOptions, guard, guard_options
from leakscan.cli.pushing import pushed_by_framework, pushed_by_git, told_by_git
from leakscan.occasion import is_pushed_by_framework


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

    if is_pushed_by_framework():
        looked_at = pushed_by_framework()
    elif sys.stdin and sys.stdin.isatty():
        update = RefUpdate("HEAD", None, "HEAD")
        looked_at = pushed_by_git([update], remote or usual_remote() or "origin", url, by_hand=True)
    else:
        looked_at = pushed_by_git(pushed_updates(told_by_git()), remote, url)
    return guard(looked_at, options)

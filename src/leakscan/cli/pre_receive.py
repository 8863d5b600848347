"""``leakscan pre-receive``."""

from __future__ import annotations

from functools import partial

import click

from leakscan.cli.guarding import Guarded, GuardOptions, guard, guard_options
from leakscan.cli.pre_push import told_by_git
from leakscan.report.guard import Occasion, Way
from leakscan.report.guard_steps import out_of_commits


@click.command("pre-receive")
@guard_options
def pre_receive(options: GuardOptions) -> int:
    """Refuse a push that brings a token to this server.

    Looks, while git still holds it in quarantine, at every object that the refs on standard input
    bring and no ref leads to yet.

    Exit status: 0 the push is accepted, 1 it brings a token, 2 wrong usage, 3 an error, or not all
    could be read.
    """
    from leakscan.git.rewriting import rebase_arguments
    from leakscan.sources.brought import OtherSide
    from leakscan.sources.outgoing import scan_outgoing
    from leakscan.sources.ref_updates import received_updates

    updates = received_updates(told_by_git())
    scan = partial(scan_outgoing, updates, OtherSide("on this server already", ("--all",)))
    tips = [update.after for update in updates if update.after]
    way = Way(
        Occasion.RECEIPT, partial(out_of_commits, rebase=partial(rebase_arguments, tips=tips))
    )
    return guard(Guarded("what is pushed", way, scan), options)

"""``leakscan pre-receive``."""

from __future__ import annotations

import sys
from functools import partial

import click

from leakscan.cli.guarding import Guarded, GuardOptions, guard, guard_options
from leakscan.cli.pushing import told_by_git
from leakscan.errors import UsageError
from leakscan.report.guard import Occasion, Way
from leakscan.report.guard_commits import out_of_commits


@click.command("pre-receive")
@guard_options
def pre_receive(options: GuardOptions) -> int:
    """Refuse a push that brings a token to this server.

    Looks, while git still holds it in quarantine, at every object that the refs on standard input
    bring and no ref leads to yet.

    Exit status: 0 the push is accepted, 1 it brings a token, 2 wrong usage, 3 an error, or not all
    could be read.
    """
    from leakscan.git.rewriting import rewritings
    from leakscan.sources.brought import OtherSide
    from leakscan.sources.outgoing import scan_outgoing
    from leakscan.sources.ref_updates import received_updates

    updates = received_updates(told_by_git())
    scan = partial(scan_outgoing, updates, OtherSide("on this server already", ("--all",)))
    pushed = [(update.name, update.after) for update in updates if update.after]
    rewriting = partial(rewritings, pushed=pushed, is_here=False)
    taking_out = partial(out_of_commits, rewritings=rewriting)
    way = Way(Occasion.RECEIPT, taking_out, has_several=len(updates) > 1)
    # A checkout here, of what was pushed before, has no say in what the server takes.
    try:
        return guard(Guarded("what is pushed", way, scan, checkout=None), options)
    except UsageError:
        # Git shows all that is said here to who pushes.  On a terminal of the server nobody does.
        if sys.stderr and sys.stderr.isatty():
            raise
        raise UsageError(
            "the server's leakscan cannot read its configuration", "tell who runs it"
        ) from None

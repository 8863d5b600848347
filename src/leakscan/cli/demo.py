"""``leakscan demo``."""

from __future__ import annotations

import gc
import json
import sys
import tempfile
from pathlib import Path

import click

from leakscan.cli.options import format_option


@click.command()
@format_option
@click.pass_context
def demo(context: click.Context, format: str) -> None:
    """Show the whole loop on this machine alone: issue, leak, find, disable, tell.

    Starts a token issuer and a mail server on the loopback, commits some of the tokens to a
    repository, scans it, and asks the issuer afterwards.  Nothing is left behind.

    Exit status: 0 if leaked tokens are dead, the others alive and the owners told, else 3.
    """
    from leakscan.demo.play import play
    from leakscan.demo.show import facts_document, write_screen

    gc.enable()  # servers make cycles
    with tempfile.TemporaryDirectory(prefix="leakscan-demo-") as folder:
        facts = play(Path(folder))
    if format == "json":
        click.echo(json.dumps(facts_document(facts), indent=2))
    else:
        write_screen(facts, sys.stdout)
    context.exit(0 if facts.is_well else 3)

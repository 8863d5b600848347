"""``leakscan sample``: a repository to try leakscan on, offline."""

from __future__ import annotations

import shlex
from pathlib import Path

import click


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
def sample(directory: Path) -> None:
    """Make a small git repository with synthetic tokens in DIR, to try leakscan on.

    The tokens are random and worth nothing.  DIR must be empty or not exist yet.
    """
    from leakscan.sample import make_sample

    made = make_sample(directory)
    click.echo(f"Made a git repository in {directory} with {len(made.planted)} synthetic tokens:")
    for planted in made.planted:
        click.echo(f"  {planted.secret.redacted()}  {planted.where}")
    click.echo(f"\nNow find them:\n  leakscan scan {shlex.quote(str(directory))}")

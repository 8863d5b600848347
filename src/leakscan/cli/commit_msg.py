"""``leakscan commit-msg``."""

from __future__ import annotations

import os
import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leakscan.cli.guarding import Guarded, GuardOptions, guard, guard_options
from leakscan.report.guard import Occasion, Way
from leakscan.report.guard_steps import out_of_message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leakscan.model import Finding
    from leakscan.report.guard_steps import Step


@click.command("commit-msg")
@click.argument("file", type=click.Path(path_type=Path))
@guard_options
def commit_msg(file: Path, options: GuardOptions) -> int:
    """Stop a commit whose message, in FILE, holds a token.

    The difference that `git commit -v` shows and the names of files in comments are left out. All
    else is searched, comments too: git may keep them, and no hook is told whether it will.

    Exit status: 0 the commit may be made, 1 its message holds a token, 2 wrong usage, 3 an error.
    """
    from leakscan.sources.commit_message import scan_message

    again = f"leakscan commit-msg {shlex.quote(str(_named(file)))}"
    way = Way(Occasion.MESSAGE, partial(_taking_out, file=file), again=again)
    return guard(Guarded("the message", way, partial(scan_message, file)), options)


def _taking_out(findings: Sequence[Finding], *, file: Path) -> list[Step]:
    from leakscan.sources.commit_message import has_scissors

    return out_of_message(findings, file=_named(file), has_difference=has_scissors(file))


def _named(file: Path) -> Path:
    """Return what leads to the file from where git was called: not always a relative path."""
    return file.absolute() if os.environ.get("GIT_PREFIX") else file

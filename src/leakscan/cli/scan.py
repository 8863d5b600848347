"""``leakscan scan``."""

from __future__ import annotations

import contextlib
import os
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leakscan.cli.detection import open_detector
from leakscan.cli.options import also_option, complete_path, config_option, refuse_empty
from leakscan.cli.scanning import (
    announce,
    exit_status,
    fingerprint_key,
    rule_names,
    run_scan,
    scope,
    write_result,
)
from leakscan.config import Config, load_config
from leakscan.errors import UsageError
from leakscan.git.fork import usable_processors
from leakscan.model import Confidence
from leakscan.report import FORMATS

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from leakscan.cli.recording import Recording
    from leakscan.scan import Suppress
    from leakscan.sources.repository import RepositoryOptions

GIB = 1 << 30


@click.command()
@click.argument("target", shell_complete=complete_path)
@click.option(
    "--format",
    "-f",
    "style",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How to write the result.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, allow_dash=True),
    default="-",
    metavar="FILE",
    help="Where to write it; - is standard output.",
)
@also_option
@click.option(
    "--rules",
    "names",
    multiple=True,
    metavar="ID|all",
    help="Use these rules, separated by commas or given one by one.",
)
@click.option(
    "--min-confidence",
    type=click.Choice([c.value for c in Confidence]),
    default=Confidence.MEDIUM.value,
    show_default=True,
    help="Report nothing below this; it is counted.",
)
@click.option(
    "--suppress/--no-suppress",
    "suppressing",
    default=None,
    help="Heed allow comments, allowlists and the baseline.  [default: unless TARGET is a URL,"
    " or --record is given]",
)
@click.option("--show-suppressed", is_flag=True, help="List what these suppress, too.")
@click.option("--no-history", is_flag=True, help="Read only the files of the work tree.")
@click.option("--ignored", is_flag=True, help="Read files that git is told to ignore, too.")
@click.option(
    "--since",
    metavar="DATE",
    help="Report only what was committed since then, as git log takes it.",
)
@click.option(
    "--range", "revisions", metavar="A..B", help="Report only what these commits introduced."
)
@click.option(
    "--all-commits",
    is_flag=True,
    help="List every commit that introduced a secret, not only the first.",
)
@click.option(
    "--record", is_flag=True, help="Write the result to the ledger, and respond to it at once."
)
@click.option(
    "--exposure",
    metavar="WORDS",
    help="How its tokens got out, for --record: public-repository, or another sign of"
    " compromise in words.  [default: by TARGET]",
)
@click.option("--show-secrets", is_flag=True, help="Write secrets in full.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 although something was found.")
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(1),
    default=None,
    metavar="N",
    help="Worker processes.  [default: one a processor]",
)
@click.option(
    "--max-size",
    type=click.FloatRange(0),
    default=20,
    show_default=True,
    metavar="GIB",
    help="Largest repository to clone; 0 for any.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0),
    default=3600,
    show_default=True,
    metavar="SECONDS",
    help="Longest time to clone for; 0 for any.",
)
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colour the text.",
)
@config_option
@click.pass_context
def scan(
    context: click.Context,
    target: str,
    style: str,
    output: str,
    also: list[tuple[str, str]],
    names: tuple[str, ...],
    min_confidence: str,
    suppressing: bool | None,
    show_suppressed: bool,
    no_history: bool,
    ignored: bool,
    since: str | None,
    revisions: str | None,
    all_commits: bool,
    record: bool,
    exposure: str | None,
    show_secrets: bool,
    exit_zero: bool,
    jobs: int | None,
    max_size: float,
    timeout: float,
    color: str,
    config_path: Path | None,
) -> None:  # fmt: skip
    """Find tokens in TARGET: a URL, a repository, a folder, a file, or - for standard input.

    Of a repository all of the history is read, whether a branch still leads there or not,
    and what is staged, changed or untracked in its work tree.

    Exit status: 0 nothing found, 1 something found, 2 wrong usage, 3 an error, or not
    everything could be read.
    """
    from leakscan.cli.progress import ProgressLine
    from leakscan.sources.repository import RepositoryOptions
    from leakscan.sources.target import TargetOptions

    config = load_config(config_path, Path.cwd())
    announce(config)
    given = {"TARGET": target, "--range": revisions, "--since": since, "--exposure": exposure}
    refuse_empty(given)
    for _, file in (wanted_reports := [*also, (style, output)]):
        _refuse_overwriting(target, file)
    if exposure and not record:
        raise UsageError("--exposure is for --record", "say both")
    chosen = rule_names(names)
    if record and os.path.lexists(target):
        target = os.path.abspath(target)  # noqa: PTH100 - for whoever reads it elsewhere; links stay
    wanted = RepositoryOptions(
        history=not no_history,
        ignored=ignored,
        all_commits=all_commits,
        since=since,
        revisions=revisions,
        jobs=jobs or usable_processors(),
    )
    least = Confidence(min_confidence)
    suppress = _suppressor(config, target, suppressing, record=record)
    with (
        open_detector(config, chosen) as detector,
        _recording(config, target, wanted, exposure, least)
        if record
        else nullcontext() as recording,
    ):
        early = recording.tell if recording else None
        if suppress is None:  # what suppresses asks for places, which are not known early
            wanted = replace(wanted, early=early)
        with ProgressLine(sys.stderr) as progress:
            options = TargetOptions(wanted, int(max_size * GIB), timeout, progress.cloning)
            result = run_scan(
                target,
                detector,
                options,
                progress,
                key=lambda: fingerprint_key(config),
                least=least,
                suppress=suppress,
                early=early,
            )
        aftermath = recording.finish(result) if recording else None
    status = exit_status(result, exit_zero=exit_zero)
    advise = aftermath is None or not aftermath.is_settled
    try:
        for form, file in wanted_reports:
            write_result(
                result,
                form,
                file,
                color=color,
                show_secrets=show_secrets,
                advise=advise,
                show_suppressed=show_suppressed,
            )
    finally:
        if aftermath:
            aftermath.show()
            status = aftermath.status or status
    context.exit(status)


def _refuse_overwriting(target: str, output: str) -> None:
    """Refuse to put the report in the place of the file that is scanned."""
    with contextlib.suppress(OSError):
        if "-" not in (target, output) and os.path.samefile(target, output):  # noqa: PTH121 - the target may be no path
            raise UsageError(f"--output {output} is the TARGET itself", "write somewhere else")


def _recording(
    config: Config,
    target: str,
    wanted: RepositoryOptions,
    exposure: str | None,
    least: Confidence,
) -> AbstractContextManager[Recording]:
    from leakscan.cli.recording import recording

    return recording(config, target, scope(wanted), exposure, least)


def _suppressor(
    config: Config, target: str, wanted: bool | None, *, record: bool
) -> Suppress | None:
    """Return what suppresses findings: by default only of what is on this machine, unrecorded."""
    from leakscan.git.urls import transport
    from leakscan.suppress.suppressor import load_suppressor

    is_local = not transport(target)
    if wanted is False or (wanted is None and (record or not is_local)):
        return None
    return load_suppressor(config, Path(target) if is_local and target != "-" else None)

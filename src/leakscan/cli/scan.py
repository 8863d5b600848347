"""``leakscan scan``."""

from __future__ import annotations

import contextlib
import os
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from leakscan.cli import discard_output
from leakscan.cli.detection import open_detector
from leakscan.cli.options import config_option, refuse_empty
from leakscan.config import Config, load_config
from leakscan.errors import LeakscanError, UsageError
from leakscan.git.fork import usable_processors
from leakscan.model import Confidence, ScanResult
from leakscan.report import FORMATS, write_report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from leakscan.cli.progress import ProgressLine
    from leakscan.cli.recording import Recording
    from leakscan.detect import Detector
    from leakscan.sources.repository import RepositoryOptions
    from leakscan.sources.target import TargetOptions

GIB = 1 << 30


@click.command()
@click.argument("target")
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
    names: tuple[str, ...],
    min_confidence: str,
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
    _announce(config)
    given = {"TARGET": target, "--range": revisions, "--since": since, "--exposure": exposure}
    refuse_empty(given)
    _refuse_overwriting(target, output)
    if exposure and not record:
        raise UsageError("--exposure is for --record", "say both")
    chosen = _split(names)
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
    with (
        open_detector(config, chosen) as detector,
        _recording(config, target, wanted, exposure, least)
        if record
        else nullcontext() as recording,
    ):
        if recording:
            wanted = replace(wanted, early=recording.tell)
        with ProgressLine(sys.stderr) as progress:
            options = TargetOptions(wanted, int(max_size * GIB), timeout, progress.cloning)
            result = _run(target, detector, config, least, options, progress)
        aftermath = recording.finish(result) if recording else None
    status = exit_status(result, exit_zero=exit_zero)
    advise = aftermath is None or not aftermath.is_settled
    try:
        _write(result, style, output, show_secrets=show_secrets, color=color, advise=advise)
    finally:
        if aftermath:
            aftermath.show()
            status = aftermath.status or status
    context.exit(status)


def _split(names: tuple[str, ...]) -> list[str]:
    """Return the ids of rules that were given, one by one or separated by commas."""
    chosen = [name for text in names for name in text.split(",")]
    if "" in chosen:
        raise UsageError("--rules names nothing", "see `leakscan rules list`")
    return chosen


def _announce(config: Config) -> None:
    """Say which files the configuration comes from."""
    for path in filter(None, (config.source, config.checkout)):
        from leakscan.safe_text import safe_text

        click.echo(f"leakscan: configuration: {safe_text(str(path))}", err=True)


def _write(
    result: ScanResult, style: str, output: str, *, show_secrets: bool, color: str, advise: bool
) -> None:
    """Write the report; whoever reads only the first lines gets the status all the same."""
    colour = {"auto": None, "always": True, "never": False}[color]
    try:
        with _opened(output, private=show_secrets) as out:
            write_report(result, style, out, show_secrets=show_secrets, color=colour, advise=advise)
            out.flush()
    except BrokenPipeError:
        discard_output()


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

    return recording(config, target, _scope(wanted), exposure, least)


def _run(
    target: str,
    detector: Detector,
    config: Config,
    least: Confidence,
    options: TargetOptions,
    progress: ProgressLine,
) -> ScanResult:
    from leakscan.git.urls import without_credentials
    from leakscan.scan import collect
    from leakscan.sources.sighting import Tally
    from leakscan.sources.target import scan_target

    tally = Tally()
    return collect(
        without_credentials(target),
        scan_target(target, detector, options, tally, progress.reading),
        tally,
        detector.rules,
        key=lambda: _fingerprint_key(config),
        least=least,
        scope=_scope(options.repository),
        early=options.repository.early,
    )


def _scope(options: RepositoryOptions) -> str | None:
    """Put in words what part of a repository is looked at."""
    if not options.history:
        return "the files of the work tree"
    parts = [f"commits in {options.revisions}"] if options.revisions else []
    parts += [f"what was committed since {options.since}"] if options.since else []
    return " and ".join(parts) or None


def _fingerprint_key(config: Config) -> bytes:
    """Return the key; for want of a place to keep one, findings are still reported."""
    from leakscan.fingerprint import load_key, passing_key

    try:
        return load_key(config.fingerprint_key_file)
    except UsageError:
        raise
    except LeakscanError as error:
        click.echo(f"leakscan: {error}; fingerprints of this run fit no other", err=True)
        return passing_key()


def exit_status(result: ScanResult, *, exit_zero: bool) -> int:
    """Return 3 for an incomplete scan, which wins over 1 for findings."""
    if not result.coverage.complete:
        return 3
    return 1 if result.findings and not exit_zero else 0


@contextlib.contextmanager
def _opened(output: str, *, private: bool) -> Iterator[TextIO]:
    """Open the output; with whole secrets in it, for its owner only."""
    if output == "-":
        yield sys.stdout
        sys.stdout.flush()
        return
    mode = 0o600 if private else 0o666
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    except OSError as error:
        raise UsageError(
            f"cannot write {output} ({error.strerror})", "choose another --output"
        ) from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if private:
                os.fchmod(descriptor, mode)
            yield file
    except OSError as error:
        raise LeakscanError(f"{output} is not whole ({error.strerror})", "make room") from None

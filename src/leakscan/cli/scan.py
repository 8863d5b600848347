"""``leakscan scan``."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leakscan.cli import LateSignals
from leakscan.cli.destinations import refuse_overwriting
from leakscan.cli.detection import open_detector
from leakscan.cli.options import complete_path, refuse_empty
from leakscan.cli.scan_options import ScanOptions, scan_options
from leakscan.cli.scanning import (
    announce,
    exit_status,
    fingerprint_key,
    run_scan,
    scope,
    write_result,
)
from leakscan.config import Config, load_config
from leakscan.errors import UsageError
from leakscan.git.fork import usable_processors
from leakscan.report import ReportOptions

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from leakscan.cli.recording import Recording
    from leakscan.detect import Detector
    from leakscan.model import ScanResult
    from leakscan.scan import Suppress
    from leakscan.sources.repository import RepositoryOptions

GIB = 1 << 30


@click.command()
@click.argument("target", shell_complete=complete_path)
@scan_options
def scan(target: str, options: ScanOptions) -> int:
    """Find tokens in TARGET: a URL, a repository, a folder, a file, or - for standard input.

    Of a repository all of the history is read, whether a branch still leads there or not,
    and what is staged, changed or untracked in its work tree.

    Exit status: 0 nothing found, 1 something found, 2 wrong usage, 3 an error, or not
    everything could be read.
    """
    config = load_config(options.config_path, Path.cwd())
    announce(config)
    _refuse_nonsense(target, options)
    if options.record and os.path.lexists(target):
        target = os.path.abspath(target)  # noqa: PTH100 - for whoever reads it elsewhere; links stay
    suppress = _suppressor(config, target, options)
    with LateSignals() as late:
        with (
            open_detector(config, options.rules) as detector,
            _recording(config, target, options) as recording,
        ):
            result = _result(config, target, options, detector, suppress, recording)
            aftermath = recording.finish(result, late.wait) if recording else None
        status = exit_status(result, exit_zero=options.exit_zero)
        try:
            _write(result, options, advise=aftermath is None or not aftermath.is_settled)
        finally:
            if aftermath:
                aftermath.show()
                status = aftermath.status or status
    return status


def _refuse_nonsense(target: str, options: ScanOptions) -> None:
    refuse_empty(
        {
            "TARGET": target,
            "--range": options.revisions,
            "--since": options.since,
            "--exposure": options.exposure,
        }
    )
    refuse_overwriting(target, options.output, options.also)
    if options.exposure and not options.record:
        raise UsageError("--exposure is for --record", "say both")


def _result(
    config: Config,
    target: str,
    options: ScanOptions,
    detector: Detector,
    suppress: Suppress | None,
    recording: Recording | None,
) -> ScanResult:
    from leakscan.cli.progress import ProgressLine
    from leakscan.sources.target import TargetOptions

    early = recording.tell if recording else None
    wanted = _wanted(options)
    if suppress is None:  # what suppresses asks for places, which are not known early
        wanted = replace(wanted, early=early)
    size = int(options.max_size * GIB)
    with ProgressLine(sys.stderr) as progress:
        return run_scan(
            target,
            detector,
            TargetOptions(wanted, size, options.timeout, progress.cloning),
            progress,
            key=lambda: fingerprint_key(config),
            least=options.least,
            suppress=suppress,
            early=early,
        )


def _wanted(options: ScanOptions) -> RepositoryOptions:
    """Return what of a repository is read."""
    from leakscan.sources.repository import RepositoryOptions

    return RepositoryOptions(
        history=not options.no_history,
        ignored=options.ignored,
        all_commits=options.all_commits,
        since=options.since,
        revisions=options.revisions,
        jobs=options.jobs or usable_processors(),
    )


def _recording(
    config: Config, target: str, options: ScanOptions
) -> AbstractContextManager[Recording | None]:
    if not options.record:
        return nullcontext()
    from leakscan.cli.recording import recording

    return recording(config, target, scope(_wanted(options)), options.exposure, options.least)


def _suppressor(config: Config, target: str, options: ScanOptions) -> Suppress | None:
    """Return what suppresses findings: by default only of what is on this machine, unrecorded.

    What the checkout that the user works in says counts for its own files only: of what comes
    through standard input, nobody can tell where it stood.
    """
    from leakscan.git.urls import transport
    from leakscan.suppress.suppressor import is_in_checkout, load_suppressor

    is_url = bool(transport(target))
    if options.suppress is False or (options.suppress is None and (options.record or is_url)):
        return None
    folder = None if is_url or target == "-" else Path(target)
    is_ours = folder is not None and is_in_checkout(config, folder)
    return load_suppressor(config, is_ours=is_ours, folder=folder)


def _write(result: ScanResult, options: ScanOptions, *, advise: bool) -> None:
    how = ReportOptions(
        show_secrets=options.show_secrets,
        color=options.color,
        advise=advise,
        show_suppressed=options.show_suppressed,
    )
    for format, file in (*options.also, (options.format, options.output)):
        write_result(result, file, replace(how, format=format))

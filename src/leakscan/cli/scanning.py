"""What the commands that scan share, from the configuration to the exit status."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from leakscan.cli import discard_output
from leakscan.errors import LeakscanError, UsageError
from leakscan.places import CHECKOUT_FILE
from leakscan.report import write_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leakscan.cli.progress import ProgressLine
    from leakscan.config import Config
    from leakscan.detect import Detector
    from leakscan.model import Confidence, ScanResult
    from leakscan.report import ReportOptions
    from leakscan.scan import Suppress
    from leakscan.sources.repository import RepositoryOptions
    from leakscan.sources.sighting import Early
    from leakscan.sources.target import TargetOptions


def announce(config: Config) -> None:
    """Say which files the configuration comes from, and if one here is not heeded."""
    for path in filter(None, (config.source, config.checkout)):
        click.echo(f"leakscan: configuration: {_shown(str(path))}", err=True)
    if config.source is None and config.root is None and Path(CHECKOUT_FILE).is_file():
        why = "this folder is in no git checkout"
        click.echo(f"leakscan: {CHECKOUT_FILE} is not used: {why}; name it with --config", err=True)


def _shown(name: str) -> str:
    """Return a name that holds no secret; making ready to look closer takes a moment."""
    from leakscan import known_signs

    data = name.encode(errors="replace")
    if any(sign in data for sign in known_signs.COMMON + known_signs.RARE):
        from leakscan.report.presentable import presentable_line

        return presentable_line(name)
    from leakscan.safe_text import safe_text

    return safe_text(name)


def run_scan(
    target: str,
    detector: Detector,
    options: TargetOptions,
    progress: ProgressLine,
    *,
    key: Callable[[], bytes],
    least: Confidence,
    suppress: Suppress | None,
    early: Early | None = None,
) -> ScanResult:
    """Scan whatever a target names (see `leakscan.scan.collect`).

    Raises:
        TargetError: it does not exist or cannot be had.
        UsageError: the options do not fit it, or what suppresses is wrong.
    """
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
        key=key,
        least=least,
        scope=scope(options.repository),
        early=early,
        suppress=suppress,
    )


def scope(options: RepositoryOptions) -> str | None:
    """Put in words what part of a repository is looked at."""
    if not options.history:
        return "the files of the work tree"
    parts = [f"commits in {options.revisions}"] if options.revisions else []
    parts += [f"what was committed since {options.since}"] if options.since else []
    return " and ".join(parts) or None


def fingerprint_key(config: Config) -> bytes:
    """Return the key; for want of a place to keep one, findings are still reported.

    Raises:
        UsageError: the key that is set is wrong.
    """
    from leakscan.fingerprint import load_key, passing_key

    try:
        return load_key(config.fingerprint_key_file)
    except UsageError:
        raise
    except LeakscanError as error:
        click.echo(f"leakscan: {error}; fingerprints of this run fit no other", err=True)
        return passing_key()


def exit_status(result: ScanResult, *, exit_zero: bool = False) -> int:
    """Return 3 for an incomplete scan, which wins over 1 for findings."""
    if not result.coverage.complete:
        return 3
    return 1 if result.findings and not exit_zero else 0


def write_result(result: ScanResult, output: str, options: ReportOptions) -> None:
    """Write the report; whoever reads only the first lines gets the status all the same.

    Args:
        result: what was found.
        output: a file, or ``-`` for standard output.
        options: how it is written.

    Raises:
        UsageError: the file cannot be written.
        LeakscanError: it could not be written to its end.
    """
    try:
        with _opened(output, private=options.show_secrets) as out:
            write_report(result, out, options)
            out.flush()
    except BrokenPipeError:
        discard_output()


@contextlib.contextmanager
def _opened(output: str, *, private: bool) -> Iterator[TextIO]:
    """Open the output; with whole secrets in it, for its owner only.

    Raises:
        UsageError: the file cannot be written.
        LeakscanError: it could not be written to its end.
    """
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
            # A device such as /dev/null is everybody's.
            if private and stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.fchmod(descriptor, mode)
            yield file
    except OSError as error:
        raise LeakscanError(f"{output} is not whole ({error.strerror})", "make room") from None

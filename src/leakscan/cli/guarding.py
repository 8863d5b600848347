"""What the commands of the guard share, from their options to the exit status."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leakscan.cli.options import (
    collected,
    color_option,
    confidence_option,
    config_option,
    output_option,
    report_format_option,
    rules_option,
)
from leakscan.config import load_config
from leakscan.report import ReportOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from leakscan.detect import Detector
    from leakscan.model import Confidence
    from leakscan.report.guard import Way
    from leakscan.sources.sighting import Sighting, Tally


@dataclass(frozen=True, slots=True)
class GuardOptions:
    """The options that all commands of the guard take, by the names of their parameters."""

    format: str
    output: str
    rules: list[str]
    least: Confidence
    suppress: bool
    show_suppressed: bool
    color: bool | None
    config_path: Path | None


guard_options = collected(
    GuardOptions,
    report_format_option,
    output_option,
    rules_option,
    confidence_option("Let pass what is below this."),
    click.option(
        "--suppress/--no-suppress",
        default=True,
        show_default=True,
        help="Heed allow comments, allowlists and the baseline.",
    ),
    click.option("--show-suppressed", is_flag=True, help="List what these suppress."),
    color_option,
    config_option,
)
"""Gives a command the options of the guard as its argument ``options``, and exits as it says."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """What a command of the guard looks at.

    Attributes:
        scope: it, in words.
        way: how to go on if it is stopped.
        sightings: search it.
        checkout: a folder in the checkout whose configuration counts; ``None`` where that of no
            checkout does.
        staged: paths below the top of the checkout that a commit changes, if it is one: what the
            checkout says of itself is to be committed, too.
    """

    scope: str
    way: Way
    sightings: Callable[[str, Detector, Tally], Iterator[Sighting]]
    checkout: Path | None = field(default_factory=Path.cwd)
    staged: Container[bytes] | None = None


def guard(guarded: Guarded, options: GuardOptions) -> int:
    """Look, say what stops it if anything does, and return the exit status.

    Raises:
        UsageError: the options or the configuration are wrong.
        TargetError: git cannot be asked.
    """
    from leakscan.cli.detection import open_detector
    from leakscan.cli.own_settings import check_baseline, tell_uncommitted
    from leakscan.cli.scanning import exit_status, fingerprint_key, write_result
    from leakscan.fingerprint import passing_key
    from leakscan.scan import collect
    from leakscan.sources.sighting import Tally
    from leakscan.suppress.suppressor import load_suppressor

    config = load_config(options.config_path, guarded.checkout)
    if guarded.staged is not None and options.suppress:
        check_baseline(config, guarded.staged)
    where = os.fspath(config.root or Path.cwd())
    tally = Tally()
    with open_detector(config, options.rules) as detector:
        result = collect(
            where,
            guarded.sightings(where, detector, tally),
            tally,
            detector.rules,
            # Of fingerprints the text shows none: no key is made for it.
            key=passing_key if options.format == "text" else partial(fingerprint_key, config),
            least=options.least,
            scope=guarded.scope,
            suppress=load_suppressor(config, is_ours=True) if options.suppress else None,
        )
    how = ReportOptions(
        format=options.format,
        color=options.color,
        show_suppressed=options.show_suppressed,
        way=replace(guarded.way, heeds_comments=options.suppress),
    )
    write_result(result, options.output, how)
    if guarded.staged is not None:
        tell_uncommitted(config, result)
    # What is sealed, such as an encrypted archive, is told, and stops nobody: who could mend it?
    unread = tuple(skip for skip in result.coverage.skipped if not skip.sealed)
    return exit_status(replace(result, coverage=replace(result.coverage, skipped=unread)))

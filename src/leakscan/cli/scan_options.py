"""The options of ``leakscan scan``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from leakscan.cli.options import (
    also_option,
    collected,
    color_option,
    confidence_option,
    config_option,
    output_option,
    report_format_option,
    rules_option,
)

if TYPE_CHECKING:
    from pathlib import Path

    from leakscan.model import Confidence


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """What is given to ``leakscan scan``, by the names of its parameters."""

    format: str
    output: str
    also: list[tuple[str, str]]
    rules: list[str]
    least: Confidence
    suppress: bool | None
    show_suppressed: bool
    no_history: bool
    ignored: bool
    since: str | None
    revisions: str | None
    all_commits: bool
    record: bool
    exposure: str | None
    show_secrets: bool
    exit_zero: bool
    jobs: int | None
    max_size: float
    timeout: float
    color: bool | None
    config_path: Path | None


scan_options = collected(
    ScanOptions,
    report_format_option,
    output_option,
    also_option,
    rules_option,
    confidence_option("Report nothing below this; it is counted."),
    click.option(
        "--suppress/--no-suppress",
        default=None,
        help="Heed allow comments, allowlists and the baseline.  [default: unless TARGET is a URL,"
        " or --record is given]",
    ),
    click.option("--show-suppressed", is_flag=True, help="List what these suppress, too."),
    click.option("--no-history", is_flag=True, help="Read only the files of the work tree."),
    click.option("--ignored", is_flag=True, help="Read files that git is told to ignore, too."),
    click.option(
        "--since",
        metavar="DATE",
        help="Report only what was committed since then, as git log takes it.",
    ),
    click.option(
        "--range", "revisions", metavar="A..B", help="Report only what these commits introduced."
    ),
    click.option(
        "--all-commits",
        is_flag=True,
        help="List every commit that introduced a secret, not only the first.",
    ),
    click.option(
        "--record", is_flag=True, help="Write the result to the ledger, and respond to it at once."
    ),
    click.option(
        "--exposure",
        metavar="WORDS",
        help="How its tokens got out, for --record: public-repository, or another sign of"
        " compromise in words.  [default: by TARGET]",
    ),
    click.option("--show-secrets", is_flag=True, help="Write secrets in full."),
    click.option("--exit-zero", is_flag=True, help="Exit with 0 although something was found."),
    click.option(
        "--jobs",
        "-j",
        type=click.IntRange(1),
        default=None,
        metavar="N",
        help="Worker processes.  [default: one a processor]",
    ),
    click.option(
        "--max-size",
        type=click.FloatRange(0),
        default=20,
        show_default=True,
        metavar="GIB",
        help="Largest repository to clone; 0 for any.",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(0),
        default=3600,
        show_default=True,
        metavar="SECONDS",
        help="Longest time to clone for; 0 for any.",
    ),
    color_option,
    config_option,
)
"""Gives the command all of these as its argument ``options``, and exits as it says."""

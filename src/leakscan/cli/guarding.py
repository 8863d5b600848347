"""What the commands of the guard share, from their options to the exit status."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leakscan.cli.options import config_option
from leakscan.config import load_config
from leakscan.model import Confidence
from leakscan.report import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from leakscan.detect import Detector
    from leakscan.model import ScanResult
    from leakscan.report.guard import Way
    from leakscan.sources.sighting import Sighting, Tally


@dataclass(frozen=True, slots=True)
class GuardOptions:
    """The options that all commands of the guard take, by the names of their parameters."""

    style: str
    output: str
    names: tuple[str, ...]
    min_confidence: str
    suppress: bool
    show_suppressed: bool
    color: str
    config_path: Path | None


@dataclass(frozen=True, slots=True)
class Guarded:
    """What a command of the guard looks at.

    Attributes:
        scope: it, in words.
        way: how to go on if it is stopped.
        sightings: search it.
    """

    scope: str
    way: Way
    sightings: Callable[[str, Detector, Tally], Iterator[Sighting]]


def guard(guarded: Guarded, options: GuardOptions) -> int:
    """Look, say what stops it if anything does, and return the exit status.

    Raises:
        UsageError: the options or the configuration are wrong.
        TargetError: git cannot be asked.
    """
    from leakscan.cli.detection import open_detector
    from leakscan.cli.scanning import exit_status, fingerprint_key, rule_names
    from leakscan.fingerprint import passing_key
    from leakscan.scan import collect
    from leakscan.sources.sighting import Tally
    from leakscan.suppress.suppressor import load_suppressor

    config = load_config(options.config_path, Path.cwd())
    where = os.fspath(config.root or Path.cwd())
    tally = Tally()
    with open_detector(config, rule_names(options.names)) as detector:
        result = collect(
            where,
            guarded.sightings(where, detector, tally),
            tally,
            detector.rules,
            # Of fingerprints the text shows none: no key is made for it.
            key=passing_key if options.style == "text" else partial(fingerprint_key, config),
            least=Confidence(options.min_confidence),
            scope=guarded.scope,
            suppress=load_suppressor(config) if options.suppress else None,
        )
    _write(result, guarded.way, options)
    return exit_status(result, exit_zero=False)


def _write(result: ScanResult, way: Way, options: GuardOptions) -> None:
    from leakscan.cli.scanning import opened, write_result

    if options.style != "text":
        write_result(
            result,
            options.style,
            options.output,
            color=options.color,
            show_suppressed=options.show_suppressed,
        )
        return
    from leakscan.report import guard as text

    color = {"auto": None, "always": True, "never": False}[options.color]
    with opened(options.output, private=False) as out:
        text.write(result, way, out, color=color, listed=options.show_suppressed)


def guard_options(function: Callable[..., int]) -> Callable[..., None]:
    """Give a command the options of the guard as its argument ``options``, and exit as it says."""
    own = [field.name for field in fields(GuardOptions)]

    @wraps(function)
    def command(**given: Any) -> None:  # noqa: ANN401 - as click has it
        options = GuardOptions(**{name: given.pop(name) for name in own})
        click.get_current_context().exit(function(options=options, **given))

    for option in reversed(_options()):
        command = option(command)
    return command


def _options() -> Sequence[Callable[[Callable[..., None]], Callable[..., None]]]:
    return (
        click.option(
            "--format",
            "-f",
            "style",
            type=click.Choice(FORMATS),
            default="text",
            show_default=True,
            help="How to write the result.",
        ),
        click.option(
            "--output",
            "-o",
            type=click.Path(dir_okay=False, allow_dash=True),
            default="-",
            metavar="FILE",
            help="Where to write it; - is standard output.",
        ),
        click.option(
            "--rules",
            "names",
            multiple=True,
            metavar="ID|all",
            help="Use these rules, separated by commas or given one by one.",
        ),
        click.option(
            "--min-confidence",
            type=click.Choice([level.value for level in Confidence]),
            default=Confidence.MEDIUM.value,
            show_default=True,
            help="Let pass what is below this.",
        ),
        click.option(
            "--suppress/--no-suppress",
            default=True,
            show_default=True,
            help="Heed allow comments, allowlists and the baseline.",
        ),
        click.option("--show-suppressed", is_flag=True, help="List what these suppress."),
        click.option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            show_default=True,
            help="Colour the text.",
        ),
        config_option,
    )

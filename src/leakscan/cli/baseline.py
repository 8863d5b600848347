"""``leakscan baseline``."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from leakscan.cli.options import config_option, refuse_empty
from leakscan.cli.scanning import announce, exit_status, rule_names, run_scan, write_result
from leakscan.config import Config, load_config
from leakscan.errors import UsageError
from leakscan.model import Confidence, Means, ScanResult, Suppressed, Suppression
from leakscan.report.amounts import count
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from leakscan.suppress.baseline import Baseline, Entry

MOST_TOLD = 20
"""Entries that are no longer needed, and things that could not be read, that are named."""

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class _Found:
    """What a scan found, beside a baseline.

    Attributes:
        result: all that neither a comment nor an allowlist suppresses, of any confidence.
        least: the confidence from which on findings belong in a baseline.
    """

    result: ScanResult
    least: Confidence

    def new(self, baseline: Baseline) -> ScanResult:
        """Return the result without what the baseline has, which is suppressed."""
        missing, covered, withheld = [], [], Counter[Confidence]()
        for finding in self.result.findings:
            if baseline.find(finding.rule.id, finding.secret):
                covered.append(Suppressed(finding, Suppression(Means.BASELINE, "in the baseline")))
            elif finding.confidence.rank >= self.least.rank:
                missing.append(finding)
            else:
                withheld[finding.confidence] += 1
        suppressed = (*self.result.suppressed, *covered)
        return replace(
            self.result,
            findings=tuple(missing),
            suppressed=suppressed,
            withheld=dict(withheld),
        )

    def stale(self, baseline: Baseline) -> tuple[Entry, ...]:
        """Return the entries that are not needed any more, of the rules that were active."""
        found = {
            entry
            for finding in self.result.findings
            for entry in baseline.find(finding.rule.id, finding.secret)
        }
        active = {rule.id for rule in self.result.rules}
        return tuple(e for e in baseline.entries if e.rule in active and e not in found)


def _options(function: Function) -> Function:
    """Add what all of these commands take."""
    for option in (
        config_option,
        click.option(
            "--min-confidence",
            type=click.Choice([level.value for level in Confidence]),
            default=Confidence.MEDIUM.value,
            show_default=True,
            help="What is below this needs no entry.",
        ),
        click.option(
            "--rules",
            "names",
            multiple=True,
            metavar="ID|all",
            help="Use these rules, separated by commas or given one by one.",
        ),
        click.option(
            "--file",
            "given",
            metavar="FILE",
            help="The baseline.  [default: that of the configuration, else .leakscan-baseline at"
            " the top of the checkout]",
        ),
        click.argument("target", required=False),
    ):
        function = option(function)
    return function


@click.group()
def baseline() -> None:
    """Accept the tokens that are there, and hear of new ones only.

    A baseline is a file to commit: keyed digests, from which nobody can read a token. What is in
    it stops no commit, and no scan of the repository reports it. TARGET is a repository or a
    folder; by default the checkout that you work in.
    """


@baseline.command()
@_options
@click.pass_context
def create(
    context: click.Context,
    target: str | None,
    names: tuple[str, ...],
    given: str | None,
    min_confidence: str,
    config_path: Path | None,
) -> None:
    """Write a baseline of all that is found in TARGET."""
    from leakscan.suppress.baseline import new_baseline, write_baseline

    asked = _asked(target, names, given, min_confidence, config_path)
    if os.path.lexists(asked.path):
        raise UsageError(f"{asked.path} is there already", "use `leakscan baseline update`")
    found = _found(asked)
    made = _added(new_baseline(), found)
    write_baseline(asked.path, made, is_new=True)
    click.echo(f"{_amount(len(made.entries))} in {asked.path}")
    context.exit(_incomplete(found, "what could not be read may hold more"))


@baseline.command()
@_options
@click.pass_context
def update(
    context: click.Context,
    target: str | None,
    names: tuple[str, ...],
    given: str | None,
    min_confidence: str,
    config_path: Path | None,
) -> None:
    """Add what is new in TARGET, and drop what is there no more.

    Nothing is dropped unless all could be read, nor of rules that were not active.
    """
    from leakscan.suppress.baseline import write_baseline

    asked = _asked(target, names, given, min_confidence, config_path)
    before = _existing(asked.path)
    found = _found(asked)
    stale = set(found.stale(before) if found.result.coverage.complete else ())
    kept = replace(before, entries=tuple(e for e in before.entries if e not in stale))
    after = _added(kept, found)
    write_baseline(asked.path, after, is_new=False)
    added = len(after.entries) - len(kept.entries)
    click.echo(
        f"{_amount(len(after.entries))} in {asked.path}: {added:,} new, {len(stale):,} dropped"
    )
    context.exit(_incomplete(found, "nothing was dropped"))


@baseline.command()
@_options
@click.pass_context
def check(
    context: click.Context,
    target: str | None,
    names: tuple[str, ...],
    given: str | None,
    min_confidence: str,
    config_path: Path | None,
) -> None:
    """Compare the baseline with what is found in TARGET, and change nothing.

    Exit status: 0 it has all that is found, 1 it lacks something, 2 wrong usage, 3 an error, or
    not everything could be read.
    """
    from leakscan.suppress.baseline import shown_path

    asked = _asked(target, names, given, min_confidence, config_path)
    existing = _existing(asked.path)
    found = _found(asked)
    result = found.new(existing)
    write_result(result, "text", "-", color="auto")
    stale = found.stale(existing) if result.coverage.complete else ()
    if stale:
        todo = "`leakscan baseline update` drops them"
        click.echo(f"leakscan: {_amount(len(stale))} for what is found no more: {todo}", err=True)
    for entry in stale[:MOST_TOLD]:
        from leakscan.report.presentable import presentable_line

        where = shown_path(entry) or "in no file"
        click.echo(f"  {entry.digest[:12]}  {entry.rule}  {presentable_line(where)}", err=True)
    context.exit(exit_status(result))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a command is asked to do.

    Attributes:
        names: of the rules to use; empty for those of the configuration.
        least: the confidence from which on findings belong in a baseline.
        path: the baseline.
    """

    config: Config
    target: str
    names: list[str]
    least: Confidence
    path: Path


def _asked(
    target: str | None,
    names: tuple[str, ...],
    given: str | None,
    min_confidence: str,
    config_path: Path | None,
) -> _Asked:
    """Find out what is meant by the options.

    Raises:
        UsageError: the target is no repository or folder, or a part of one, or has no baseline.
    """
    from leakscan.git.urls import transport
    from leakscan.places import checkout_root
    from leakscan.suppress.suppressor import is_in_checkout

    refuse_empty({"TARGET": target, "--file": given})
    config = load_config(config_path, Path.cwd())
    announce(config)
    if target is None:
        target = str(config.root or ".")
    folder = Path(target)
    if target == "-" or transport(target) or not folder.is_dir():
        raise UsageError(f"{target} is no repository or folder here", "name one")
    top = checkout_root(target)
    if top is not None and os.path.realpath(target) not in (top, os.path.realpath(top + "/.git")):
        raise UsageError(f"{target} is only a part of a repository", f"name its top, {top}")
    ours = config.checkout_baseline if is_in_checkout(config, folder) else None
    path = Path(given) if given else config.baseline_file or ours
    if path is None:
        raise UsageError(
            f"{target} is not the checkout that you work in", "go there, or say --file"
        )
    return _Asked(config, target, rule_names(names), Confidence(min_confidence), path)


def _existing(path: Path) -> Baseline:
    from leakscan.suppress.baseline import read_baseline

    existing = read_baseline(path)
    if existing is None:
        raise UsageError(f"{path} is not there", "use `leakscan baseline create`")
    return existing


def _found(asked: _Asked) -> _Found:
    """Scan all of a target, whatever is in a baseline."""
    from leakscan.cli.detection import open_detector
    from leakscan.cli.progress import ProgressLine
    from leakscan.fingerprint import passing_key
    from leakscan.git.fork import usable_processors
    from leakscan.report.presentable import presentable
    from leakscan.sources.repository import RepositoryOptions
    from leakscan.sources.target import TargetOptions
    from leakscan.suppress.suppressor import load_suppressor

    with open_detector(asked.config, asked.names) as detector:
        suppress = load_suppressor(asked.config, Path(asked.target), baseline=False)
        with ProgressLine(sys.stderr) as progress:
            wanted = RepositoryOptions(jobs=usable_processors())
            result = run_scan(
                asked.target,
                detector,
                TargetOptions(wanted, 0, 0, progress.cloning),
                progress,
                key=passing_key,
                least=Confidence.LOW,
                suppress=suppress,
            )
    # A path may hold a token, and goes into the baseline.
    return _Found(presentable(result, show_secrets=False), asked.least)


def _added(existing: Baseline, found: _Found) -> Baseline:
    """Return the baseline with an entry for each finding that has none."""
    new = tuple(map(existing.entry, found.new(existing).findings))
    return replace(existing, entries=existing.entries + new)


def _amount(number: int) -> str:
    return count(number, "entry", "entries")


def _incomplete(found: _Found, so: str) -> int:
    """Say what was not read, if anything; return the exit status."""
    skipped = found.result.coverage.skipped
    for skip in skipped[:MOST_TOLD]:
        click.echo(f"leakscan: not read: {safe_text(f'{skip.what}: {skip.why}')}", err=True)
    if skipped:
        click.echo(f"leakscan: {count(len(skipped), 'thing')} could not be read: {so}", err=True)
    return 3 if skipped else 0

"""``leakscan baseline``."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leakscan.cli.baseline_words import (
    UNSEEN,
    holding,
    tell,
    tell_entries,
    tell_left_out,
    tell_tokens,
    tell_unread,
)
from leakscan.cli.options import (
    collected,
    confidence_option,
    config_option,
    refuse_empty,
    rules_option,
)
from leakscan.cli.scanning import announce, run_scan
from leakscan.config import Config, load_config
from leakscan.errors import UsageError
from leakscan.model import Confidence, Finding, ScanResult
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leakscan.suppress.baseline import Baseline, Entry


@dataclass(frozen=True, slots=True)
class _Found:
    """What a scan found, beside a baseline.

    Attributes:
        result: all that counts and that neither a comment nor an allowlist suppresses, of any
            confidence; of places only those that count.
        uncommitted: what does not count, since it is in no commit on a branch or tag.
        least: the confidence from which on findings belong in a baseline.
        has_all_branches: whether what was not found is on no branch of anybody's.
    """

    result: ScanResult
    uncommitted: tuple[Finding, ...]
    least: Confidence
    has_all_branches: bool

    def new(self, baseline: Baseline) -> list[Finding]:
        """Return what the baseline lacks."""
        return self._missing(self.result.findings, baseline)

    def left_out(self, baseline: Baseline) -> list[Finding]:
        """Return what does not count, and is in the baseline by no other way."""
        return self._missing(self.uncommitted, baseline)

    def _missing(self, findings: Iterable[Finding], baseline: Baseline) -> list[Finding]:
        return [
            finding
            for finding in findings
            if finding.confidence.rank >= self.least.rank
            and not baseline.find(finding.rule.id, finding.secret)
        ]

    def unseen(self, baseline: Baseline) -> tuple[Entry, ...]:
        """Return the entries of which nothing was found, of the rules that were active.

        Unless all could be read, nobody can tell.
        """
        if not self.result.coverage.complete:
            return ()
        found = {
            entry
            for finding in self.result.findings
            for entry in baseline.find(finding.rule.id, finding.secret)
        }
        active = {rule.id for rule in self.result.rules}
        return tuple(e for e in baseline.entries if e.rule in active and e not in found)


@dataclass(frozen=True, slots=True)
class _Options:
    """What all of these commands take, by the names of their parameters."""

    target: str | None
    given: str | None
    uncommitted: bool
    rules: list[str]
    least: Confidence
    config_path: Path | None


_options = collected(
    _Options,
    click.argument("target", required=False),
    click.option(
        "--file",
        "given",
        metavar="FILE",
        help="The baseline.  [default: that of the configuration, else .leakscan-baseline at"
        " the top of the checkout]",
    ),
    click.option(
        "--uncommitted",
        is_flag=True,
        help="Count what no branch or tag leads to, too: files that are staged or not even that,"
        " stashes, and what was undone.",
    ),
    rules_option,
    confidence_option("What is below this needs no entry."),
    config_option,
)


@click.group()
def baseline() -> None:
    """Accept the tokens that are there, and hear of new ones only.

    A baseline is a file to commit: keyed digests, from which nobody can read a token. What is in
    it stops no commit, and no scan of the repository reports it, in whichever file it stands.
    TARGET is a repository, of which what is committed counts, or a folder; by default the
    checkout that you work in.
    """


@baseline.command()
@_options
def create(options: _Options) -> int:
    """Write a baseline of all that is committed in TARGET."""
    from leakscan.suppress.baseline import new_baseline, write_baseline
    from leakscan.suppress.merging import missing_attribute

    asked = _asked(options)
    if os.path.lexists(asked.path):
        raise UsageError(f"{asked.path} is there already", "use `leakscan baseline update`")
    found = _found(asked)
    empty = new_baseline()
    added = found.new(empty)
    made = _with(empty, added)
    write_baseline(asked.path, made, is_new=True)
    tell(holding(made, asked.path))
    tell_tokens("New:", added, asked.target)
    tell_left_out(found.left_out(made), asked.target)
    if made.entries:
        tell("Entries are not bound to a path: what is in the baseline passes in every file.")
    if line := missing_attribute(asked.path):
        tell(f"Add to .gitattributes, so that git merges the baseline:  {safe_text(line)}")
    tell_unread(found.result.coverage.skipped, "what could not be read may hold more")
    return _status(found)


@baseline.command()
@click.option(
    "--drop-unseen",
    is_flag=True,
    help="Drop what is not here, though TARGET is a clone that does not fetch all branches.",
)
@_options
def update(options: _Options, *, drop_unseen: bool) -> int:
    """Add what is new in TARGET, and drop what is there no more.

    Nothing is dropped unless all could be read, nor of rules that were not active, nor in a clone
    that does not fetch all branches: others may need it.
    """
    from leakscan.suppress.baseline import write_baseline

    asked = _asked(options)
    before = _existing(asked.path)
    found = _found(asked)
    unseen, added = found.unseen(before), found.new(before)
    stale = unseen if found.has_all_branches or drop_unseen else ()
    kept = tuple(entry for entry in before.entries if entry not in set(stale))
    after = _with(replace(before, entries=kept), added)
    write_baseline(asked.path, after, is_new=False)
    tell(f"{holding(after, asked.path)}: {len(added):,} new, {len(stale):,} dropped")
    tell_tokens("New:", added, asked.target)
    tell_entries("Dropped:", stale)
    if not stale:
        tell_entries(f"{UNSEEN} (--drop-unseen drops them):", unseen)
    tell_left_out(found.left_out(after), asked.target)
    tell_unread(found.result.coverage.skipped, "nothing was dropped")
    return _status(found)


@baseline.command()
@_options
def check(options: _Options) -> int:
    """Compare the baseline with what is found in TARGET, and change nothing.

    Exit status: 0 it has all that is found, 1 it lacks something, 2 wrong usage, 3 an error, or
    not everything could be read.
    """
    asked = _asked(options)
    existing = _existing(asked.path)
    found = _found(asked)
    new, unseen = found.new(existing), found.unseen(existing)
    what = "needed no more" if found.has_all_branches else "not seen in this clone"
    amounts = f"{len(new):,} missing, {len(unseen):,} {what}"
    tell(f"{holding(existing, asked.path)}: {amounts}")
    tell_tokens("Missing (`leakscan scan` says more about them):", new, asked.target)
    if found.has_all_branches:
        tell_entries("Needed no more (`leakscan baseline update` drops them):", unseen)
    else:
        tell_entries(f"{UNSEEN}:", unseen)
    tell_left_out(found.left_out(existing), asked.target)
    tell_unread(found.result.coverage.skipped, "what could not be read may hold more")
    return _status(found) or (1 if new else 0)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a command is asked to do.

    Attributes:
        target: the repository or folder.
        rules: ids of those to use; empty for those of the configuration.
        least: the confidence from which on findings belong in a baseline.
        path: the baseline.
        only_committed: whether only that counts.
    """

    config: Config
    target: str
    rules: list[str]
    least: Confidence
    path: Path
    only_committed: bool


def _asked(options: _Options) -> _Asked:
    """Find out what is meant by the options.

    Raises:
        UsageError: the target is no repository or folder, or a part of one, or has no baseline.
        TargetError: it is a repository that cannot be read.
    """
    from leakscan.git.urls import transport
    from leakscan.places import checkout_root
    from leakscan.sources.repository import repository_at
    from leakscan.suppress.suppressor import is_in_checkout

    refuse_empty({"TARGET": options.target, "--file": options.given})
    config = load_config(options.config_path, Path.cwd())
    announce(config)
    target = options.target if options.target is not None else str(config.root or ".")
    folder = Path(target)
    if target == "-" or transport(target) or not folder.is_dir():
        raise UsageError(f"{target} is no repository or folder here", "name one")
    top = checkout_root(target)
    if top is not None and os.path.realpath(target) not in (top, os.path.realpath(top + "/.git")):
        raise UsageError(f"{target} is only a part of a repository", f"name its top, {top}")
    ours = config.checkout_baseline if is_in_checkout(config, folder) else None
    path = Path(options.given) if options.given else config.baseline_file or ours
    if path is None:
        raise UsageError(
            f"{target} is not the checkout that you work in", "go there, or say --file"
        )
    is_repository = repository_at(folder) is not None
    if not is_repository and "GIT_WORK_TREE" in os.environ:  # then what is committed is elsewhere
        raise UsageError(
            f"the repository of {target} is kept apart from it",
            "name the folder that GIT_DIR names, and the file with --file",
        )
    only_committed = is_repository and not options.uncommitted
    return _Asked(config, target, options.rules, options.least, path, only_committed)


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
    from leakscan.git.remotes import fetches_all_branches
    from leakscan.report.presentable import presentable
    from leakscan.sources.repository import RepositoryOptions, repository_at
    from leakscan.sources.target import TargetOptions
    from leakscan.suppress.suppressor import is_in_checkout, load_suppressor

    with open_detector(asked.config, asked.rules) as detector:
        folder = Path(asked.target)
        is_ours = is_in_checkout(asked.config, folder)
        suppress = load_suppressor(asked.config, is_ours=is_ours, folder=folder, baseline=False)
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
    shown = presentable(result, show_secrets=False)
    layout = repository_at(folder)
    has_all_branches = layout is None or fetches_all_branches(layout)
    if not asked.only_committed:
        return _Found(shown, (), asked.least, has_all_branches)
    committed, uncommitted = [], []
    for finding in shown.findings:
        if places := tuple(place for place in finding.locations if place.reachable):
            committed.append(replace(finding, locations=places))
        else:
            uncommitted.append(finding)
    counting = replace(shown, findings=tuple(committed))
    return _Found(counting, tuple(uncommitted), asked.least, has_all_branches)


def _with(existing: Baseline, added: Iterable[Finding]) -> Baseline:
    """Return the baseline with an entry for each finding."""
    return replace(existing, entries=existing.entries + tuple(map(existing.entry, added)))


def _status(found: _Found) -> int:
    """Return 3 if something could not be read, else 0."""
    return 0 if found.result.coverage.complete else 3

"""The detector that the configuration asks for."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, cast

import click

from leakscan.detect import Detector
from leakscan.rules import load_rules, require_known, select_rules, shipped_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from leakscan.config import Config
    from leakscan.detect.digests import DigestFile
    from leakscan.model import Rule


def usable_rules(config: Config, names: Sequence[str] = ()) -> tuple[Rule, ...]:
    """Load the named rules, or else those that the configuration enables.

    Raises:
        UsageError: a rule is unknown.
        RuleError: a rule is wrong, or cannot be searched for.
    """
    known = load_rules(config.rule_paths, config.overrides)
    for allowance in config.allow + config.checkout_allow:
        if allowance.rule:
            require_known(f"{allowance.where}: rule: {allowance.rule}", allowance.rule, known)
    rules = active_rules(config, known, names)
    if config.rule_paths or config.overrides:  # the tests have checked the shipped ones
        from leakscan.detect.rulecheck import require_searchable

        require_searchable(rules)
    if config.rule_paths and not names:
        _tell_of_idle(known, rules)
    return rules


def _tell_of_idle(known: Sequence[Rule], rules: Sequence[Rule]) -> None:
    """Say so if no rule of the operator's own files is on, which hardly anybody wants."""
    shipped = shipped_files()
    own = [rule.id for rule in known if rule.id not in shipped]
    if own and not any(rule.id in own for rule in rules):
        click.echo(f"leakscan: {', '.join(own)}: loaded but off; see rules.enable", err=True)


def active_rules(
    config: Config, known: Sequence[Rule], names: Sequence[str] = ()
) -> tuple[Rule, ...]:
    """Select the named ones of the known rules, or else those that the configuration enables.

    Raises:
        UsageError: a rule is unknown.
    """
    chosen = tuple(names) or config.enable
    if config.also_enable and not names:
        chosen = chosen or tuple(rule.id for rule in known if rule.default)
        chosen += config.also_enable
    return select_rules(known, chosen)


@contextlib.contextmanager
def open_detector(config: Config, names: Sequence[str]) -> Iterator[Detector]:
    """Make a detector of the named rules, or else of those that the configuration enables.

    Raises:
        UsageError: as `usable_rules`, or the list of issued tokens cannot be read.
    """
    rules = usable_rules(config, names)
    with _issued(config) as issued:
        yield Detector(rules, issued)


@contextlib.contextmanager
def open_detectors(config: Config) -> Iterator[Callable[[], Detector]]:
    """Give what returns a detector of the calling thread's own, as `open_detector` makes it.

    Raises:
        UsageError: as `open_detector`.
    """
    rules = usable_rules(config)
    of_thread = threading.local()
    with _issued(config) as issued:

        def detector() -> Detector:
            if not hasattr(of_thread, "detector"):
                of_thread.detector = Detector(rules, issued)
            return cast("Detector", of_thread.detector)

        yield detector


@contextlib.contextmanager
def _issued(config: Config) -> Iterator[DigestFile | None]:
    """Open the issuer's list of issued tokens if the configuration names one."""
    if config.digest_file is None:
        yield None
        return
    from leakscan.detect.digests import DigestFile, digest_key

    with DigestFile.open(config.digest_file, digest_key(None, config.digest_key_file)) as issued:
        yield issued

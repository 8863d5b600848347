"""What suppresses a sighting: a comment on its line, an allowlist, the baseline; in this order."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from leakscan.model import Means, Suppression
from leakscan.places import checkout_root
from leakscan.suppress.allowlist import Allowlist

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leakscan.config import Config
    from leakscan.sources.sighting import Sighting
    from leakscan.suppress.baseline import Baseline


class Suppressor:
    """Says what suppresses a sighting, if anything does.

    Baselines are read when a sighting needs them, so that a clean scan does not wait for it.

    Args:
        allowlist: what the configuration allows.
        baseline_files: files that may be missing.
    """

    def __init__(self, allowlist: Allowlist, baseline_files: Iterable[Path]) -> None:
        self._allowlist = allowlist
        self._baseline_files = tuple(baseline_files)

    def __call__(self, sighting: Sighting) -> Suppression | None:
        """Return what suppresses a sighting.

        Raises:
            UsageError: a baseline is wrong, or a pattern takes too long.
        """
        match = sighting.match
        if match.allowed:
            return Suppression(Means.INLINE, match.allowed)
        if allowance := self._allowlist.find(sighting):
            return Suppression(Means.ALLOWLIST, allowance.reason, allowance.source)
        for file, baseline in self._baselines:
            if baseline.find(match.rule, match.secret):
                return Suppression(Means.BASELINE, f"in {file.name}", file)
        return None

    @cached_property
    def _baselines(self) -> list[tuple[Path, Baseline]]:
        from leakscan.suppress.baseline import read_baseline

        found = ((file, read_baseline(file)) for file in self._baseline_files)
        return [(file, baseline) for file, baseline in found if baseline]


def load_suppressor(
    config: Config, *, is_ours: bool, folder: Path | None = None, baseline: bool = True
) -> Suppressor:
    """Return what suppresses sightings as the configuration says.

    Args:
        config: what the user has set, and what the checkout that the user works in says.
        is_ours: whether what is scanned is of that checkout; it has no say about anything else.
        folder: what is scanned, if it is a folder elsewhere: globs are relative to it, too.
        baseline: whether baselines suppress anything.

    Raises:
        UsageError: a pattern is no regular expression.
    """
    allowances = config.allow + (config.checkout_allow if is_ours else ())
    files = [config.baseline_file, config.checkout_baseline if is_ours else None]
    top = config.root if is_ours else folder
    return Suppressor(
        Allowlist(allowances, None if top is None else str(top)),
        [file for file in files if file and baseline],
    )


def is_in_checkout(config: Config, target: Path) -> bool:
    """Whether a target lies in the checkout that the user works in, and in none within that."""
    real = Path(os.path.realpath(target))
    if config.root is None or not real.is_relative_to(config.root):
        return False
    nearest = checkout_root(str(real))
    # A work tree whose repository lies elsewhere may lie in another checkout.
    return nearest is None or config.root.is_relative_to(nearest)

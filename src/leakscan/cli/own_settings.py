"""What a checkout says of itself, held against what is committed of it: others have only that."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

    from leakscan.config import Config
    from leakscan.model import ScanResult


def check_baseline(config: Config, staged: Container[bytes]) -> None:
    """Read the checkout's baseline if it is staged, whether or not it is needed for anything.

    Args:
        config: names it.
        staged: paths below the top of the checkout that are staged.

    Raises:
        UsageError: it is wrong.
    """
    from leakscan.suppress.baseline import read_baseline

    if config.checkout_baseline and os.fsencode(_name(config, config.checkout_baseline)) in staged:
        read_baseline(config.checkout_baseline)


def tell_uncommitted(config: Config, result: ScanResult) -> None:
    """Say which file suppressed something as nobody else will have it.

    Raises:
        TargetError: git cannot tell what is staged.
    """
    from leakscan.git.own import ask

    for file in _heeded(config, result):
        name = _name(config, file)
        options = ("--porcelain", "-z", "--untracked-files=all", "--ignored")
        pathspec = f":(top,literal){name}"
        state = ask("status", *options, "--", pathspec, doing=f"say whether {name} is committed")
        if state[1:2].strip():  # of "M ", what is staged differs; of " M" and "??", what is not
            click.echo(
                f"leakscan: {safe_text(name)} suppresses something, and is not committed as it is:"
                " others will be stopped",
                err=True,
            )


def _heeded(config: Config, result: ScanResult) -> Iterator[Path]:
    """Yield those of the checkout's own files that suppressed something."""
    used = {item.suppression.source for item in result.suppressed}
    for file in (config.checkout, config.checkout_baseline):
        if file and file in used:
            yield file


def _name(config: Config, file: Path) -> str:
    """Return the path below the top of the checkout."""
    return os.path.relpath(file, config.root)

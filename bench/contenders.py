"""What ``bench/guard.py`` measures: commands that look at what is staged, and what commits cost."""

from __future__ import annotations

import shutil
import statistics
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from history import ONE_RULE, version
from measure import measure

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from staged import Staged

PYTHON = "python3 -I -c pass"
GIT_DIFF = "git diff --cached --quiet"
GUARD = "leakscan pre-commit"
COMMIT_HOOKS = ("pre-commit", "commit-msg")
"""What git runs of ours on each commit, where it is installed as it is by default."""

SLOW = "detect-secrets-hook"
"""It takes minutes for 50 MB, so it is measured on three files only."""

PEERS = ("betterleaks", "gitleaks", "kingfisher", SLOW)
DEFAULT_RULES, ONE = "default rules", "one rule"
REPORTED = 10
"""Lines of a tool's complaint that are shown."""


class Surface(StrEnum):
    """Where a token is staged."""

    SOURCE = "source text"
    INDEX = "the index only"
    BINARY = "a binary file"


@dataclass
class Contender:
    """A command to measure in a repository.

    ``clean`` and ``blocked`` are the statuses that it ends with when no token is staged and when
    one is; the latter is ``None`` for a command that does not look for any.  ``refusal`` is how
    many seconds it took where a token was staged in source text, ``suspicion`` where only the
    prefix of one was.
    """

    name: str
    command: Callable[[Staged], list[str]]
    clean: int = 0
    blocked: int | None = 1
    finds: dict[Surface, bool] = field(default_factory=dict)
    refusal: float = 0
    suspicion: float = 0
    walls: list[float] = field(default_factory=list)

    @property
    def counts(self) -> bool:
        """Whether it does what its time is measured for."""
        return self.blocked is None or self.finds[Surface.SOURCE]

    @property
    def median(self) -> float:
        """How many seconds a run takes."""
        return statistics.median(self.walls)

    def run(self, staged: Staged, scratch: Path, limit: float) -> tuple[int, float]:
        """Run once, undo what that changed, and return the status and the seconds it took.

        Raises:
            SystemExit: it ended in another way than it may.
        """
        run = measure(self.command(staged), scratch, None, limit, watch=False, where=staged.folder)
        staged.restore()
        if run.status not in {self.clean, self.blocked}:
            self.fail(run.status, scratch)
        return run.status, run.wall

    def time(self, staged: Staged, scratch: Path, limit: float) -> float:
        """Run once where no token is staged, and return the seconds it took.

        Raises:
            SystemExit: it ended as if there were one, or in another way than it may.
        """
        status, wall = self.run(staged, scratch, limit)
        if status != self.clean:
            self.fail(status, scratch)
        return wall

    def fail(self, status: int, scratch: Path) -> None:
        """Give up: a time is worth nothing where the command did not do what it is run for.

        Raises:
            SystemExit: always.
        """
        said = (scratch / "stderr").read_text(errors="replace").splitlines()
        raise SystemExit("\n".join([f"{self.name} ended with {status}:", *said[-REPORTED:]]))


def contenders(options: argparse.Namespace, folder: Path, *, slow: bool) -> list[Contender]:
    """List what an ordinary commit costs anyway, leakscan, and every peer that is installed.

    Raises:
        SystemExit: a peer is named that is no program, or only a launcher.
    """
    python, guard = str(options.python), str(options.leakscan)
    listed = [
        Contender(PYTHON, lambda _: [python, "-I", "-c", "pass"], blocked=None),
        Contender(GIT_DIFF, lambda _: GIT_DIFF.split(), clean=1, blocked=None),
        Contender(GUARD, lambda _: [guard, "pre-commit"]),
    ]
    if "hook" not in options.without:
        commit = ["git", "commit", "--quiet", "--message", "Change"]
        listed += [
            Contender("its pre-commit hook", lambda _: [".git/hooks/pre-commit"]),
            Contender(f"git commit, guarded by {' and '.join(COMMIT_HOOKS)}", lambda _: commit),
            Contender("git commit --no-verify", lambda _: [*commit, "--no-verify"], blocked=None),
        ]
    for name in PEERS:
        named = getattr(options, name.replace("-", "_"))
        program = shutil.which(named.absolute() if named else name)
        if named and not program:
            raise SystemExit(f"{named} is no program")
        if program and name not in options.without and (slow or name != SLOW):
            listed += peer(name, program, folder)
    return listed


def peer(name: str, program: str, folder: Path) -> list[Contender]:
    """Describe a scanner, with its default rules and with one for Replicate's tokens.

    Raises:
        SystemExit: it is only a launcher.
    """
    called = version(name, program)
    if name == SLOW:
        command = [program, "--no-verify"]
        return [Contender(f"{called}, {DEFAULT_RULES}", lambda staged: [*command, *staged.paths])]
    with Path(program).open("rb") as file:
        if file.read(2) == b"#!":
            remedy = f"name the program that it starts with --{name}"
            raise SystemExit(
                f"{program} is only a launcher: {remedy}, or leave it --without {name}"
            )
    config = folder / "one-rule.toml"
    config.write_text(ONE_RULE)
    blocked = 1
    one_rule = ["--config", str(config)]
    if name == "kingfisher":
        blocked = 200
        one_rule = ["--rule", "betterleaks.replicate-api-token"]
        command = [program, "scan", ".", "--staged", "--no-validate", "--no-update-check", "-q"]
    elif name == "gitleaks":
        command = [program, "git", "--pre-commit", "--staged", "--no-banner"]
    else:
        command = [program, "git", "--staged", "--no-banner"]
    return [
        Contender(f"{called}, {DEFAULT_RULES}", lambda _: command, blocked=blocked),
        Contender(f"{called}, {ONE}", lambda _: command + one_rule, blocked=blocked),
    ]

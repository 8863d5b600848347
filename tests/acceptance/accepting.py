"""A checkout with a baseline."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from scanning import environment

if TYPE_CHECKING:
    from pathlib import Path

    from forked import Commands
    from gitrepo import GitRepo

FILE = ".leakscan-baseline"


class Checkout:
    """A repository that somebody works in."""

    def __init__(self, repo: GitRepo, commands: Commands) -> None:
        self.repo = repo
        self.path = repo.path
        self._commands = commands

    def run(self, *arguments: str, cwd: Path | None = None) -> tuple[int, str, str]:
        """Run a command there; return its status and what it said on both streams."""
        done = self._commands.run(arguments, env=environment(), cwd=cwd or self.path)
        assert b"Traceback" not in done.stderr, done.stderr
        assert b"internal error" not in done.stderr, done.stderr
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def scan(self, *options: str) -> tuple[int, set[str], Any]:
        """Scan it all; return the status, the secrets found, and how many are suppressed."""
        form = ("--format", "json", "--show-secrets")
        status, out, _ = self.run("scan", *form, *options, ".")
        report = json.loads(out)
        return status, {found["secret"] for found in report["findings"]}, report["suppressed"]

    @property
    def entries(self) -> list[str]:
        """The paths of the entries."""
        lines = (self.path / FILE).read_text().splitlines()
        return sorted(line.split(" ")[2] for line in lines if not line.startswith(("#", "key ")))

    @property
    def key(self) -> str:
        """The line of the key."""
        (key,) = re.findall("^key .*$", (self.path / FILE).read_text(), re.MULTILINE)
        return str(key)

    def digest(self, path: str) -> str:
        """The digest of the entry with a path."""
        (digest,) = re.findall(rf"^(\w+) \S+ {path}$", (self.path / FILE).read_text(), re.MULTILINE)
        return str(digest)

    def forget_history(self) -> None:
        """Leave no commit but one of what is there."""
        self.repo.git("checkout", "-q", "--orphan", "anew")
        self.repo.commit("Begin anew")
        self.repo.git("branch", "-q", "-D", "main")
        self.repo.git("reflog", "expire", "--expire=all", "--all")
        self.repo.git("gc", "-q", "--prune=all")

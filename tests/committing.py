"""What the guard says of a commit, asked in the two ways that it can be asked."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gitrepo import GitRepo, clean_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from forked import Commands

PASSED, BLOCKED, MISUSED, UNREAD = 0, 1, 2, 3


@dataclass(frozen=True)
class Answer:
    """What the guard answered.

    Attributes:
        status: its exit status.
        text: what a developer reads.
        errors: what it wrote to standard error.
        report: the same as JSON; empty where there is none.
    """

    status: int
    text: str
    errors: str
    report: dict[str, Any]

    @property
    def places(self) -> list[str]:
        """Where tokens stand that are added: ``path:line:column``."""
        return _places(self.report["findings"])

    @property
    def known(self) -> list[str]:
        """Where tokens stand that are not added."""
        items = self.report["suppressed_findings"]
        return _places([item for item in items if item["suppression"]["means"] == "known"])

    @property
    def unread(self) -> list[str]:
        """What could not be read."""
        return [skip["what"] for skip in self.report["coverage"]["skipped"]]


def _places(findings: list[dict[str, Any]]) -> list[str]:
    places = [place for finding in findings for place in finding["locations"]]
    return sorted(
        ":".join(str(place[key]) for key in ("path", "line", "column") if place.get(key))
        for place in places
    )


@dataclass(frozen=True)
class Guard:
    """Runs the guard's commands in a repository."""

    commands: Commands
    repo: GitRepo
    home: Path

    def at(self, repo: GitRepo) -> Guard:
        """Look at another repository."""
        return Guard(self.commands, repo, self.home)

    @property
    def environment(self) -> dict[str, str]:
        """What a user without any settings has."""
        return clean_environment(self.home) | {"GIT_CONFIG_GLOBAL": os.devnull}

    def __call__(
        self,
        command: str = "pre-commit",
        *arguments: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask as git does, and then for JSON, which is never answered at a glance: they agree."""

        def run(*options: str) -> tuple[int, str, str]:
            done = self.commands.run(
                [command, *arguments, *options],
                env=self.environment | (env or {}),
                cwd=cwd or self.repo.path,
            )
            return done.returncode, done.stdout.decode(), done.stderr.decode()

        status, text, errors = run()
        again, told, _ = run("--format", "json", "--show-suppressed")
        assert status == again, (text, told)
        report = json.loads(told) if told else {}
        if report and not text:
            assert not report["findings"]
            assert not report["suppressed"]
            assert report["coverage"]["complete"]
        return Answer(status, text, errors, report)

    def passes(self, **asked: Any) -> Answer:
        """Ask about a commit that must pass without a word."""
        answer = self(**asked)
        assert (answer.status, answer.text, answer.errors) == (PASSED, "", "")
        return answer

    def blocks(self, *places: str, **asked: Any) -> Answer:
        """Ask about a commit that must be stopped for tokens in these places, and no others."""
        answer = self(**asked)
        assert answer.status == BLOCKED, (answer.text, answer.errors)
        assert answer.places == sorted(places)
        return answer

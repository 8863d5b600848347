"""Run the real command line in a process of its own, and read what it answers."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gitrepo import clean_environment

CLEAN, FOUND, MISUSED, INCOMPLETE, INTERRUPTED = 0, 1, 2, 3, 130
JSON = ("--format", "json", "--show-secrets")


@dataclass
class Scan:
    """What one run of ``leakscan scan`` answered."""

    status: int
    stdout: str = field(repr=False)
    stderr: str
    report: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def skipped(self) -> list[str]:
        """What was not read, each with the reason, as one text."""
        return [f"{skip['what']}: {skip['why']}" for skip in self.report["coverage"]["skipped"]]

    def names(self, *things: str) -> bool:
        """Tell whether one skip names all of these."""
        return any(all(thing in skip for thing in things) for skip in self.skipped)

    @property
    def secrets(self) -> set[str]:
        """Every secret that was found."""
        return {finding["secret"] for finding in self.report["findings"]}

    def locations(self, secret: str, kind: str | None = None) -> list[dict[str, Any]]:
        """List the places of one secret, of one kind if told."""
        return [
            location
            for finding in self.report["findings"]
            if finding["secret"] == secret
            for location in finding["locations"]
            if kind in (None, location["kind"])
        ]

    def at(self, secret: str, kind: str) -> dict[str, Any]:
        """Return the one place of this kind where the secret was found."""
        places = self.locations(secret, kind)
        assert len(places) == 1, f"no one {kind} among {self.locations(secret)}"
        return places[0]


def command(target: Path | str, *options: str) -> list[str]:
    """Return the command that scans a target."""
    return [sys.executable, "-m", "leakscan", "scan", *options, "--", str(target)]


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of a user without any settings; variables are added."""
    key = {"LEAKSCAN_FINGERPRINT_KEY": "0f" * 32}
    return clean_environment(Path("/no-such-home")) | key | variables


def scan(target: Path | str, *options: str, timeout: float = 100, **variables: str) -> Scan:
    """Scan a target; the report is empty where the command printed none."""
    done = subprocess.run(
        command(target, *JSON, *options),
        capture_output=True,
        check=False,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        timeout=timeout,
    )
    stdout, stderr = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in stderr, stderr
    return Scan(done.returncode, stdout, stderr, json.loads(stdout) if stdout else {})


def complete(target: Path | str, *options: str) -> Scan:
    """Scan a target that holds a secret and must be read to the last byte."""
    answer = scan(target, *options)
    assert answer.status == FOUND, (answer, answer.report and answer.skipped)
    assert answer.report["schema"] == "leakscan/v1"
    assert answer.report["coverage"]["complete"] is True
    assert answer.skipped == []
    return answer


def incomplete(target: Path | str, *options: str, timeout: float = 100, **variables: str) -> Scan:
    """Scan a target that cannot be read completely; it must say so in every way."""
    answer = scan(target, *options, timeout=timeout, **variables)
    assert answer.status == INCOMPLETE, (answer, answer.report)
    assert answer.report["coverage"]["complete"] is False
    assert answer.skipped
    return answer

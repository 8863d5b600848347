"""Where the words of the guard go, and whose configuration it heeds."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from committing import BLOCKED, PASSED

if TYPE_CHECKING:
    from pathlib import Path

    from committing import Guard

ALLOW = '[[allow]]\nreason = "made for tests"\npaths = ["tests/**"]\n'


@pytest.mark.parametrize("format", ["text", "github", "json"])
@pytest.mark.parametrize(
    ("comment", "status"),
    [("  # leakscan: allow[replicate-api-token] a test", PASSED), ("", BLOCKED)],
)
def test_a_reader_that_goes_away_changes_no_status(
    guard: Guard, token: str, format: str, comment: str, status: int
) -> None:
    """Such as ``head``, once it has seen enough."""
    guard.repo.stage("a.env", f"{token}{comment}\n")
    reading, writing = os.pipe()
    os.close(reading)
    options = ["--format", format, "--show-suppressed"]
    done = subprocess.run(
        [sys.executable, "-m", "leakscan", "pre-commit", *options],
        cwd=guard.repo.path,
        env=guard.environment,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (status, b"")


def test_dotfiles_in_a_bare_repository(guard: Guard, tmp_path: Path, token: str) -> None:
    """What their work tree says counts, though there is no ``.git`` in it."""
    home = tmp_path / "far"
    (home / "tests").mkdir(parents=True)
    (home / "tests/a.env").write_text(token)
    (home / ".leakscan.toml").write_text(ALLOW)
    guard.repo.git(f"--work-tree={home}", "add", str(home / "tests/a.env"))
    variables = {"GIT_DIR": str(guard.repo.git_dir), "GIT_WORK_TREE": str(home)}
    answer = guard(env=variables, cwd=home / "tests")
    assert (answer.status, answer.report["suppressed"]) == (PASSED, {"allowlist": 1})

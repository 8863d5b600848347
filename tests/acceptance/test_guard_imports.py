"""What a commit waits for: every module that the guard imports is time that a developer waits."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from importing import ONLY_FOR_MUCH, ONLY_FOR_PREFIXES, SLOW, modules, packages
from pushing import Pushing, listing_imports

from committing import BLOCKED, PASSED
from gitrepo import GitRepo, clean_environment

if TYPE_CHECKING:
    from pathlib import Path

    from forked import Commands

AS_INSTALLED = "from leakscan.__main__ import start; start()"

AT_A_GLANCE = {
    "__future__",
    "itertools",
    "leakscan",
    "leakscan.__main__",
    "leakscan.gate",
    "leakscan.glance",
    "leakscan.known_signs",
    "leakscan.occasion",
    "leakscan.places",
    "leakscan.surroundings",
    "zlib",
}


def imported(repo: GitRepo, *arguments: str, status: int, code: str = AS_INSTALLED) -> set[str]:
    """Run a command in a new interpreter; return the names of the modules that it imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code, *arguments],
        cwd=repo.path,
        env=clean_environment(repo.path),
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == status, done.stderr
    return modules(done.stderr)


@pytest.mark.parametrize("arguments", [["pre-commit"], ["commit-msg", "README.md"]])
def test_a_glance_imports_next_to_nothing(repo: GitRepo, arguments: list[str]) -> None:
    repo.stage("a.txt", "nothing\n")
    python = imported(repo, status=0, code="pass")
    assert imported(repo, *arguments, status=PASSED) - python == AT_A_GLANCE


def test_a_large_commit_needs_two_modules_more(repo: GitRepo) -> None:
    repo.stage("a.bin", bytes(range(256)) * 6000)
    repo.git("config", "core.compression", "0")
    repo.stage("a.bin", bytes(range(255)) * 6000)
    python = imported(repo, status=0, code="pass")
    more = imported(repo, "pre-commit", status=PASSED) - python - AT_A_GLANCE
    assert packages(more) == {"ahocorasick_rs", "isal"}


@pytest.mark.parametrize("command", [["pre-commit"], ["commit-msg", "README.md"]])
def test_a_clean_commit_that_is_looked_at_in_full(repo: GitRepo, command: list[str]) -> None:
    repo.stage("a.txt", "nothing\n")
    found = imported(repo, *command, "--color=never", status=PASSED)
    assert "click" in found
    assert not packages(found) & (SLOW | ONLY_FOR_MUCH | ONLY_FOR_PREFIXES)
    assert not {module for module in found if module.startswith("leakscan.report.text")}


@pytest.mark.parametrize("style", ["text", "json", "jsonl", "sarif", "github"])
def test_a_commit_that_is_stopped(repo: GitRepo, token: str, style: str) -> None:
    repo.stage("a.txt", token)
    found = imported(repo, "pre-commit", f"--format={style}", status=BLOCKED)
    assert packages(found) >= ONLY_FOR_PREFIXES
    assert not packages(found) & ONLY_FOR_MUCH
    assert not packages(found) & SLOW


def test_a_message_that_is_stopped(repo: GitRepo, token: str, tmp_path: Path) -> None:
    (tmp_path / "message").write_text(token)
    found = imported(repo, "commit-msg", str(tmp_path / "message"), status=BLOCKED)
    assert not packages(found) & SLOW


@pytest.fixture
def unguarded(tmp_path: Path, commands: Commands) -> Pushing:
    """Make a repository and a server without any hooks."""
    return Pushing.made(tmp_path, commands)


@pytest.mark.parametrize("hook", ["pre-push", "pre-receive"])
def test_a_push(unguarded: Pushing, token: str, hook: str) -> None:
    pushing = unguarded
    side = pushing.server if hook == "pre-receive" else pushing.work
    side.hook(hook, listing_imports(hook))
    pushing.add("a.txt", "a")
    names = packages(modules(pushing.passes("main")))
    assert "leakscan" in names
    assert not names & (SLOW | ONLY_FOR_MUCH | ONLY_FOR_PREFIXES)
    pushing.add(".env", token)
    names = packages(modules(pushing.stopped("main")))
    assert names >= ONLY_FOR_PREFIXES
    assert not names & (SLOW | ONLY_FOR_MUCH)

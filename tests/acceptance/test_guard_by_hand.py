"""What the guard answers somebody who asks, and what it says of a commit that git makes itself."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

from pushing import running

from hooked import Hooked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from committing import Guard
    from forked import Commands


def on_a_terminal(guard: Guard, *command: str, env: Mapping[str, str] | None = None) -> str:
    """Run a command that shows on a terminal what it writes, and must succeed."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "wb") as terminal:
        done = subprocess.run(
            command,
            cwd=guard.repo.path,
            env=guard.environment | dict(env or {}),
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=terminal,
            check=False,
        )
        os.write(theirs, b"|")  # what is read is never nothing
    with os.fdopen(ours, "rb") as shown:
        said = shown.read1().decode()
    assert done.returncode == 0, said
    return said.removesuffix("|").replace("\r\n", "\n")


def test_whoever_asks_is_answered(guard: Guard) -> None:
    command = (sys.executable, "-I", "-m", "leakscan", "pre-commit")
    guard.repo.stage("a.txt", "nothing\n")
    said = on_a_terminal(guard, *command)
    assert said.startswith("No leaks found, looking only at what is staged · read 1 object, ")
    assert said.count("\n") == 1
    for hook in ({"GIT_INDEX_FILE": ".git/index"}, {"PRE_COMMIT": "1"}):
        assert on_a_terminal(guard, *command, env=hook) == ""
    guard.passes()  # what is no terminal is told nothing


def test_git_says_nothing_of_a_clean_commit(guard: Guard) -> None:
    hook = guard.repo.write("hooks/pre-commit", running("pre-commit"))
    hook.chmod(0o755)
    guard.repo.stage("a.txt", "nothing\n")
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")
    settings = (*who, "-c", f"core.hooksPath={hook.parent}")
    assert on_a_terminal(guard, "git", *settings, "commit", "-q", "-m", "Add") == ""


def test_what_is_staged_for_one_commit_only(tmp_path: Path, commands: Commands, token: str) -> None:
    """To unstage it would do nothing: the same command would stage it again."""
    work = Hooked.init(tmp_path / "work", tmp_path / "home", commands)
    work.hook("pre-commit", running("pre-commit"))
    assert not work.commit("nothing\n").returncode
    for arguments in (["-a"], ["settings.py"], ["--include", "settings.py"]):
        (work.path / "settings.py").write_text(token)
        command = ("git", "commit", "-q", "-m", "Change", *arguments)
        done = work.run(*command)
        assert done.returncode
        assert "  2. Take it out of the file, then commit again.\n" in done.stderr
        assert "restore" not in done.stderr
        (work.path / "settings.py").write_text(f"{arguments}\n")
        assert not work.run(*command).returncode

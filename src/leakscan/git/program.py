"""Running the git program so that nothing but git itself runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from subprocess import CompletedProcess

HARMLESS = {
    # Every setting through which a repository can name a program that git would run for
    # the commands used here; it overrides what the repository says.
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.sshCommand": "false",
    "core.gitProxy": "",
    "core.askPass": "",
    "core.pager": "cat",
    "core.alternateRefsCommand": "true",
    "credential.helper": "",
    # The repository has no say in which files are looked at but through .gitignore.
    "core.excludesFile": os.devnull,
    "diff.external": "",
    "gc.auto": "0",
    # Lets git read what another user owns, which it otherwise refuses because of the above.
    "safe.directory": "*",
}
"""Configuration for git in a repository that nobody vouches for."""

CLONING = {
    # The user's own settings stay in force: they may be needed to reach the repository.
    "core.hooksPath": os.devnull,
    "fetch.recurseSubmodules": "false",
    "submodule.recurse": "false",
    "transfer.bundleURI": "false",
    "gc.auto": "0",
}
"""Configuration for cloning a repository that nobody vouches for."""

PROTOCOLS = ("https", "http", "ssh", "git", "file")
"""Transports that git may use; ``ext::`` and ``fd::`` would run or read what a URL says."""

PATIENCE = 600
"""Seconds that git may take; a hostile repository can make it wait for ever."""

_KEPT = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_EXEC_PATH")


def quiet_environment(
    settings: Mapping[str, str] = HARMLESS, protocols: tuple[str, ...] = ()
) -> dict[str, str]:
    """Return the environment for git: no prompts, no lazy fetches, no redirection.

    Variables that lead git to another repository (GIT_DIR and its like) are dropped.

    Args:
        settings: configuration that goes before every file's.
        protocols: transports that git may use; by default none, so that a partial clone is
            not completed behind our back, whatever version of git this is.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name in _KEPT
    }
    environment |= {
        "GIT_ALLOW_PROTOCOL": ":".join(protocols),
        "GIT_ALLOC_LIMIT": "1g",
        "GIT_ASKPASS": "true",
        "GIT_CONFIG_COUNT": str(len(settings)),
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        "SSH_ASKPASS": "true",
    }
    environment.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
    for number, (key, value) in enumerate(settings.items()):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return environment


def run_git(
    *arguments: str | Path, cwd: Path | str, variables: Mapping[str, str] | None = None
) -> CompletedProcess[bytes]:
    """Run git in a repository that nobody vouches for; its failure is for the caller to see.

    Args:
        arguments: after ``git``.
        cwd: where to run it.
        variables: added to `quiet_environment`.
    """
    # Imported here: a scan of a bare repository runs no program at all.
    import subprocess

    command = ["git", *arguments]
    try:
        return subprocess.run(
            command,
            cwd=cwd,
            env=quiet_environment() | dict(variables or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
    except FileNotFoundError:
        fault = b"the git program was not found: install git"
    except subprocess.TimeoutExpired:
        fault = b"git did not end in time"
    return subprocess.CompletedProcess(command, 127, b"", fault)

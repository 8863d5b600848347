"""Where git looks for the hooks of a repository."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from leakscan.errors import TargetError
from leakscan.git.own import NO_GIT, failed

_LEADING_ELSEWHERE = ("GIT_COMMON_DIR", "GIT_DIR", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_WORK_TREE")


@dataclass(frozen=True, slots=True)
class Place:
    """The folder with the hooks of one repository.

    Attributes:
        folder: absolute; it may not exist yet.
        bare: whether the repository has no work tree, as on a server.
        shared: whether the folder lies outside of the repository, which others may use as well.
        tracked: whether files of the folder belong to the repository's own.
    """

    folder: Path
    bare: bool
    shared: bool
    tracked: bool


def find_place(repository: Path) -> Place:
    """Ask git, by its whole configuration, where it looks for hooks.

    Args:
        repository: a folder in a work tree, or a bare repository.

    Raises:
        TargetError: git is not there, or finds no repository or no hooks there.
    """
    bare = _ask(repository, "rev-parse", "--is-bare-repository") == b"true"
    common = repository / os.fsdecode(_ask(repository, "rev-parse", "--git-common-dir"))
    if bare:
        top = common
    elif _ask(repository, "rev-parse", "--is-inside-work-tree") == b"true":
        top = Path(os.fsdecode(_ask(repository, "rev-parse", "--show-toplevel")))
    else:
        raise TargetError(f"{repository} is inside of a git directory", "name the work tree")
    named = _ask(top, "rev-parse", "--git-path", "hooks/pre-commit")
    folder = Path(os.path.abspath(top / os.fsdecode(named))).parent  # noqa: PTH100 - links stay as they are named
    if folder == Path("/"):
        raise TargetError("core.hooksPath is empty", "unset it, so that git looks for hooks")
    if os.path.lexists(folder) and not folder.is_dir():
        raise TargetError(
            f"git looks for hooks in {folder}, which is no folder",
            "see `git config --show-origin core.hooksPath`",
        )
    if folder.name == "_" and (folder / "h").exists():
        raise TargetError(
            f"husky keeps the hooks in {folder} and makes them anew",
            f"add `leakscan pre-commit` and the like to the hooks in {folder.parent} instead",
        )
    inside_git = _holds(common, folder)
    inside_tree = not bare and not inside_git and _holds(top, folder)
    tracked = inside_tree and bool(_ask(top, "ls-files", "-z", "--", folder.resolve()))
    return Place(folder, bare, not inside_git and not inside_tree, tracked)


def _holds(folder: Path, path: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def _ask(cwd: Path, *arguments: str | Path) -> bytes:
    """Return what git says, without the end of the line."""
    environment = {
        name: value for name, value in os.environ.items() if name not in _LEADING_ELSEWHERE
    }
    try:
        done = subprocess.run(
            ["git", "-c", "core.fsmonitor=false", *arguments],
            cwd=cwd,
            env=environment | {"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise NO_GIT from None
    if b"not a git repository" in done.stderr:
        raise TargetError(f"{cwd} is in no git repository", "name one, or make it with `git init`")
    if done.returncode:
        raise failed("say where its hooks are", done.stderr)
    return done.stdout.removesuffix(b"\n")

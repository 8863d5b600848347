"""Where git looks for the hooks of a repository."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from leakscan.errors import TargetError
from leakscan.git.own import ask

if TYPE_CHECKING:
    from collections.abc import Callable

_LEADING_ELSEWHERE = ("GIT_COMMON_DIR", "GIT_DIR", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_WORK_TREE")


@dataclass(frozen=True, slots=True)
class Place:
    """The folder with the hooks of one repository.

    Attributes:
        folder: absolute; it may not exist yet.
        bare: whether the repository has no work tree of its own, as on a server.
        commits: whether it has any work tree, in which commits can be made.
        shared: whether the folder lies outside of the repository, which others may use as well.
        leads: where the folder leads, if that is a link to elsewhere.
        tracked: whether files of the folder belong to the repository's own.
    """

    folder: Path
    bare: bool
    commits: bool
    shared: bool
    leads: Path | None
    tracked: bool


def find_place(repository: Path | None) -> Place:
    """Ask git, by its whole configuration, where it looks for hooks.

    Args:
        repository: a folder in a work tree, or a bare repository; ``None`` for the one that the
            user works in.  Outside of any, that is where git looks in all repositories.

    Raises:
        TargetError: git is not there, or finds no repository or no hooks there.
    """
    here, led = repository or Path(), () if repository else _led_elsewhere()
    ask_git = partial(_ask, led)
    try:
        bare = ask_git(here, "rev-parse", "--is-bare-repository") == b"true"
    except TargetError:
        if repository is None and (folder := _folder_of_all()):
            return Place(folder, bare=False, commits=True, shared=True, leads=None, tracked=False)
        raise
    common = here / os.fsdecode(ask_git(here, "rev-parse", "--git-common-dir"))
    top = common if bare else _work_tree(here, ask_git, is_led=bool(led))
    named = ask_git(top, "rev-parse", "--git-path", "hooks/pre-commit")
    folder = Path(os.path.abspath(top / os.fsdecode(named))).parent  # noqa: PTH100 - links stay as they are named
    _check(folder)
    inside_git = _holds(common, folder)
    inside_tree = not bare and not inside_git and _holds(top, folder)
    leads = folder.resolve()
    return Place(
        folder,
        bare=bare,
        commits=not bare or any((common / "worktrees").glob("*")),
        shared=not inside_git and not inside_tree,
        leads=leads if leads != folder.parent.resolve() / folder.name else None,
        tracked=inside_tree and bool(ask_git(top, "ls-files", "-z", "--", leads)),
    )


def _led_elsewhere() -> tuple[str, ...]:
    """Return options for git, if its variables name a repository and a work tree apart from it.

    One variable alone says nothing: git sets it where it runs a hook of another repository.
    """
    git_dir, tree = os.environ.get("GIT_DIR"), os.environ.get("GIT_WORK_TREE")
    if not git_dir or not tree:
        return ()
    return (f"--git-dir={Path(git_dir).absolute()}", f"--work-tree={Path(tree).absolute()}")


def _folder_of_all() -> Path | None:
    """Return where git looks for the hooks of all repositories, if the user has set that."""
    asked = ("config", "--type=path", "--default=", "--get", "core.hooksPath")
    named = os.fsdecode(_ask((), Path(), *asked))
    if not os.path.isabs(named):  # noqa: PTH117 - as text
        return None
    _check(Path(named))
    return Path(named)


def _work_tree(here: Path, ask_git: Callable[..., bytes], *, is_led: bool) -> Path:
    if is_led or ask_git(here, "rev-parse", "--is-inside-work-tree") == b"true":
        return Path(os.fsdecode(ask_git(here, "rev-parse", "--show-toplevel")))
    raise TargetError(
        f"{here} is inside of a git directory",
        "name the work tree, or set both GIT_DIR and GIT_WORK_TREE",
    )


def _check(folder: Path) -> None:
    """See whether hooks can be put into a folder.

    Raises:
        TargetError: they cannot.
    """
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


def _holds(folder: Path, path: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def _ask(led: tuple[str, ...], cwd: Path, *arguments: str | Path) -> bytes:
    """Return what git says, without the end of the line."""
    doing = "say where its hooks are"
    said = ask(*led, *arguments, cwd=cwd, without=_LEADING_ELSEWHERE, doing=doing)
    return said.removesuffix(b"\n")

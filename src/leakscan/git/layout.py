"""Where a repository keeps its things (gitrepository-layout(5)), found without running git.

Git refuses repositories that another user owns and runs programs that a repository's
configuration names; reading files does neither.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leakscan.errors import TargetError
from leakscan.git.damage import DamagedError
from leakscan.git.regular import read_regular
from leakscan.model import Skip

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_ALTERNATES = 5
"""How deep alternates of alternates are followed, as in git (object-file.c)."""

_SECTION = re.compile(r'\[\s*([\w.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]')


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of one repository.

    Attributes:
        git_dir: HEAD, index and logs of this work tree.
        common_dir: refs, packed-refs and config, shared by all its work trees.
        git_dirs: both, and the git directories of all linked work trees.
        work_tree: the checked-out files; ``None`` for a bare repository.
        object_dirs: its object directory and all alternates, with pushes that are held there.
        hash_size: bytes of an object id.
        shallow: commits whose parents were never fetched, as hex.
        partial: whether a remote promises objects that may be missing here.
        origin: URL of the remote ``origin``, if there is one.
        problems: what could not be followed.
    """

    git_dir: Path
    common_dir: Path
    git_dirs: tuple[Path, ...]
    work_tree: Path | None
    object_dirs: tuple[Path, ...]
    hash_size: int
    shallow: frozenset[str]
    partial: bool
    origin: str | None
    problems: tuple[Skip, ...]


def find_layout(path: Path) -> Layout | None:
    """Describe the repository at ``path``: a work tree, a git directory, or inside one.

    Returns:
        The layout, or ``None`` where there is no repository.

    Raises:
        TargetError: there is one, but it cannot be made out.
    """
    path = path.absolute()
    for folder in (path, *path.parents):
        if _is_git_dir(folder):
            bare = folder.name != ".git"
            return _describe(folder, None if bare else folder.parent)
        dot_git = folder / ".git"
        if dot_git.is_dir() and _is_git_dir(dot_git):
            return _describe(dot_git, folder)
        if (dot_git / "objects").is_dir():
            raise TargetError(f"{dot_git} is damaged: it has no HEAD", "restore HEAD, then scan")
        if dot_git.is_file():
            return _describe(_linked(dot_git), folder)
    return None


def _is_git_dir(folder: Path) -> bool:
    return os.path.lexists(folder / "HEAD") and (
        (folder / "objects").is_dir() or (folder / "commondir").is_file()
    )


def _linked(dot_git: Path) -> Path:
    """Follow the ``.git`` file of a linked work tree or a submodule."""
    text = _text(dot_git).strip()
    target = dot_git.parent / text.removeprefix("gitdir:").strip()
    if not text.startswith("gitdir:") or not _is_git_dir(target):
        raise TargetError(f"{dot_git} names no repository", "repair it with `git worktree repair`")
    return target.resolve()


def _describe(git_dir: Path, work_tree: Path | None) -> Layout:
    common = git_dir
    if (git_dir / "commondir").is_file():
        common = (git_dir / _text(git_dir / "commondir").strip()).resolve()
    settings = dict(read_config(common / "config"))
    objects, problems = _object_dirs(common / "objects")
    linked: list[Path] = []
    try:
        linked = sorted(path for path in (common / "worktrees").iterdir() if path.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        problems.append(Skip("linked work trees", error.strerror or str(error)))
    ref_storage = settings.get("extensions.refstorage", "files").lower()
    if ref_storage != "files":
        problems.append(Skip("names of refs, and reflogs", f"{ref_storage} is not read yet"))
    hash_name = settings.get("extensions.objectformat", "sha1").lower()
    if hash_name not in ("sha1", "sha256"):
        raise TargetError(
            f"{common} uses the unknown object format {hash_name!r}",
            "a newer leakscan may know it",
        )
    shallow = common / "shallow"
    return Layout(
        git_dir=git_dir,
        common_dir=common,
        git_dirs=tuple(dict.fromkeys([common, *linked, git_dir])),
        work_tree=work_tree,
        object_dirs=tuple(objects),
        hash_size=32 if hash_name == "sha256" else 20,
        shallow=frozenset(_text(shallow).split() if shallow.is_file() else ()),
        partial="extensions.partialclone" in settings
        or any(key.endswith(".promisor") and value == "true" for key, value in settings.items())
        or any((common / "objects" / "pack").glob("*.promisor")),
        origin=settings.get("remote.origin.url"),
        problems=tuple(problems),
    )


def _object_dirs(first: Path) -> tuple[list[Path], list[Skip]]:
    """Collect an object directory and its alternates, each once."""
    found: list[Path] = []
    problems: list[Skip] = []
    pending = [(first, 0)]
    while pending:
        folder, depth = pending.pop(0)
        if not folder.is_dir():
            problems.append(Skip(f"objects in {folder}", "this object directory does not exist"))
        if folder in found or not folder.is_dir():
            continue
        found.append(folder)
        # Where a push is held until the hooks accept it, or was when they were interrupted.
        for pattern in ("incoming-*", "tmp_objdir-*"):
            found += (path for path in sorted(folder.glob(pattern)) if path.is_dir())
        listed = folder / "info" / "alternates"
        lines = _text(listed).splitlines() if listed.is_file() else []
        for line in lines:
            if not line or line.startswith("#"):
                continue
            if depth >= MAX_ALTERNATES:
                problems.append(Skip(f"objects in {line}", "alternates are nested too deeply"))
            else:
                pending.append((Path(os.path.normpath(folder / line)), depth + 1))
    return found, problems


def read_config(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the settings of a git configuration file as ``section.sub.key``, value.

    Includes are not followed: what they name is of no use here and may be anywhere.
    """
    section = ""
    text = _text(path).removeprefix("\ufeff") if path.is_file() else ""
    for raw in text.replace("\r\n", "\n").replace("\\\n", "").splitlines():
        line = raw.strip()
        header = _SECTION.match(line)
        if header:
            section = header[1].lower() + (f".{header[2]}" if header[2] is not None else "")
            line = line[header.end() :].strip()
        key, equals, value = line.partition("=")
        if key and key[0].isalpha():
            yield f"{section}.{key.strip().lower()}", _value(value) if equals else "true"


def _value(text: str) -> str:
    """Return a value without quotes, escapes and a comment behind it."""
    parts = re.findall(r'"((?:[^"\\]|\\.)*)"|[#;].*|((?:[^"#;\\]|\\.)+)', text.strip())
    return re.sub(r"\\(.)", r"\1", "".join(quoted + plain for quoted, plain in parts)).strip()


def _text(path: Path) -> str:
    """Read a small text file; what is not UTF-8 survives as surrogates."""
    try:
        return read_regular(path).decode("utf-8", "surrogateescape")
    except (DamagedError, OSError) as error:
        raise TargetError(f"cannot read {path} ({error})", "repair it, then scan") from None

"""Names of branches, tags and the like, and the logs of where they pointed."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leakscan.git.damage import DamagedError
from leakscan.git.regular import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.git.layout import Layout

HEAD = b"HEAD"
BRANCHES = (b"refs/heads/", b"refs/remotes/")
NOTES = b"refs/notes/"
TAGS = b"refs/tags/"

LASTING = (HEAD, *BRANCHES, NOTES, TAGS)
"""How the names of refs begin that keep what was committed; a stash, for one, does not."""

_HEX = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?(?![0-9a-f])")


@dataclass(frozen=True, slots=True)
class Ref:
    """A named pointer.

    Attributes:
        oid: what it points to, if that is an object.
        target: else what stands there instead, as a rule another name.
    """

    name: bytes
    oid: bytes | None
    target: bytes = b""


def read_refs(layout: Layout) -> dict[bytes, Ref]:
    """Read all refs by name: packed and loose, those of work trees, HEAD and its like.

    Those of a linked work tree are named as git does: ``worktrees/NAME/HEAD``.

    Names are bytes: git allows nearly anything in them, hostile repositories all of it.

    Raises:
        DamagedError: a file or folder cannot be read.
    """
    found: dict[bytes, Ref] = {}
    packed = layout.common_dir / "packed-refs"
    try:
        lines = read_regular(packed).split(b"\n") if packed.exists() else []
    except OSError as error:
        raise DamagedError(f"packed-refs cannot be read ({error.strerror})") from None
    for line in lines:
        oid, space, name = line.partition(b" ")
        if space and _HEX.fullmatch(oid):
            found[name] = Ref(name, bytes.fromhex(oid.decode()))
    for root in layout.git_dirs:
        heads = (p for p in _listed(root) if p.name.endswith("HEAD") and p.is_file())
        for path in (*_files(root / "refs"), *heads):
            name = os.fsencode(path.relative_to(layout.common_dir))
            found[name] = _loose(name, path)
    return found


def log_files(layout: Layout) -> Iterator[Path]:
    """Yield the reflogs, which hold messages and identities of their own."""
    for root in layout.git_dirs:
        yield from _files(root / "logs")


def metadata_files(layout: Layout) -> Iterator[Path]:
    """Yield the other files of a git directory: configuration, messages in the making, hooks.

    Not objects, refs, logs and the index, which are read as such.  Submodules that were
    absorbed into it are repositories of their own.
    """
    for root in layout.git_dirs:
        for path in _listed(root):
            if path.name in ("index", "objects", "refs", "logs", "modules", "worktrees"):
                continue
            if path.is_dir() and not path.is_symlink():
                yield from _files(path)
            else:
                yield path


def absorbed(layout: Layout) -> Iterator[Path]:
    """Yield the repositories of submodules within the git directory, checked out or not.

    Raises:
        DamagedError: a folder cannot be read.
    """
    for root in layout.git_dirs:
        pending = [root / "modules"]
        while pending:
            folder = pending.pop()
            if folder.is_symlink() or not folder.is_dir():
                continue
            inside = _listed(folder)
            if {"HEAD", "objects"} <= {path.name for path in inside}:
                yield folder
            else:
                pending += reversed(inside)


def read_stashes(layout: Layout) -> list[bytes]:
    """Return the commits of the stash: the newest is a ref, the others stand in its log."""
    found: list[bytes] = []
    for path in (layout.common_dir / "refs/stash", layout.common_dir / "logs/refs/stash"):
        try:
            found += (bytes.fromhex(i.decode()) for i in _HEX.findall(read_regular(path)))
        except (DamagedError, OSError):
            continue  # there is none, or `read_refs` has said so
    return found


def _loose(name: bytes, path: Path) -> Ref:
    try:
        text = read_regular(path)
    except OSError as error:
        raise DamagedError(f"{path.name} cannot be read ({error.strerror})") from None
    found = _HEX.match(text)
    return Ref(name, bytes.fromhex(found[0].decode())) if found else Ref(name, None, text)


def _listed(folder: Path) -> list[Path]:
    """List a folder, sorted; nothing where there is none.

    Raises:
        DamagedError: it cannot be read.
    """
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise DamagedError(f"{folder} cannot be read ({error.strerror})") from None


def _files(folder: Path) -> Iterator[Path]:
    def failed(error: OSError) -> None:
        if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
            raise DamagedError(f"{error.filename} cannot be read ({error.strerror})")

    for where, folders, names in os.walk(folder, onerror=failed):
        folders.sort()
        yield from (Path(where, name) for name in sorted(names))

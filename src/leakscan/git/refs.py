"""Names of branches, tags and the like, and the logs of where they pointed."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.git.layout import Layout

_HEX = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class Ref:
    """A named pointer; ``oid`` is ``None`` where it points to another name or to nothing."""

    name: bytes
    oid: bytes | None


def read_refs(layout: Layout) -> dict[bytes, Ref]:
    """Read all refs by name: packed and loose, those of the work tree, HEAD and its like.

    Names are bytes: git allows nearly anything in them, hostile repositories all of it.
    """
    found: dict[bytes, Ref] = {}
    packed = layout.common_dir / "packed-refs"
    for line in packed.read_bytes().split(b"\n") if packed.is_file() else []:
        oid, space, name = line.partition(b" ")
        if space and _HEX.fullmatch(oid):
            found[name] = Ref(name, bytes.fromhex(oid.decode()))
    for root in dict.fromkeys((layout.common_dir, layout.git_dir)):
        for path in _files(root / "refs"):
            name = os.fsencode(path.relative_to(root))
            found[name] = _loose(name, path)
        for path in sorted(root.iterdir()):
            if path.name.endswith("HEAD") and path.is_file():
                found[os.fsencode(path.name)] = _loose(os.fsencode(path.name), path)
    return found


def read_head_branch(layout: Layout) -> bytes | None:
    """Return the name of the branch that HEAD stands on, as ``refs/heads/...``."""
    try:
        text = (layout.git_dir / "HEAD").read_bytes()
    except OSError:
        return None
    return text[5:].strip() if text.startswith(b"ref: ") else None


def log_files(layout: Layout) -> Iterator[Path]:
    """Yield the reflogs, which hold messages and identities of their own."""
    for root in dict.fromkeys((layout.common_dir, layout.git_dir)):
        yield from _files(root / "logs")


def metadata_files(layout: Layout) -> Iterator[Path]:
    """Yield the other text files of a git directory: configuration, messages in the making.

    Not the index, whose paths and contents are read as what is staged, nor git's samples.
    """
    for root in dict.fromkeys((layout.common_dir, layout.git_dir)):
        for path in sorted(root.iterdir()):
            if path.is_file() and path.name not in ("index", "packed-refs"):
                yield path
        for folder in ("hooks", "info"):
            yield from (p for p in _files(root / folder) if not p.name.endswith(".sample"))


def _loose(name: bytes, path: Path) -> Ref:
    try:
        found = _HEX.match(path.read_bytes())
    except OSError:
        found = None
    return Ref(name, bytes.fromhex(found[0].decode()) if found else None)


def _files(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(where, name) for name in sorted(names))

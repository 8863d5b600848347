"""How git merges a baseline: it takes the lines of both sides, where attributes tell it to."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from leakscan.places import checkout_root

if TYPE_CHECKING:
    from pathlib import Path

_UNSPECIFIED = b"unspecified"


def missing_attribute(baseline: Path) -> str | None:
    """Return the line that ``.gitattributes`` lacks for a baseline; ``None`` if it lacks none.

    Without it, git takes entries that two branches add beside one another for a conflict.

    Args:
        baseline: the file, which may lie in no checkout at all.
    """
    from leakscan.git.program import run_git

    folder = baseline.parent.resolve()
    top = checkout_root(str(folder))
    if top is None:
        return None
    name = os.path.relpath(folder / baseline.name, top)
    # What only this user has set does not help the others.
    ours = ("-c", f"core.attributesFile={os.devnull}")
    said = run_git(*ours, "check-attr", "-z", "merge", "--", name, cwd=top).stdout.split(b"\0")
    if len(said) > 2 and said[2] != _UNSPECIFIED:
        return None
    return f"{_pattern(name)} merge=union"


def _pattern(name: str) -> str:
    """Return a path as ``.gitattributes`` takes it: as a glob, in quotes if it is odd."""
    if re.fullmatch(r"[\w./-]+", name):
        return name
    glob = re.sub(r"[\\*?\[]", r"\\\g<0>", name)
    quoted = re.sub(r'[\\"]', r"\\\g<0>", glob)
    return f'"{quoted}"'

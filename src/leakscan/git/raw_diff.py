"""What commits change, path by path, as ``git diff --raw -z`` says it (git-diff(1))."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator

OPTIONS = ("--raw", "-z", "--no-abbrev", "--no-renames")

REMEDY = "another version of git may say it as this one does not"

_SYMLINK = b"120000"
_SUBMODULE = b"160000"
_NOTHING = b"000000"


@dataclass(frozen=True, slots=True)
class Change:
    """A path with its content before and after.

    Attributes:
        path: below the root of the repository.
        before, after: hex ids of blobs; ``None`` where there is no file, or a submodule.
        is_new: whether there was nothing of that name before.
        is_gone: whether there is nothing of that name any more.
        is_symlink: whether what is there after is a symlink.
        is_unmerged: whether the path is staged in several versions, of which none is chosen.
    """

    path: bytes
    before: str | None
    after: str | None
    is_new: bool
    is_gone: bool
    is_symlink: bool
    is_unmerged: bool


def read_changes(raw: bytes) -> list[Change]:
    """Read the changes of one comparison.

    Raises:
        TargetError: git says something else.
    """
    return [change for _, changes in read_commits(raw) for change in changes]


def read_commits(raw: bytes) -> Iterator[tuple[str, list[Change]]]:
    """Yield the changes of commits as ``git diff-tree --stdin`` lists them.

    Yields:
        The hex id of a commit (empty where none is named), and what it changes; a merge comes
        once for each parent, one after the other.

    Raises:
        TargetError: git says something else.
    """
    commit, changes = "", list[Change]()
    fields = iter(raw.split(b"\0")[:-1])
    for field in fields:
        if not field.startswith(b":"):
            if commit:
                yield commit, changes
            commit, changes = field.decode(), []
            continue
        path = next(fields, None)
        if path is None:
            raise TargetError("git's list of changes is cut short", REMEDY)
        changes.append(_change(field, path))
    if commit or changes:
        yield commit, changes


def _change(field: bytes, path: bytes) -> Change:
    parts = field[1:].split(b" ")
    if len(parts) != 5:
        raise TargetError(f"git says {field[:80]!r} of a change", REMEDY)
    mode_before, mode_after, before, after, status = parts
    return Change(
        path=path,
        before=None if mode_before in (_NOTHING, _SUBMODULE) else before.decode(),
        after=None if mode_after in (_NOTHING, _SUBMODULE) else after.decode(),
        is_new=mode_before == _NOTHING,
        is_gone=mode_after == _NOTHING,
        is_symlink=mode_after == _SYMLINK,
        is_unmerged=status == b"U",
    )
